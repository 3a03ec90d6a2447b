package runner_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta/oktasim"
)

// waves returns the facts that tell of waves.
func (b *bench) waves(id reset.ID) (told []map[string]string) {
	b.t.Helper()
	for e, err := range b.rec.Log(context.Background(), id, 1) {
		if err != nil {
			b.t.Fatal(err)
		}
		if e.Fact != nil && e.Fact.Name == "wave" {
			told = append(told, e.Fact.Detail)
		}
	}
	return told
}

func TestRunner_waves(t *testing.T) {
	for _, verify := range []string{"log", "each", "off"} {
		t.Run(verify, func(t *testing.T) {
			users, ids := people(60)
			users[3].Status = "DEPROVISIONED" // waves count targets to reset
			onBench(t, oktasim.Options{Given: users, LogLag: 5 * time.Second, Latency: 20 * time.Millisecond}, func(r *policy.Rules) {
				r.Ramp, r.Verify = []int{1, 10, 30}, verify
			}, func(b *bench) {
				id := b.open(ids...)
				b.approve(id)
				r := b.await(id, reset.Done)
				if r.Totals.ByOutcome[reset.OutcomeReset] != 59 || r.Waves != 3 {
					t.Errorf("%+v after %d waves", r.Totals, r.Waves)
				}
				told := b.waves(id)
				if len(told) != 3 || told[1]["tried"] != "10" || told[2]["tried"] != "30" {
					t.Fatalf("%v", told)
				}
				if verify == "off" {
					return
				}
				var seen time.Time // the last reset of the first wave: nothing of the second before it was looked at
				for _, u := range ids[:1] {
					seen = b.org.Resets(u)[0].At
				}
				for _, u := range append(ids[1:3:3], ids[4:]...) {
					if at := b.org.Resets(u)[0].At; !at.After(seen) {
						t.Errorf("%s was reset at %s, the first wave at %s", u, at, seen)
					}
				}
			})
		})
	}
}

// A wave of which over 2 % failed pauses; nobody of the next one is touched until
// somebody resumes, and then the run goes on without asking about that wave again.
func TestRunner_wave_fails(t *testing.T) {
	users, ids := people(40)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.Ramp = []int{1, 10} }, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		if err := b.org.Refuse(ids[5], "E0000006"); err != nil {
			t.Fatal(err)
		}
		b.approve(id)
		r := b.await(id, reset.Paused)
		if r.Pause.Cause != reset.CauseErrors || !strings.Contains(r.Pause.Detail, "1 of the 10 users of wave 2 failed") {
			t.Fatalf("%+v", r.Pause)
		}
		pauseFor(context.Background(), 10*time.Minute)
		for i, user := range ids[11:] {
			if n := len(b.org.Resets(user)); n != 0 {
				t.Errorf("row %d was reset %d times", i+12, n)
			}
		}
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
		r = b.await(id, reset.Done)
		if r.Totals.ByOutcome[reset.OutcomeReset] != 39 || r.Totals.ByOutcome[reset.OutcomeFailed] != 1 {
			t.Errorf("%+v", r.Totals)
		}
	})
}

// A reset that did not take is found by the wave's look, and sent again before the next wave.
func TestRunner_wave_reads_back(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users, LogLag: 2 * time.Second}, func(r *policy.Rules) { r.Ramp = []int{2} }, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.Nothing, 2)
		b.approve(id)
		b.await(id, reset.Done)
		for _, early := range ids[:2] {
			for _, late := range ids[2:] {
				if e, l := b.org.Resets(early), b.org.Resets(late); len(e) != 1 || len(l) != 1 || l[0].At.Before(e[0].At) {
					t.Fatalf("%s %v, %s %v", early, e, late, l)
				}
			}
		}
	})
}

// dying is a record of which a write fails at some point, and with it everything after.
type dying struct {
	record
	left atomic.Int64
}

var errDied = errors.New("the process was killed")

// diesAfter returns a record that takes so many writes.
func diesAfter(rec record, writes int) *dying {
	d := &dying{record: rec}
	d.left.Store(int64(writes))
	return d
}

func (d *dying) die() error {
	if d.left.Add(-1) < 0 {
		return errDied
	}
	return nil
}

func (d *dying) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	if err := d.die(); err != nil {
		return nil, err
	}
	return d.record.Update(ctx, id, op, unlessFrozen, change)
}

func (d *dying) Append(ctx context.Context, id reset.ID, entries ...reset.Entry) error {
	if err := d.die(); err != nil {
		return err
	}
	return d.record.Append(ctx, id, entries...)
}

func (d *dying) Start(ctx context.Context, r *reset.Request, started ...reset.Entry) ([]error, error) {
	if err := d.die(); err != nil {
		return nil, err
	}
	return d.record.Start(ctx, r, started...)
}

// A crash at any write of a run in waves: everybody is reset once, wave after wave.
func TestRunner_waves_survive_a_crash_anywhere(t *testing.T) {
	const n = 8
	for left := range 40 {
		users, ids := people(n)
		onBench(t, oktasim.Options{Given: users, LogLag: time.Second}, func(r *policy.Rules) { r.Ramp = []int{1, 3} }, func(b *bench) {
			id := b.open(ids...)
			b.await(id, reset.Pending)
			b.with(func(r *runner.Runner) {
				d := diesAfter(b.rec, left)
				r.Record = d
			})
			b.update(id, func(r *reset.Request) (reset.Fact, error) {
				return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
			})
			pauseFor(context.Background(), 5*time.Minute)
			b.start()
			r := b.await(id, reset.Done)
			if r.Waves != 2 || r.Totals.ByOutcome[reset.OutcomeReset] != n || len(b.waves(id)) != 2 {
				t.Errorf("killed at write %d: %+v after %d waves", left, r.Totals, r.Waves)
			}
			for user, times := range b.resets(ids) {
				if times != 1 {
					t.Errorf("killed at write %d: %s was reset %d times", left, user, times)
				}
			}
		})
	}
}

func TestRunner_enrolled(t *testing.T) {
	for _, n := range []int{5, 40} {
		users, ids := people(n)
		onBench(t, oktasim.Options{Given: users, LogLag: time.Second}, nil, func(b *bench) {
			id := b.open(ids...)
			b.approve(id)
			b.await(id, reset.Done)
			r := b.runner(b.rec)
			for _, user := range ids[:3] {
				if err := b.org.Enrol(user, "push"); err != nil {
					t.Fatal(err)
				}
			}
			pauseFor(context.Background(), time.Minute)
			of, again, err := r.Enrolled(context.Background(), id)
			if of != n || len(again) != 3 || err != nil {
				t.Errorf("%d of %d have enrolled again, %v", len(again), of, err)
			}
			if _, _, err := r.Enrolled(context.Background(), "FR-9"); !errors.Is(err, reset.ErrNotFound) {
				t.Errorf("of no request: %v", err)
			}
		})
	}
}
