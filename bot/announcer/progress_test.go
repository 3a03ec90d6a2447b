package announcer

import (
	"testing"
	"time"

	"factorbot/bot/reset"
)

// The time that is left counts down while the rate only wavers, halves a real change,
// and is told as it is where nothing was told before, or what was told has passed.
func TestTally_steady(t *testing.T) {
	start := time.Unix(1_777_896_000, 0)
	for _, c := range []struct {
		name             string
		told, after, now time.Duration // told so long ago, and what the rate says now
		want             time.Duration
	}{
		{"first", 0, 0, 100 * time.Second, 100 * time.Second},
		{"a little slower", 100 * time.Second, 10 * time.Second, 110 * time.Second, 90 * time.Second},
		{"a little faster", 100 * time.Second, 10 * time.Second, 70 * time.Second, 90 * time.Second},
		{"much slower", 100 * time.Second, 10 * time.Second, 290 * time.Second, 190 * time.Second},
		{"much faster", 100 * time.Second, 10 * time.Second, 10 * time.Second, 50 * time.Second},
		{"long past", 100 * time.Second, 101 * time.Second, 40 * time.Second, 40 * time.Second},
	} {
		y := progress{left: c.told, leftAt: start}
		now := start.Add(c.after)
		if got := y.steady(c.now, now); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if y.left != c.want || !y.leftAt.Equal(now) {
			t.Errorf("%s: it remembers %s of %s", c.name, y.left, y.leftAt)
		}
	}
	y := progress{left: 300 * time.Second, leftAt: start}
	before := 300 * time.Second
	for i := 1; i <= 50; i++ { // the rate wavers by a fifth
		now := start.Add(time.Duration(i) * 3 * time.Second)
		wavering := (300*time.Second - now.Sub(start)) * time.Duration(80+40*(i%2)) / 100
		left := y.steady(wavering, now)
		if left > before {
			t.Fatalf("after %s the time left grew from %s to %s", now.Sub(start), before, left)
		}
		before = left
	}
}

func TestTally_pace(t *testing.T) {
	now := time.Unix(1_777_896_000, 0)
	r := &reset.Request{State: reset.Running, Plan: reset.Plan{Resets: 1000}}
	y := progress{}
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
	y.count.Apply(reset.Entry{Seq: seq + 1, Kind: reset.EntryRefused, At: now, Step: &reset.Step{Row: int(seq) + 1}})
	if p := y.pace(r, now); p.Retrying != 1 {
		t.Errorf("%d calls are retried, want 1", p.Retrying)
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
