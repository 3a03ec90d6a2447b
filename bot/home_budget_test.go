package bot

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// bareHome has nothing to show.
type bareHome struct{ n int }

func (b *bareHome) Home(context.Context, desk.Intent) (desk.Home, error) {
	b.n++
	return desk.Home{Policy: []string{fmt.Sprint("change ", b.n)}}, nil
}

func (b *bareHome) Watch(ctx context.Context) iter.Seq2[reset.ID, error] {
	return func(func(reset.ID, error) bool) { <-ctx.Done() }
}

func (b *bareHome) Get(context.Context, reset.ID) (*reset.Request, error) {
	return nil, reset.ErrNotFound
}

// However many home tabs are opened, no more are published a minute than the budget has.
func TestHomes_budget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := &counted{calls: map[string][]time.Time{}, edits: map[string][]time.Time{}}
		l := &listening{Listener: &Listener{
			Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", "http://slack.test/api/", http.RoundTripper(c)), Porch: &bareHome{},
			Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}}
		h := newHomes(l)
		for n := range 300 {
			h.opened(ctx, &event.Event{By: reset.Person(fmt.Sprint("U", n%90))})
			<-time.After(500 * time.Millisecond)
		}
		cancel()
		h.lanes.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		calls := c.calls["views.publish"]
		if most := within(calls, time.Minute); most > homeBudget*5/4+1 || len(calls) < homeBudget {
			t.Errorf("%d publications, %d within a minute", len(calls), most)
		}
	})
}
