package etcdkv_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"factorbot/store/internal/kv/etcdkv"
)

// member is the setting by which the test, run once more as a process of its own, knows
// the member of etcd that it shall connect to.
const member = "ETCDKV_TEST_MEMBER"

// TestOpen_past_the_proxy: the proxy of the environment is for Slack and Okta. etcd is
// reached without it, whatever NO_PROXY says.
func TestOpen_past_the_proxy(t *testing.T) {
	if at := os.Getenv(member); at != "" {
		e, err := etcdkv.Open(etcdkv.Config{Endpoints: []string{at}})
		if err != nil {
			t.Fatal(err)
		}
		for t.Context().Err() == nil { // until it is killed
			_, _, _ = e.Read(t.Context(), "", "", 1) // nothing there speaks etcd
		}
	}
	reached, asked, ended := make(chan bool, 1), make(chan string, 1), make(chan error, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			_ = conn.Close()
			reached <- true
		}
	}()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- r.Method + " " + r.Host:
		default:
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())

	// net/http reads the environment once in a process, and never takes a loopback address
	// through a proxy: 0.0.0.0 is none, and leads here, too.
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOpen_past_the_proxy$")
	child.Env = append(os.Environ(), "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=", member+"=0.0.0.0:"+port)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- child.Wait() }()
	select {
	case <-reached:
	case host := <-asked:
		t.Errorf("the proxy was asked for %s", host)
	case err := <-ended:
		t.Fatalf("the process ended before it reached anything: %v", err)
	}
	_ = child.Process.Kill()
	<-ended
}
