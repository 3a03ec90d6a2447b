package suspicious_test

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/suspicious"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// record has one request, and what it did.
type record struct {
	mu      sync.Mutex
	request *reset.Request
	targets []reset.Target
	notes   map[reset.UserID][]reset.Note
}

func (r *record) Get(context.Context, reset.ID) (*reset.Request, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := *r.request
	return &q, nil
}

func (r *record) Requests(context.Context, reset.Query) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		q, _ := r.Get(context.Background(), "")
		yield(q, nil)
	}
}

func (r *record) Targets(context.Context, reset.ID, int, int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		for _, t := range r.targets {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func (r *record) Users(_ context.Context, ids ...reset.UserID) iter.Seq2[reset.UserRecord, error] {
	return func(yield func(reset.UserRecord, error) bool) {
		for _, id := range ids {
			if !yield(reset.UserRecord{User: id, Notes: r.notes[id]}, nil) {
				return
			}
		}
	}
}

func (r *record) Update(_ context.Context, _ reset.ID, _ string, _ bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := *r.request
	if _, err := change(&q); err != nil {
		return nil, err
	}
	r.request = &q
	return &q, nil
}

// TestReader counts what a user of ours tells Okta within 72 hours of the reset, whether
// the batch still runs or not, and nothing else.
func TestReader(t *testing.T) {
	sdk, err := okta.NewSDK()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		state  reset.State
		after  time.Duration // of the report, after the reset
		who    []string
		rows   int // reported
		paused bool
		resets int // of the batch; 0: three
	}{
		"one of three while it runs":  {reset.Running, time.Hour, []string{"u0"}, 1, true, 0},
		"after the batch is done":     {reset.Done, time.Hour, []string{"u0"}, 1, false, 0},
		"the same user twice":         {reset.Done, time.Hour, []string{"u0", "u0"}, 1, false, 0},
		"two users, a day later":      {reset.Done, 24 * time.Hour, []string{"u0", "u1"}, 2, false, 0},
		"just in time":                {reset.Done, 71*time.Hour + 50*time.Minute, []string{"u0"}, 1, false, 0},
		"too late":                    {reset.Done, 73 * time.Hour, []string{"u0"}, 0, false, 0},
		"a user that nobody reset":    {reset.Running, time.Hour, []string{"ana"}, 0, false, 0},
		"three of a large batch":      {reset.Running, time.Hour, []string{"u0", "u1", "u3"}, 3, true, 1000},
		"two of a large batch":        {reset.Running, time.Hour, []string{"u0", "u1"}, 2, false, 1000},
		"one of them three times":     {reset.Running, time.Hour, []string{"u0", "u0", "u0"}, 1, false, 1000},
		"three after it is done":      {reset.Done, time.Hour, []string{"u0", "u1", "u3"}, 3, false, 1000},
		"a target that was not reset": {reset.Running, time.Hour, []string{"u2"}, 0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				given := []oktasim.User{{Login: "u0@example.com"}, {Login: "u1@example.com"}, {Login: "u2@example.com"}, {Login: "u3@example.com"}, {Login: "ana@example.com"}}
				org, err := oktasim.New(oktasim.Options{Given: given})
				if err != nil {
					t.Fatal(err)
				}
				defer org.Close()
				c, err := okta.New(okta.Config{OrgURL: "http://127.0.0.1:1", Token: "sandbox-token", Marker: "tests", Transport: org.Transport(), SDK: sdk, Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				resets := cmp.Or(tc.resets, 3)
				rec := &record{notes: map[reset.UserID][]reset.Note{}, request: &reset.Request{ID: "FR-1", State: tc.state, Rows: resets, StartedAt: time.Now(), Plan: reset.Plan{Revision: 1, Targets: resets, Resets: resets}}}
				if tc.state.Settled() {
					rec.request.SettledAt = time.Now()
				}
				for i, login := range []string{"u0", "u1", "u2", "u3"} {
					u, _ := org.User(login + "@example.com")
					rec.targets = append(rec.targets, reset.Target{Row: i + 1, User: reset.UserID(u.ID), Login: u.Login, Action: reset.ActionReset})
					if login != "u2" {
						rec.notes[reset.UserID(u.ID)] = []reset.Note{{Request: "FR-1", Outcome: reset.OutcomeReset, At: time.Now()}}
					}
				}
				ctx, cancel := context.WithCancel(context.Background())
				done := make(chan error, 1)
				go func() {
					done <- (&suspicious.Reader{Okta: c, Record: rec, Log: slog.New(slog.DiscardHandler), Now: time.Now}).Run(ctx)
				}()
				<-time.After(tc.after)
				for _, who := range tc.who {
					if _, err := org.Set(map[string]json.RawMessage{"report_suspicious": json.RawMessage(`"` + who + `@example.com"`)}); err != nil {
						t.Fatal(err)
					}
				}
				<-time.After(5 * time.Minute)
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
				q, _ := rec.Get(t.Context(), "")
				if len(q.Reported) != tc.rows || (q.State == reset.Paused) != tc.paused {
					t.Errorf("%d rows are reported, it is %s", len(q.Reported), q.State)
				}
				for _, w := range q.Reported {
					if w.By != "" || !strings.HasPrefix(w.Login, "u") || w.Okta == "" {
						t.Errorf("%+v", w)
					}
				}
			})
		})
	}
}
