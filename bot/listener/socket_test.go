package listener

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"factorbot/bot/slackapi"
)

// seen is a log that tells of each line.
type seen chan string

func (s seen) Write(line []byte) (int, error) {
	select {
	case s <- string(line):
	default:
	}
	return len(line), nil
}

// The log says why a socket does not open: which proxy refuses it, and never the ticket.
func TestSocket_refused_by_a_proxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer proxy.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"ok":true,"url":"wss://wss-primary.slack.com/link?ticket=canary"}`)
	}))
	defer api.Close()
	lines := make(seen, 16)
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	l := &run{
		Listener: &Listener{Slack: slackapi.NewClient("xapp-1", "xoxb-1", api.URL+"/", nil), Log: slog.New(slog.NewTextHandler(lines, nil)), Socket: func(int, bool) {}},
		dialer:   slackapi.NewDialer(http.ProxyURL(through)),
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.listen(ctx, 0) }()
	line := <-lines
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	want := "the proxy " + through.Host + " refuses to connect to wss-primary.slack.com:443: 403"
	if !strings.Contains(line, want) || strings.Contains(line, "canary") {
		t.Errorf("it says %q, want %q in it", line, want)
	}
}
