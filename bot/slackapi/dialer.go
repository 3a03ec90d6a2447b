package slackapi

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
)

const (
	handshakeTime = 30 * time.Second
	socketBuffer  = 4 << 10
)

// NewDialer returns a dialer for Slack's sockets that goes through the proxy that proxy
// names for a request (http.ProxyFromEnvironment). Gorilla's own says no more of a
// refused CONNECT than its status text, as if Slack had answered it, and panics where
// there is none.
func NewDialer(proxy func(*http.Request) (*url.URL, error)) *websocket.Dialer {
	t := &tunnels{proxy: proxy, dialer: net.Dialer{Timeout: handshakeTime}}
	return &websocket.Dialer{
		NetDialContext: t.dial, Proxy: t.other,
		HandshakeTimeout: handshakeTime, WriteBufferSize: socketBuffer,
	}
}

// tunnels opens connections through HTTP proxies, by CONNECT.
type tunnels struct {
	proxy  func(*http.Request) (*url.URL, error)
	dialer net.Dialer
}

// other is a proxy that is none of HTTP (socks5), which gorilla sees to.
func (t *tunnels) other(r *http.Request) (*url.URL, error) {
	u, err := t.proxy(r)
	if err != nil || u == nil || u.Scheme == "http" || u.Scheme == "https" {
		return nil, err
	}
	return u, nil
}

// dial connects to an address, through an HTTP proxy if one is named for it.
func (t *tunnels) dial(ctx context.Context, network, address string) (net.Conn, error) {
	u, err := t.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: address}})
	if err != nil {
		return nil, fmt.Errorf("the proxy for %s: %w", address, err)
	}
	if u == nil || u.Scheme != "http" && u.Scheme != "https" {
		return t.dialer.DialContext(ctx, network, address)
	}
	conn, err := t.toProxy(ctx, network, u)
	if err != nil {
		return nil, fmt.Errorf("the proxy %s cannot be reached: %w", u.Host, err)
	}
	if err := connect(ctx, conn, u, address); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// toProxy connects to the proxy itself.
func (t *tunnels) toProxy(ctx context.Context, network string, u *url.URL) (net.Conn, error) {
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	address := net.JoinHostPort(u.Hostname(), port)
	if u.Scheme == "http" {
		return t.dialer.DialContext(ctx, network, address)
	}
	return (&tls.Dialer{NetDialer: &t.dialer}).DialContext(ctx, network, address)
}

// connect asks the proxy for a tunnel. A refusal names the proxy, without user name and
// password.
func connect(ctx context.Context, conn net.Conn, proxy *url.URL, address string) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	ask := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		ask.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	in := bufio.NewReader(conn)
	var answer *http.Response
	err := ask.Write(conn)
	if err == nil {
		answer, err = http.ReadResponse(in, ask)
	}
	if err != nil {
		return fmt.Errorf("the proxy %s does not connect to %s: %w", proxy.Host, address, errors.Join(ctx.Err(), err))
	}
	_ = answer.Body.Close()
	switch {
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("the proxy %s refuses to connect to %s: %s", proxy.Host, address, answer.Status)
	case in.Buffered() > 0: // the server does not speak before it is spoken to
		return fmt.Errorf("the proxy %s says more than it was asked", proxy.Host)
	}
	return nil
}
