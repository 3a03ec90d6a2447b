package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// begun are the states of requests that have begun to run, or may have.
var begun = [...]reset.State{reset.Running, reset.Paused, reset.Stopping, reset.Verifying, reset.Done, reset.Cancelled}

// brake waits until nobody else counts what was spent. What is counted then is
// not spent twice before unbrake.
func (s *shared) brake(ctx context.Context) error {
	select {
	case s.brakes <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shared) unbrake() { <-s.brakes }

// touches reports whether the request counts against the bounds on users per time.
func touches(r *reset.Request) bool {
	return r.Asked.Kind != reset.KindExport && !r.Asked.Options.DryRun
}

// overVelocity says why a plan may not be frozen now, nil if it may. What others
// are still planning does not count: who comes first has the room.
func (d *driver) overVelocity(ctx context.Context, r *reset.Request, p reset.Plan) (*policy.Refusal, error) {
	rules := d.Rules()
	if v := rules.Velocity; v.PerRequesterPerDay == 0 && v.OrgPerHour == 0 || !touches(r) {
		return nil, nil
	}
	now := time.Now()
	recent := d.Heads.Requests(ctx, reset.Query{Since: now.Add(-policy.Day)})
	day, err := policy.Recent(planned(recent), r.Asked, now, r.ID)
	if err != nil {
		return nil, fmt.Errorf("list the requests of %s: %w", r.Asked.By, err)
	}
	hour, err := policy.OrgHour(d.Heads.Requests(ctx, reset.Query{States: begun[:]}), now, r.ID)
	if err != nil {
		return nil, fmt.Errorf("list what was reset within an hour: %w", err)
	}
	var over *policy.Refusal
	errors.As(rules.CheckVelocity(p.Resets, day, hour, now), &over)
	return over, nil
}

// planned leaves out requests that never had a plan.
func planned(all iter.Seq2[*reset.Request, error]) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		for r, err := range all {
			if err == nil && r.State == reset.Planning && r.Plan.Revision == 0 {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// room returns when an approved request may start under the bounds; ok is false where that is not known yet.
func (d *driver) room(ctx context.Context, r *reset.Request, now time.Time) (at time.Time, ok bool, err error) {
	rules := d.Rules()
	if v := rules.Velocity; v.PerRequesterPerDay == 0 && v.OrgPerHour == 0 || !touches(r) {
		return now, true, nil
	}
	day, err := policy.Ran(d.Heads.Requests(ctx, reset.Query{States: begun[:]}), &r.Asked, policy.Day, now, r.ID)
	if err != nil {
		return now, false, fmt.Errorf("list what %s had reset: %w", r.Asked.By, err)
	}
	hour, err := policy.OrgHour(d.Heads.Requests(ctx, reset.Query{States: begun[:]}), now, r.ID)
	if err != nil {
		return now, false, fmt.Errorf("list what was reset within an hour: %w", err)
	}
	at, ok = rules.MayStart(r.Plan.Resets, day, hour, now)
	return at, ok, nil
}

// waitForRoom notes why the request waits, and waits a while.
func (d *driver) waitForRoom(ctx context.Context, at time.Time, ok bool) error {
	until, why := time.Time{}, "So many users may be reset per time, and there is room when the requests that are running have ended."
	wait := lastBackoff
	if ok {
		until, why = at, "So many users may be reset per time, and there is room at that moment."
		wait = time.Until(at)
	}
	_, err := d.Heads.Update(ctx, d.id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if f, news := r.Hold(why, until, time.Now()); news {
			return []reset.Fact{f}, nil
		}
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("note that %s waits: %w", d.id, err)
	}
	d.sleep(ctx, wait)
	return ctx.Err()
}
