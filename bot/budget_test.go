package bot_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// counted is a Slack that takes everything and notes when.
type counted struct {
	mu    sync.Mutex
	calls map[string][]time.Time // by method
	edits map[string][]time.Time // of chat.update, by ts
	texts map[string]string      // of the last post or edit, by ts; nil: not kept
	n     int
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	method := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	c.calls[method] = append(c.calls[method], time.Now())
	c.n++
	ts := fmt.Sprintf("1777896000.%06d", c.n)
	if method == "chat.update" {
		ts = form.Get("ts")
		c.edits[ts] = append(c.edits[ts], time.Now())
	}
	if c.texts != nil {
		c.texts[ts] = form.Get("text")
	}
	if method == "conversations.open" {
		answer := fmt.Sprintf(`{"ok": true, "channel": {"id": "D%d"}}`, c.n)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
	}
	answer := fmt.Sprintf(`{"ok": true, "channel": "C_FACTORS", "ts": %q, "messages": [], "permalink": "https://slack.com/archives/x"}`, ts)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
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

// Ten batches at once, each with ten outcomes a second, stay under what Slack
// lets chat.update be called a minute (tier 3: 50), and each of them is shown.
func TestAnnouncer_tenBatchesStayUnderSlacksLimits(t *testing.T) {
	const batches, minutes = 10, 5
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		m, slack := newMemory(), &counted{calls: map[string][]time.Time{}, edits: map[string][]time.Time{}}
		a := &announcer.Announcer{
			Slack: slackapi.NewClient("xapp", "xoxb", "https://slack.example/api/", slack), Record: m,
			Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := a.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range batches {
			runningBatch(t, m)
		}
		for i := range minutes * 60 {
			for n := range batches {
				for k := range 10 {
					row := 10*i + k + 1
					m.append(reset.NewID(n+1), reset.Entry{Kind: reset.EntryOutcome, At: time.Now(), Outcome: reset.OutcomeReset, Step: &reset.Step{Row: row, Kind: reset.StepReset}})
				}
			}
			<-time.After(time.Second) // of the bubble
		}
		cancel()
		wg.Wait()
		slack.mu.Lock()
		defer slack.mu.Unlock()
		if n := within(slack.calls["chat.update"], time.Minute); n > 50 {
			t.Errorf("%d edits within a minute", n)
		}
		for n := range batches {
			id := reset.NewID(n + 1)
			if edits := len(slack.edits[m.message(id, reset.SlotProgress).TS]); edits < 5*minutes/2 {
				t.Errorf("the progress of %s was edited %d times in %d minutes", id, edits, minutes)
			}
		}
		t.Logf("figure: %d batches at once: at most %d edits within a minute, %d in %d minutes", batches, within(slack.calls["chat.update"], time.Minute), len(slack.calls["chat.update"]), minutes)
	})
}

// Who looks at the channel sees a run move at once, also one of a minute, after a
// pause and after a restart of the bot: never "0 of 482" while users are reset.
func TestAnnouncer_countsInTheChannelSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, slack := newMemory(), &counted{calls: map[string][]time.Time{}, edits: map[string][]time.Time{}, texts: map[string]string{}}
		a := &announcer.Announcer{
			Slack: slackapi.NewClient("xapp", "xoxb", "https://slack.example/api/", slack), Record: m,
			Log: slog.New(slog.DiscardHandler), Now: time.Now,
		}
		start := func() (stop func()) {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := a.Run(ctx); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			return func() { cancel(); wg.Wait() }
		}
		id := reset.NewID(1)
		shown := func() (done int) {
			slack.mu.Lock()
			defer slack.mu.Unlock()
			text := slack.texts[m.message(id, reset.SlotApproval).TS]
			if at := strings.Index(text, "Running:* "); at < 0 {
				t.Fatalf("the channel does not say that it runs: %q", text)
			} else if n, err := fmt.Sscanf(text[at:], "Running:* %d of", &done); n != 1 || err != nil {
				return 0
			}
			return done
		}
		rows := 0
		tick := func() { // half a second of the bubble, in which four users are reset
			for range 4 {
				rows++
				m.append(id, reset.Entry{Kind: reset.EntryOutcome, At: time.Now(), Outcome: reset.OutcomeReset, Step: &reset.Step{Row: rows, Kind: reset.StepReset}})
			}
			<-time.After(500 * time.Millisecond)
		}
		stop := start()
		runningBatch(t, m)
		synctest.Wait()
		for i := 1; i <= 60; i++ {
			tick()
			late := rows - shown()
			if i >= 4 && late == rows || i > 8 && late > 8*15 || i <= 16 && late > 8*5 {
				t.Errorf("after %d half seconds the channel is %d of %d users late", i, late, rows)
			}
		}
		must := func(move func(*reset.Request) (reset.Fact, error)) {
			t.Helper()
			if _, err := m.change(id, move); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
		}
		must(func(r *reset.Request) (reset.Fact, error) {
			return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
		})
		must(func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
		if got := shown(); got != rows {
			t.Errorf("after a pause it says %d, want %d", got, rows)
		}
		stop()
		defer start()()
		<-time.After(time.Second)
		if got := shown(); got != rows {
			t.Errorf("after a restart it says %d, want %d", got, rows)
		}
	})
}

const planDigest = reset.Digest("abcdef0123456789")

// runningBatch makes a request of many users that runs. Its plan file is said to be posted.
func runningBatch(t *testing.T, m *memory) {
	t.Helper()
	now := time.Now()
	r, _ := reset.Open("https://example.okta.com", reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: now, Reason: "x"}, 100_000)
	r = m.create(fmt.Sprintf("op-%d", m.requests()), r)
	if err := m.SaveMessages(t.Context(), r.ID, reset.Message{Slot: reset.SlotPlan, TS: "1.1"}); err != nil {
		t.Fatal(err)
	}
	for _, move := range []func(*reset.Request) (reset.Fact, error){
		func(r *reset.Request) (reset.Fact, error) {
			p := reset.Plan{Revision: 1, Digest: planDigest, FrozenAt: now, Targets: 100_000, Resets: 100_000}
			return r.FreezePlan(p, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, now.Add(time.Hour), now)
		},
		func(r *reset.Request) (reset.Fact, error) {
			return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: planDigest}, 0, now)
		},
		func(r *reset.Request) (reset.Fact, error) { return r.Start(now) },
	} {
		if _, err := m.change(r.ID, move); err != nil {
			t.Fatal(err)
		}
	}
}
