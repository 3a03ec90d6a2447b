package announcer

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
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
		m := &settledRequests{messages: map[reset.ID]map[reset.Slot]reset.Message{}}
		for i := range n {
			who := reset.Person(fmt.Sprint("U", i))
			r, _ := reset.Open("https://example.okta.com", reset.Ask{By: who, Channel: "C_FACTORS", At: time.Now(), Reason: "why"}, 1)
			r.ID = reset.NewID(i + 1)
			if _, err := r.Reject("nobody", "Nobody to reset.", time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			m.heads = append(m.heads, r)
		}
		c := &countedSlack{}
		a := &Announcer{
			Slack:  slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", "http://slack.test/api/", http.RoundTripper(c)),
			Record: m, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = a.Run(ctx) })
		<-time.After(time.Hour)
		synctest.Wait()
		run := a.running.Load()
		sent := run.sender
		run.mu.Lock()
		sent.mu.Lock()
		if len(run.posts) > 0 || len(sent.looked) > 0 || len(sent.directs) > directsAtMost || len(sent.deleted) > deletedAtMost {
			t.Errorf("%d posters, %d looked at, %d conversations, %d deleted", len(run.posts), len(sent.looked), len(sent.directs), len(sent.deleted))
		}
		sent.mu.Unlock()
		run.mu.Unlock()
		c.mu.Lock()
		if posts := c.posts; posts != 2*n {
			t.Errorf("%d posts for %d requests", posts, n)
		}
		c.mu.Unlock()
		cancel()
		wg.Wait()
	})
}

// settledRequests is a record of requests that are over.
type settledRequests struct {
	heads []*reset.Request

	mu       sync.Mutex
	messages map[reset.ID]map[reset.Slot]reset.Message
}

func (s *settledRequests) Watch(ctx context.Context) iter.Seq2[reset.ID, error] {
	return func(func(reset.ID, error) bool) { <-ctx.Done() }
}

func (s *settledRequests) Settled(context.Context, time.Time) iter.Seq2[reset.ID, error] {
	return func(yield func(reset.ID, error) bool) {
		for _, r := range s.heads {
			if !yield(r.ID, nil) {
				return
			}
		}
	}
}

func (s *settledRequests) Get(_ context.Context, id reset.ID) (*reset.Request, error) {
	r := *s.heads[id.Number()-1]
	return &r, nil
}

func (s *settledRequests) Log(context.Context, reset.ID, int64) iter.Seq2[reset.Entry, error] {
	return func(func(reset.Entry, error) bool) {}
}

func (s *settledRequests) Targets(context.Context, reset.ID, int, int) iter.Seq2[reset.Target, error] {
	return func(func(reset.Target, error) bool) {}
}

func (s *settledRequests) Messages(_ context.Context, id reset.ID) ([]reset.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.messages[id])), nil
}

func (s *settledRequests) SaveMessages(_ context.Context, id reset.ID, all ...reset.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.messages[id] == nil {
		s.messages[id] = map[reset.Slot]reset.Message{}
	}
	for _, m := range all {
		s.messages[id][m.Slot] = m
	}
	return nil
}

// countedSlack takes everything and counts the posts.
type countedSlack struct {
	mu       sync.Mutex
	n, posts int
}

func (c *countedSlack) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	answer := fmt.Sprintf(`{"ok": true, "channel": "C_FACTORS", "ts": "1777896000.%06d", "messages": [], "permalink": "https://slack.com/archives/x"}`, c.n)
	switch path.Base(r.URL.Path) {
	case "conversations.open":
		answer = fmt.Sprintf(`{"ok": true, "channel": {"id": "D%d"}}`, c.n)
	case "chat.postMessage":
		c.posts++
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}
