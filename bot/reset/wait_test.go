package reset_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// That a request waits is news once, and again when the reason or the time has changed.
func TestRequest_RecordWait(t *testing.T) {
	later := start.Add(time.Hour)
	r := &reset.Request{State: reset.Approved}
	for _, c := range []struct {
		why   string
		until time.Time
		news  bool
	}{{"a bound", later, true}, {"a bound", later, false}, {"a bound", later.Add(1), true}, {"another", later.Add(1), true}, {"another", time.Time{}, true}, {"another", time.Time{}, false}} {
		f, news := r.RecordWait(c.why, c.until, start)
		if news != c.news || news != (f.Name == "waits") || r.Wait.Why != c.why || !r.Wait.Until.Equal(c.until) {
			t.Errorf("%s until %s: %t, %+v", c.why, c.until, news, f)
		}
		if until := f.Detail["until"]; news && (until == "") != c.until.IsZero() {
			t.Errorf("until %q", until)
		}
	}
	if _, news := (&reset.Request{State: reset.Pending}).RecordWait("a bound", later, start); news {
		t.Error("what is not approved waits for nothing")
	}
}

// A request is withdrawn before it has begun, and not after.
func TestRequest_Withdraw(t *testing.T) {
	r := mustPending(t, 1)
	if f, err := r.Withdraw("left", start); err != nil || f.Name != "cancelled" || f.Detail["why"] != "left" || r.State != reset.Cancelled || r.Refusal != "left" || !r.SettledAt.Equal(start) {
		t.Errorf("%+v, %v, %+v", f, err, r)
	}
	var moved *reset.TransitionError
	if _, err := r.Withdraw("left", start); !errors.As(err, &moved) || moved.Found != reset.Cancelled {
		t.Errorf("again: %v", err)
	}
	ran := mustRunning(t)
	if _, err := ran.Withdraw("left", start); !errors.As(err, &moved) || moved.Found != reset.Running || ran.State != reset.Running {
		t.Errorf("what runs: %v", err)
	}
}

// The first waves are let through one by one, never more than the plan resets; then all.
func TestRequest_WaveEnd(t *testing.T) {
	for _, c := range []struct {
		waves   []int
		done    int
		resets  int
		targets int
		ramping bool
	}{
		{nil, 0, 9, 9, false}, {[]int{1, 3}, 0, 9, 1, true}, {[]int{1, 3}, 1, 9, 4, true}, {[]int{1, 3}, 2, 9, 9, false}, {[]int{5}, 0, 3, 3, true},
	} {
		r := &reset.Request{Waves: c.done, Terms: reset.Terms{Waves: c.waves}, Plan: reset.Plan{Resets: c.resets}}
		if targets, ramping := r.WaveEnd(); targets != c.targets || ramping != c.ramping {
			t.Errorf("%+v: %d, %t", c, targets, ramping)
		}
	}
}

// Over 2 % of failures in a wave pause the run; the wave counts as looked at.
func TestRequest_RecordWave(t *testing.T) {
	for _, c := range []struct {
		failed, tried int
		paused        bool
	}{{0, 0, false}, {0, 10, false}, {1, 50, false}, {1, 49, true}, {2, 100, false}, {3, 100, true}, {1, 1, true}} {
		r := mustRunning(t)
		r.Terms.Waves = []int{1, 1}
		facts, err := r.RecordWave(c.failed, c.tried, start)
		var names []string
		for _, f := range facts {
			names = append(names, f.Name)
		}
		want := []string{"wave"}
		if c.paused {
			want = append(want, "paused")
		}
		if err != nil || !slices.Equal(names, want) || r.Waves != 1 || (r.State == reset.Paused) != c.paused {
			t.Errorf("%d of %d: %v, %v, in %s", c.failed, c.tried, names, err, r.State)
		}
		if facts[0].Detail["wave"] != "1" {
			t.Errorf("%+v", facts[0])
		}
	}
	r := mustRunning(t)
	if _, err := r.RecordWave(0, 1, start); !errors.Is(err, reset.ErrNotYet) {
		t.Errorf("without waves: %v", err)
	}
	if _, err := mustPending(t, 1).RecordWave(0, 1, start); !errors.As(err, new(*reset.TransitionError)) {
		t.Errorf("what does not run: %v", err)
	}
}
