package slackapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// callTime bounds one call of Slack, a file up or down included.
const callTime = 60 * time.Second

// ErrElsewhere refuses to follow a redirect, or to speak to a URL, outside Slack.
var ErrElsewhere = errors.New("the address is neither Slack's nor the API's own")

// Client is the client for Slack, as [NewClient] makes it.
type Client = slack.Client

// NewClient returns a client for both tokens. The API URL ends in a slash.
// Redirects are followed only within Slack or the API's own host, calls have a
// time limit, and nothing is repeated: callers know whether they may. Calls go
// through the transport, nil for the default one.
func NewClient(appToken, botToken, apiURL string, transport http.RoundTripper) *slack.Client {
	client := HTTPClient(apiURL, transport)
	return slack.New(botToken,
		slack.OptionAppLevelToken(appToken),
		slack.OptionAPIURL(apiURL),
		slack.OptionHTTPClient(client))
}

// HTTPClient is a client for files and answers, as careful as NewClient's.
func HTTPClient(apiURL string, transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		Timeout:   callTime,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 || !IsSlack(r.URL, apiURL) {
				return ErrElsewhere
			}
			return nil
		},
	}
}

// IsSlack reports whether a URL is Slack's over TLS, or has the API's own scheme and host.
func IsSlack(u *url.URL, apiURL string) bool {
	if api, err := url.Parse(apiURL); err == nil && u.Scheme == api.Scheme && u.Host == api.Host {
		return true
	}
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && (host == "slack.com" || strings.HasSuffix(host, ".slack.com"))
}
