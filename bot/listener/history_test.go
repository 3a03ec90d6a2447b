package listener_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/event"
	"factorbot/bot/listener"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// histories is a Slack that knows channels' histories, and answers in no time.
type histories struct {
	mu     sync.Mutex
	upload string         // ts of an upload in C_FACTORS
	broken map[string]int // how often each channel's history fails first
	retry  string         // Retry-After of those failures, in seconds; "": an internal error
}

func (h *histories) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	channel, status, header := r.Form.Get("channel"), http.StatusOK, http.Header{"Content-Type": {"application/json"}}
	body := `{"ok":true,"user_id":"U_FACTORBOT","user":"factorbot","team":"T","messages":[],"response_metadata":{"next_cursor":""}}`
	switch {
	case !strings.HasSuffix(r.URL.Path, "conversations.history"):
	case h.broken[channel] > 0:
		h.broken[channel]--
		if body = `{"ok":false,"error":"internal_error"}`; h.retry != "" {
			status = http.StatusTooManyRequests
			header.Set("Retry-After", h.retry)
		}
	case channel == "C_FACTORS":
		body = fmt.Sprintf(`{"ok":true,"has_more":false,"messages":[{"type":"message","user":"U_REQUESTER","text":"lost phones","ts":"%s",
			"files":[{"id":"F1","name":"list.csv","mode":"hosted","size":9,"url_private":"https://files.slack.com/a"}]}]}`, h.upload)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// arrivals notes when each envelope was recorded, and serves none.
type arrivals struct {
	listener.Inbox
	at chan time.Time

	mu   sync.Mutex
	seen map[reset.Channel]string
	keys map[string]bool
}

func (a *arrivals) Receive(_ context.Context, key string, _ []byte) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keys[key] {
		return false, nil
	}
	a.keys[key] = true
	a.at <- time.Now()
	return true, nil
}

// Arrivals yields none.
func (a *arrivals) Arrivals(ctx context.Context) iter.Seq2[listener.Envelope, error] {
	return func(func(listener.Envelope, error) bool) { <-ctx.Done() }
}

func (a *arrivals) Seen(_ context.Context, c reset.Channel, ts string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[c] = max(a.seen[c], ts)
	return nil
}

func (a *arrivals) LastSeen(_ context.Context, c reset.Channel) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen[c], nil
}

// takesAll takes every upload.
type takesAll struct{ listener.Handler }

func (takesAll) Takes(*event.Event) bool { return true }

// An upload that came while the bot was away is taken up within 30 s of its start,
// by the clock that its waits go by, whatever Slack says of other channels.
func TestHistory_takenUpWithin30s(t *testing.T) {
	for name, c := range map[string]struct {
		broken map[string]int
		retry  string
	}{
		"at once":                            {nil, ""},
		"the history fails at first":         {map[string]int{"C_FACTORS": 3}, ""},
		"the history is limited at first":    {map[string]int{"C_FACTORS": 1}, "20"},
		"another channel's cannot be read":   {map[string]int{"C_BEFORE": 1000, "C_AFTER": 1000}, ""},
		"another channel's is limited":       {map[string]int{"C_BEFORE": 1000}, "60"},
		"two others' are limited for longer": {map[string]int{"C_BEFORE": 1000, "C_AFTER": 1000}, "300"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				slack := &histories{upload: view.Timestamp(start.Add(-time.Minute)), broken: c.broken, retry: c.retry}
				inbox := &arrivals{at: make(chan time.Time, 10), seen: map[reset.Channel]string{}, keys: map[string]bool{}}
				for _, channel := range []reset.Channel{"C_BEFORE", "C_FACTORS", "C_AFTER"} {
					if err := inbox.Seen(t.Context(), channel, view.Timestamp(start.Add(-time.Hour))); err != nil {
						t.Fatal(err)
					}
				}
				channels := func() []reset.Channel { return []reset.Channel{"C_BEFORE", "C_FACTORS", "C_AFTER"} }
				l := &listener.Listener{
					Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", "https://slack.com/api/", slack), Inbox: inbox, ReadPositions: inbox,
					Handler: takesAll{}, Channels: channels, Log: slog.New(slog.DiscardHandler), Now: time.Now,
				}
				_, serve := l.Halves()
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- serve(ctx) }()
				if waited := (<-inbox.at).Sub(start); waited > 30*time.Second {
					t.Errorf("taken up %s after the start", waited)
				}
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
