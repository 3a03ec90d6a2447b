package config

import (
	"errors"
	"net"
	"net/url"
	"regexp/syntax"
	"strings"
)

// ParseURL reads the address of a service, or says what is wrong with it. The
// token goes there, so it is https, or plain http on this machine.
func ParseURL(s string) (u *url.URL, problem string) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, "is not a URL such as https://example.com"
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "must start with https://"
	case u.Scheme == "http" && !IsLoopback(u.Hostname()):
		return nil, "must start with https://; plain http is for a loopback host only"
	case u.User != nil:
		return nil, "must not hold a user name or password"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		return nil, "must not hold a query or fragment"
	case u.RawPath != "" || strings.ContainsAny(u.Path, `\%`) || strings.Contains(u.Path, "//") || strings.Contains(u.Path+"/", "/./") || strings.Contains(u.Path+"/", "/../"):
		return nil, "has an odd path: leave out dots, double slashes and escapes"
	}
	u.Host = strings.ToLower(u.Host)
	return u, ""
}

// IsLoopback tells this machine by name or address; names are not looked up.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// regexpProblem is the kind of mistake without the expression.
func regexpProblem(err error) string {
	if e := (*syntax.Error)(nil); errors.As(err, &e) {
		return e.Code.String()
	}
	return "it cannot be compiled"
}
