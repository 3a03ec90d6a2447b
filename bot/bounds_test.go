package bot

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// Thousands of requests that have settled, each of another person, leave nothing
// behind in the Announcer but what is bounded.
func TestAnnouncer_boundedByWhatIsOpen(t *testing.T) {
	const n = 3000
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		for i := range n {
			who := reset.Person(fmt.Sprint("U", i))
			r, _ := reset.Open("https://example.okta.com", reset.Ask{By: who, Channel: "C_FACTORS", At: time.Now(), Reason: "why"}, 1)
			id := m.create(fmt.Sprint("op ", i), r).ID
			if _, err := m.change(id, func(r *reset.Request) (reset.Fact, error) {
				return r.Reject("nobody", "Nobody to reset.", time.Now().Add(time.Second))
			}); err != nil {
				t.Fatal(err)
			}
		}
		c := &counted{calls: map[string][]time.Time{}, edits: map[string][]time.Time{}}
		a := &Announcer{
			Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", "http://slack.test/api/", http.RoundTripper(c)),
			Board: m, References: m, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = a.Run(ctx) })
		<-time.After(time.Hour)
		synctest.Wait()
		run := a.running.Load()
		run.mu.Lock()
		if len(run.posts) > 0 || len(run.looked) > 0 || len(run.directs) > directsAtMost || len(run.missed) > missedAtMost {
			t.Errorf("%d posters, %d looked at, %d conversations, %d deleted", len(run.posts), len(run.looked), len(run.directs), len(run.missed))
		}
		run.mu.Unlock()
		c.mu.Lock()
		if posts := len(c.calls["chat.postMessage"]); posts != 2*n {
			t.Errorf("%d posts for %d requests", posts, n)
		}
		c.mu.Unlock()
		cancel()
		wg.Wait()
	})
}
