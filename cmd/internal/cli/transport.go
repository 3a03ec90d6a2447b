package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// NewTransport returns a transport of its own that goes through the proxy of the
// environment (HTTPS_PROXY, NO_PROXY) and trusts the authorities of the system
// (SSL_CERT_FILE). Its caller closes its idle connections.
func NewTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.OnProxyConnectResponse = nameProxy
	return t
}

// nameProxy makes a refusal of CONNECT name the proxy: net/http would say "Forbidden"
// as if the server had said so. Its user name and password are left out.
func nameProxy(_ context.Context, proxy *url.URL, asked *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("the proxy %s refuses to connect to %s: %s", proxy.Host, asked.Host, answer.Status)
}
