package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/cmd/internal/setup"
)

// oktaHosts are an org on each of Okta's domains, and one of its own.
var oktaHosts = []string{"example.okta.com", "example.oktapreview.com", "example.okta-emea.com", "example.okta-gov.com", "login.example.invalid"}

// egress is a company's proxy, behind which the sandbox plays Slack and Okta under
// their own names, with certificates of an authority that no system trusts.
type egress struct {
	*httptest.Server
	behind net.Addr // of the services
	ca     string   // path of the authority's certificate

	mu      sync.Mutex
	asked   []string // "example.okta.com:443"
	refuses string   // this one
}

func mustProxy(t *testing.T, services string) *egress {
	t.Helper()
	target, err := url.Parse(services)
	if err != nil {
		t.Fatal(err)
	}
	cert, ca := mustCertify(t, append([]string{"slack.com"}, oktaHosts...)...)
	behind := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(target))
	behind.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	behind.Config.ErrorLog = log.New(io.Discard, "", 0)
	behind.StartTLS()
	t.Cleanup(behind.Close)
	p := &egress{behind: behind.Listener.Addr(), ca: mustWrite(t, "ca.pem", ca)}
	p.Server = httptest.NewServer(http.HandlerFunc(p.connect))
	t.Cleanup(p.Close)
	return p
}

// refuse makes the proxy refuse one host.
func (p *egress) refuse(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = host
}

func (p *egress) connect(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Host)
	refused := r.Method != http.MethodConnect || r.Host == p.refuses
	p.mu.Unlock()
	if refused {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	up, err := net.Dial("tcp", p.behind.String())
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer up.Close()
	down, early, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer down.Close()
	if _, err := io.WriteString(down, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(up, early) // what was read before it was taken over, too
		_ = up.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(down, up)
	_ = down.Close()
	<-done
}

// was reports whether the proxy was asked to connect to a host.
func (p *egress) was(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.asked, host+":443")
}

// mustCertify makes a certificate for hosts, and returns the PEM of its authority too.
func mustCertify(tb testing.TB, hosts ...string) (tls.Certificate, string) {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a company's authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: hosts, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}))
}

// The program reaches Slack and Okta, on whatever domain the org is, through the
// proxy of the environment, trusts the authorities that SSL_CERT_FILE names, leaves
// out what NO_PROXY names, and says when it is the proxy that refuses.
func TestDoctor_throughAProxy(t *testing.T) {
	t.Parallel()
	binary := mustBuild(t)
	s := mustSandbox(t, "--no-bot", "--users", "10")
	s.post("/sandbox/set", map[string]any{"slack_scopes": setup.ScopeNames()})
	policy := mustConfig(t, "")
	examine := func(p *egress, host string, more ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), binary, "doctor", "--config", policy)
		cmd.Env = append(s.settings(filepath.Join(t.TempDir(), "f.db"),
			"SLACK_API_URL=https://slack.com/api/", "OKTA_ORG_URL=https://"+host, "HTTPS_PROXY="+p.URL, "SSL_CERT_FILE="+p.ca), more...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, host := range oktaHosts {
		p := mustProxy(t, s.url)
		if out, err := examine(p, host); err != nil || !p.was(host) || !p.was("slack.com") {
			t.Errorf("%s: %v, the proxy was asked for %q\n%s", host, err, p.asked, out)
		}
	}
	p := mustProxy(t, s.url)
	p.refuse("example.okta.com:443")
	want := "the proxy " + strings.TrimPrefix(p.URL, "http://") + " refuses to connect"
	if out, err := examine(p, "example.okta.com"); err == nil || !strings.Contains(out, want+": 403") {
		t.Errorf("refused for Okta: %v, nothing says %q\n%s", err, want, out)
	}
	p.refuse("slack.com:443")
	if out, err := examine(p, "example.okta.com"); err == nil || !strings.Contains(out, want+" to slack.com") {
		t.Errorf("refused for Slack: %v, nothing says %q\n%s", err, want, out)
	}
	p = mustProxy(t, s.url)
	if out, err := examine(p, "login.example.invalid", "NO_PROXY=.example.invalid"); err == nil || p.was("login.example.invalid") || !p.was("slack.com") {
		t.Errorf("NO_PROXY: %v, the proxy was asked for %q\n%s", err, p.asked, out)
	}
	if out, err := examine(p, "example.okta.com", "SSL_CERT_FILE=/dev/null"); err == nil || !strings.Contains(out, "certificate isn't trusted") {
		t.Errorf("of an unknown authority: %v\n%s", err, out)
	}
}
