package reset_test

import (
	"errors"
	"testing"
	"time"

	"factorbot/bot/reset"
)

func TestRestartOutcome(t *testing.T) {
	started := func(row int) reset.Entry { return reset.Entry{Kind: reset.EntryStarted, Step: step(row)} }
	doubt := func(row int) reset.Entry {
		return reset.Entry{Kind: reset.EntryDoubt, Step: step(row), Reason: reset.SettledAfterRestart}
	}
	outcome := func(row int, o reset.Outcome) reset.Entry {
		return reset.Entry{Kind: reset.EntryOutcome, Step: step(row), Outcome: o}
	}
	back := reset.Entry{Kind: reset.EntryFact, Fact: &reset.Fact{Name: "restarted"}}
	cases := []struct {
		name                  string
		log                   []reset.Entry
		had, now, other, left int
	}{
		{"no restart", []reset.Entry{started(1), doubt(1), outcome(1, reset.OutcomeReset)}, 0, 0, 0, 0},
		{"nobody in doubt", []reset.Entry{started(1), outcome(1, reset.OutcomeReset), back, started(2), outcome(2, reset.OutcomeReset)}, 0, 0, 0, 0},
		{"one of each, one left", []reset.Entry{
			started(1), started(2), started(3), started(4), doubt(1), doubt(2), doubt(3), doubt(4), back,
			started(5), outcome(5, reset.OutcomeReset), outcome(1, reset.OutcomeReset),
			started(2), outcome(2, reset.OutcomeReset), outcome(3, reset.OutcomeFailed),
		}, 1, 1, 1, 1},
		{"a proof counts once", []reset.Entry{started(1), doubt(1), back, outcome(1, reset.OutcomeReset), outcome(1, reset.OutcomeReset)}, 1, 0, 0, 0},
		{"a second restart begins again", []reset.Entry{
			started(1), started(2), doubt(1), doubt(2), back, outcome(1, reset.OutcomeReset), back, started(2), outcome(2, reset.OutcomeReset),
		}, 0, 1, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var a reset.RestartOutcome
			for _, e := range c.log {
				a.Apply(e)
			}
			if a.Had != c.had || a.Now != c.now || a.Other != c.other || a.Left != c.left {
				t.Errorf("%d had been, %d are now, %d other, %d left", a.Had, a.Now, a.Other, a.Left)
			}
		})
	}
}

func TestRequest_RecordRestart(t *testing.T) {
	r := &reset.Request{ID: "FR-1", State: reset.Running}
	f, err := r.RecordRestart(42*time.Second, 3, start)
	if err != nil || f.Name != "restarted" || f.Detail["away"] != "42s" || f.Detail["in_doubt"] != "3" {
		t.Errorf("%+v, %v", f, err)
	}
	if b := r.Restarted; b == nil || b.Away != 42*time.Second || b.InDoubt != 3 || !b.At.Equal(start) || r.State != reset.Running {
		t.Errorf("%+v", b)
	}
	paused := &reset.Request{ID: "FR-1", State: reset.Paused, Pause: &reset.Pause{}}
	var other *reset.TransitionError
	if _, err := paused.RecordRestart(time.Second, 0, start); !errors.As(err, &other) || paused.Restarted != nil {
		t.Errorf("paused: %v", err)
	}
}
