package announcer

import (
	"testing"
	"time"

	"factorbot/bot/reset"
)

func TestTally_pace(t *testing.T) {
	now := time.Unix(1_777_896_000, 0)
	r := &reset.Request{State: reset.Running, Plan: reset.Plan{Resets: 1000}}
	y := tally{}
	seq := int64(0)
	settle := func(n int) {
		for range n {
			seq++
			y.count.Apply(reset.Entry{Seq: seq, Kind: reset.EntryOutcome, At: now, Outcome: reset.OutcomeReset, Step: &reset.Step{Row: int(seq)}})
		}
	}
	if p := y.pace(r, now); p.PerMinute != 0 || p.Left != 0 {
		t.Errorf("before the first: %+v", p)
	}
	for range 30 { // 2 a second for 150 s
		now = now.Add(5 * time.Second)
		settle(10)
		y.pace(r, now)
	}
	p := y.pace(r, now)
	if p.PerMinute < 119 || p.PerMinute > 121 || p.ByOutcome[reset.OutcomeReset] != 300 {
		t.Errorf("at two a second: %+v", p)
	}
	if p.Left < 345*time.Second || p.Left > 355*time.Second {
		t.Errorf("700 left at two a second: %s", p.Left)
	}
	if len(y.marks) > 15 {
		t.Errorf("%d marks are kept", len(y.marks))
	}
	r.State = reset.Paused
	if p := y.pace(r, now); p.PerMinute != 0 || p.ByOutcome[reset.OutcomeReset] != 300 {
		t.Errorf("paused: %+v", p)
	}
	r.State = reset.Running
	now = now.Add(time.Hour) // the pause does not count as slowness
	if p := y.pace(r, now); p.PerMinute != 0 {
		t.Errorf("just resumed: %+v", p)
	}
}
