package wire

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// NewTransport is the transport when the configuration has none. HTTP/1.1
// only: on HTTP/2 one broken connection would put every call in flight in doubt.
func NewTransport(atOnce int) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, asked *http.Request, answer *http.Response) error {
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			return &ProxyError{proxy: proxy.Host, status: answer.Status}
		},
		DialContext:         dialer.DialContext,
		Protocols:           &protocols,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: atOnce + 2,
		MaxIdleConns:        atOnce + 2,
		IdleConnTimeout:     30 * time.Second,
	}
}

// ProxyError is the refusal of a proxy to connect to Okta, which net/http would tell as
// if it were Okta's.
type ProxyError struct{ proxy, status string }

func (e *ProxyError) Error() string {
	return "the proxy " + e.proxy + " refuses to connect: " + e.status
}
