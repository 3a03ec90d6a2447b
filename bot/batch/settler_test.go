package batch

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// A System Log that cannot be read holds what is in doubt up for as long as the log may lag,
// not at all where another try would change nothing: then a running request asks a person, a
// cancelled one comes to its end, and a paused one asks no more.
func TestSettler_unreadable_log(t *testing.T) {
	const lag = 2 * time.Minute
	away := errors.New("no answer")
	rejected := &okta.Error{Kind: okta.KindForbidden, Effect: okta.EffectRejected}
	for _, c := range []struct {
		name    string
		err     error
		down    time.Duration
		givenUp bool
	}{
		{"for a while", away, lag - 1, false},
		{"for as long as it may lag", away, lag, true},
		{"Okta is away, and says so", &okta.Error{Kind: okta.KindNetwork, Effect: okta.EffectDoubt}, 0, false},
		{"never", rejected, 0, true},
		{"with a token that is revoked", &okta.Error{Kind: okta.KindAuth, Effect: okta.EffectRefused}, 0, true},
	} {
		for _, state := range []reset.State{reset.Running, reset.Paused, reset.Stopping} {
			t.Run(c.name+", "+string(state), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rec := &slowRecord{head: &reset.Request{ID: "FR-1", State: reset.Running}, onWrite: func() {}}
					s := &settler{job: &job{
						Deps: Deps{Pace: Pace{LogLag: lag}, Log: slog.New(slog.DiscardHandler)},
						head: rec.head, control: newControlOf(t, rec, 0), logView: &logView{downSince: time.Now().Add(-c.down)},
					}}
					if got := s.readable(c.err, state); got != (c.givenUp && state == reset.Stopping) {
						t.Errorf("what is in doubt can be settled: %t", got)
					}
					if paused := rec.head.State == reset.Paused; paused != (c.givenUp && state == reset.Running) {
						t.Errorf("the request asks a person: %t", paused)
					}
					wait := settleEvery
					if state == reset.Paused {
						wait = pausedEvery
						if c.givenUp {
							wait = 0
						}
					}
					if got := s.unreadable(c.err, state); got != wait {
						t.Errorf("the next round is in %s, want %s", got, wait)
					}
				})
			})
		}
	}
}

// Factors that cannot be read are asked for as long as the request goes on; a paused one
// asks a few times.
func TestSettler_unread(t *testing.T) {
	for _, state := range []reset.State{reset.Running, reset.Paused, reset.Stopping} {
		s := &settler{job: &job{progress: newProgress(t.Context(), "FR-1", nil, reset.NewLedger(), nil, nil)}}
		for try := 1; try <= readTries+1; try++ {
			want := verdictWait
			if state == reset.Paused && try >= readTries {
				want = verdictHold
			}
			if got := s.unread(1, state); got != want {
				t.Errorf("%s, try %d: %s, want %s", state, try, got, want)
			}
		}
	}
}

// What is in doubt is looked at when its call can no longer be executing, and the System Log
// is read from the earliest of these calls on, whichever clock was set.
func TestSettler_callsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		ledger := reset.NewLedger()
		s := &settler{job: &job{
			Deps:     Deps{Pace: Pace{SettleAfter: 10 * time.Second, Earlier: 30 * time.Second}},
			clocks:   &clocks{term: 7, began: now, opened: now},
			progress: newProgress(t.Context(), "FR-1", nil, ledger, nil, nil),
		}}
		call := func(row int, oktaAt time.Time, answered bool) {
			step := &reset.Step{Row: row, User: "00uuser0000000000000", Kind: reset.StepReset}
			ledger.Apply(reset.Entry{Kind: reset.EntryStarted, At: now, OktaAt: oktaAt, Step: step, Term: 7})
			ledger.Apply(reset.Entry{Kind: reset.EntryDoubt, At: now, Step: step, Answered: answered})
		}
		call(1, now.Add(time.Minute), true)
		call(2, now, true)
		call(2, now.Add(-time.Minute), true) // Okta's clock was set back
		call(3, now.Add(-time.Hour), false)  // may be executing
		call(4, now.Add(2*time.Minute), true)
		pauseFor(t.Context(), time.Second)
		ready, oldest, soonest := s.callsOver([]int{1, 2, 3, 4})
		if !slices.Equal(ready, []int{1, 2, 4}) || !oldest.Equal(now.Add(-time.Minute)) || soonest != settleEvery {
			t.Errorf("over are %v, the log is read from %s on, the next is in %s", ready, oldest, soonest)
		}
		for name, c := range map[string]struct {
			of   reset.Attempt
			left time.Duration
		}{
			"given up by us":                 {reset.Attempt{Term: 7, DoubtAt: now}, 9 * time.Second},
			"answered":                       {reset.Attempt{Term: 7, DoubtAt: now, Answered: true}, 0},
			"interrupted, in our term":       {reset.Attempt{Term: 7, DoubtAt: now.Add(-time.Hour), Restart: true}, 9 * time.Second},
			"of another process":             {reset.Attempt{Term: 6, DoubtAt: now.Add(-time.Hour), Restart: true}, 39 * time.Second},
			"given up in an earlier term":    {reset.Attempt{Term: 6, DoubtAt: now}, 9 * time.Second},
			"given up by us some time after": {reset.Attempt{Term: 7, DoubtAt: now.Add(time.Second)}, 10 * time.Second},
		} {
			if left := s.executing(c.of); left != c.left {
				t.Errorf("%s: it may be executing for %s, want %s", name, left, c.left)
			}
		}
	})
}
