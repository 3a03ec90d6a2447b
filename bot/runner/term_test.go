package runner_test

import (
	"context"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// startedElsewhere makes the request run and leaves a call of the first user that a process has
// recorded in the first term, by a clock of its own that is ahead of ours by so much.
func (b *bench) startedElsewhere(id reset.ID, user string, ahead time.Duration) {
	b.t.Helper()
	b.await(id, reset.Pending)
	b.stop()
	b.reopen(func(rec record) {
		r, err := rec.Update(context.Background(), id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
			approved, err := r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
			if err != nil {
				return nil, err
			}
			running, err := r.Start(time.Now())
			return []reset.Fact{approved, running}, err
		})
		if err != nil {
			b.t.Fatal(err)
		}
		refused, err := rec.Start(context.Background(), r, reset.Entry{
			Kind: reset.EntryStarted, At: time.Now().Add(ahead), OktaAt: time.Now().Add(-clockMargin), Term: 1,
			Step: &reset.Step{Row: 1, User: reset.UserID(user), Kind: reset.StepReset},
		})
		if err != nil || refused[0] != nil {
			b.t.Fatal(err, refused)
		}
	})
}

// The process that led before was cut off and may live: what it has started may be on its
// way until 32 s later, and is settled after that. Everybody else is sent at once.
func TestRunner_successor_waits_for_what_may_execute(t *testing.T) {
	users, ids := people(30)
	opt := oktasim.Options{Given: users, LogLag: 5 * time.Second, EnrolAgain: 1, EnrolAfter: 3 * time.Second}
	onBench(t, opt, nil, func(b *bench) {
		id := b.open(ids...)
		b.startedElsewhere(id, ids[0], 0)
		took := time.Now()
		b.with(func(r *runner.Runner) { r.Pace.Term, r.Pace.Earlier = 2, okta.LongestWrite })
		pauseFor(context.Background(), 8*time.Second)
		for _, user := range ids[1:] {
			if n := len(b.org.Resets(user)); n != 1 {
				t.Errorf("%s, who was never started, was reset %d times", user, n)
			}
		}
		pauseFor(context.Background(), time.Until(took.Add(28*time.Second)))
		b.call(ids[0]) // the last moment at which the other process can have sent it, or nearly
		b.await(id, reset.Done)
		if n := len(b.org.Resets(ids[0])); n != 1 {
			t.Errorf("the user whose call was on its way was reset %d times", n)
		}
		if books := b.org.Books(); books.NewRemoved != 0 {
			t.Errorf("%d new factors removed", books.NewRemoved)
		}
		if p := b.results(id)[1]; p.Outcome != reset.OutcomeReset || p.Reason != reset.SettledAfterRestart {
			t.Errorf("%s %s %s", p.Outcome, p.Reason, p.Detail)
		}
	})
}

// A process that ended its term has ended its calls: its successor waits for nothing.
func TestRunner_successor_of_an_ended_term(t *testing.T) {
	users, ids := people(3)
	onBench(t, oktasim.Options{Given: users, LogLag: 5 * time.Second}, nil, func(b *bench) {
		id := b.open(ids...)
		b.startedElsewhere(id, ids[0], 0)
		took := time.Now()
		b.with(func(r *runner.Runner) { r.Pace.Term = 2 })
		b.await(id, reset.Done)
		if over := time.Since(took); over > okta.LongestWrite {
			t.Errorf("it took %s", over)
		}
	})
}

// The machine that led before had a clock minutes away from ours: which factors are old
// is told by Okta's clock alone.
func TestRunner_clocks_of_machines_apart(t *testing.T) {
	for _, ahead := range []time.Duration{-5 * time.Minute, 5 * time.Minute} {
		users, ids := people(3)
		onBench(t, oktasim.Options{LogLag: 5 * time.Second, Given: users}, nil, func(b *bench) {
			if err := b.org.Enrol(ids[0], "push"); err != nil { // a minute before the call
				t.Fatal(err)
			}
			pauseFor(context.Background(), time.Minute)
			id := b.open(ids...)
			b.startedElsewhere(id, ids[0], ahead)
			b.with(func(r *runner.Runner) { r.Pace.Term = 2 })
			b.await(id, reset.Done)
			if p := b.results(id)[1]; p.Outcome != reset.OutcomeReset || len(b.org.Resets(ids[0])) != 1 {
				t.Errorf("%s ahead: %s %s %q, reset %d times", ahead, p.Outcome, p.Reason, p.Detail, len(b.org.Resets(ids[0])))
			}
		})
	}
}
