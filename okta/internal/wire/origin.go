package wire

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Origin is the scheme and host of the org. A path is refused because
// Okta's own next links start at the root.
func Origin(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return nil, errors.New("malformed")
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case host == "":
		return nil, errors.New("no host, want https://ORG.okta.com")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, errors.New("want scheme and host only, such as https://ORG.okta.com")
	case u.Scheme == "http" && !isLoopback(host):
		return nil, errors.New("plain http is for a loopback host only")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("want https")
	case strings.Contains(host, "-admin.okta"):
		return nil, errors.New("this is the admin console's host, leave out -admin")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
