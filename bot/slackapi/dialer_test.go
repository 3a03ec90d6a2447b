package slackapi_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"factorbot/bot/slackapi"
)

// mustProxy is an HTTP proxy that answers CONNECT with a line, and opens the tunnel if
// that is a 200; asked tells what it was asked for.
func mustProxy(t *testing.T, line string, asked chan<- *http.Request) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			down, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = down.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(down))
				if err != nil {
					return
				}
				asked <- r
				_, _ = io.WriteString(down, line+"\r\n\r\n")
				if !strings.Contains(line, " 200") {
					return
				}
				up, err := net.Dial("tcp", r.Host)
				if err != nil {
					return
				}
				defer func() { _ = up.Close() }()
				go func() { _, _ = io.Copy(up, down) }()
				_, _ = io.Copy(down, up)
			}()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String(), User: url.UserPassword("ana", "canary")}
}

// TestDialer_refused: a proxy that refuses a socket's CONNECT is named, with its status
// and without the password; a status without text breaks nothing.
func TestDialer_refused(t *testing.T) {
	for _, line := range []string{"HTTP/1.1 403 Forbidden", "HTTP/1.1 407 Proxy Authentication Required", "HTTP/1.1 502", "nonsense"} {
		asked := make(chan *http.Request, 1)
		proxy := mustProxy(t, line, asked)
		_, _, err := slackapi.NewDialer(http.ProxyURL(proxy)).DialContext(t.Context(), "wss://wss-primary.slack.com/link?ticket=canary", nil)
		if err == nil {
			t.Fatalf("%s: connected", line)
		}
		r := <-asked
		if r.Method != http.MethodConnect || r.Host != "wss-primary.slack.com:443" || r.Header.Get("Proxy-Authorization") != "Basic YW5hOmNhbmFyeQ==" {
			t.Errorf("%s: asked %s %s", line, r.Method, r.Host)
		}
		_, status, _ := strings.Cut(line, " ")
		if text := slackapi.LogText(err); !strings.Contains(text, "the proxy "+proxy.Host) || !strings.Contains(text, status) || strings.Contains(text, "canary") {
			t.Errorf("%s: it says %q", line, text)
		}
	}
}

// TestDialer_unreachable: a proxy that cannot be reached is named.
func TestDialer_unreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	proxy := &url.URL{Scheme: "http", Host: l.Addr().String()}
	_, _, err = slackapi.NewDialer(http.ProxyURL(proxy)).DialContext(t.Context(), "wss://wss-primary.slack.com/link", nil)
	if err == nil || !strings.Contains(err.Error(), "the proxy "+proxy.Host+" cannot be reached") {
		t.Errorf("it says %v", err)
	}
}

// TestDialer_through: a socket opens through the proxy, and without one where none is named.
func TestDialer_through(t *testing.T) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		_ = conn.WriteMessage(websocket.TextMessage, []byte("hello"))
		_ = conn.Close()
	}))
	defer server.Close()
	asked := make(chan *http.Request, 1)
	for name, proxy := range map[string]func(*http.Request) (*url.URL, error){
		"proxy": http.ProxyURL(mustProxy(t, "HTTP/1.1 200 Connection established", asked)),
		"none":  func(*http.Request) (*url.URL, error) { return nil, nil },
	} {
		conn, _, err := slackapi.NewDialer(proxy).DialContext(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, said, err := conn.ReadMessage(); err != nil || string(said) != "hello" {
			t.Errorf("%s: %q, %v", name, said, err)
		}
		_ = conn.Close()
	}
	if len(asked) != 1 {
		t.Errorf("the proxy was asked %d times", len(asked))
	}
}

// TestDialer_silent: who gives up does not wait for a proxy that says nothing.
func TestDialer_silent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			giveUp()
		}
		<-t.Context().Done()
		_ = conn.Close()
	}()
	proxy := &url.URL{Scheme: "http", Host: l.Addr().String()}
	if _, _, err := slackapi.NewDialer(http.ProxyURL(proxy)).DialContext(ctx, "wss://wss-primary.slack.com/link", nil); err == nil {
		t.Error("connected")
	}
}
