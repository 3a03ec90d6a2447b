package hometab_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/hometab"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// bareHome has nothing to show.
type bareHome struct{ n int }

func (b *bareHome) Home(context.Context, desk.Intent) (reset.Home, error) {
	b.n++
	return reset.Home{Policy: []string{fmt.Sprint("change ", b.n)}}, nil
}

func (b *bareHome) Watch(ctx context.Context) iter.Seq2[reset.ID, error] {
	return func(func(reset.ID, error) bool) { <-ctx.Done() }
}

func (b *bareHome) Get(context.Context, reset.ID) (*reset.Request, error) {
	return nil, reset.ErrNotFound
}

// However many home tabs are opened, no more are published a minute than the budget has.
func TestPublisher_budget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := &countedSlack{}
		p := &hometab.Publisher{
			Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", "http://slack.test/api/", http.RoundTripper(c)), Source: &bareHome{},
			Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}
		ran := make(chan error, 1)
		go func() { ran <- p.Run(ctx) }()
		for n := range 300 {
			p.Opened(reset.Person(fmt.Sprint("U", n%90)), "T_SANDBOX")
			<-time.After(500 * time.Millisecond)
		}
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		const budget = 60 // a minute
		calls := c.published
		if most := within(calls, time.Minute); most > budget*5/4+1 || len(calls) < budget {
			t.Errorf("%d publications, %d within a minute", len(calls), most)
		}
	})
}

// countedSlack takes everything and notes when home tabs are published.
type countedSlack struct {
	mu        sync.Mutex
	published []time.Time
}

func (c *countedSlack) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if path.Base(r.URL.Path) == "views.publish" {
		c.published = append(c.published, time.Now())
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"ok": true}`)), Request: r}, nil
}

// within returns the most calls in any period.
func within(calls []time.Time, period time.Duration) int {
	most, from := 0, 0
	for i := range calls {
		for calls[i].Sub(calls[from]) >= period {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}
