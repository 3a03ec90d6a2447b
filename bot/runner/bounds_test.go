package runner

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// Nothing goes on for a settled request.
func TestRunner_forgets_settled_requests(t *testing.T) {
	const rounds, each = 2, 50
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.ExpiresAfter = time.Second }, func(b *bench) {
		settle := func() {
			var open []reset.ID
			for range each {
				open = append(open, b.open(ids...))
			}
			for _, id := range open {
				b.await(id, reset.Expired)
			}
			synctest.Wait()
		}
		settle()
		goroutines := runtime.NumGoroutine()
		for range rounds {
			settle()
		}
		if now := runtime.NumGoroutine(); now > goroutines {
			t.Errorf("%d goroutines more than %d", now-goroutines, goroutines)
		}
	})
}

type silentLog struct{ SystemLog }

func (silentLog) Ours(okta.User, okta.Event) bool { return true }

// While requests overlap without end somebody always wants the System Log: what
// nobody asks about any more is forgotten.
func TestLogbook_forgets_what_nobody_asks_about(t *testing.T) {
	l := newLogbook(&Runner{SystemLog: silentLog{}})
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	release := l.demand(start)
	most := 0
	for i := range 200 {
		at := start.Add(time.Duration(i) * time.Minute)
		next := l.demand(at)
		release()
		release = next
		var page []okta.Event
		for n := range 50 {
			page = append(page, okta.Event{At: at.Add(time.Second), Type: eventResetAll, Outcome: "SUCCESS", Targets: []string{fmt.Sprintf("00uuser%013d", 50*i+n)}})
		}
		l.note(okta.User{}, page, at)
		most = max(most, len(l.told.all), len(l.told.last))
		if last := reset.UserID(page[49].Targets[0]); !l.ours(last, at) {
			t.Fatalf("round %d: what was told is not known", i)
		}
	}
	if most > 200 {
		t.Errorf("%d events are remembered, 50 at a time are asked about", most)
	}
	release()
	if len(l.told.all)+len(l.told.last) != 0 {
		t.Errorf("%d events are remembered, nobody asks", len(l.told.all))
	}
}
