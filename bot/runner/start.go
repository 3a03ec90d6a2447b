package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/bot/reset"
)

// start begins the run of an approved request when it is time, there is room for
// it, its approvals still hold and the lists of the protected are fresh; or lets it lapse.
func (d *driver) start(ctx context.Context, r *reset.Request) error {
	now := time.Now()
	switch {
	case !now.Before(r.ExecuteBy()):
		return d.move(ctx, false, (*reset.Request).Lapse)
	case now.Before(r.Asked.NotTill):
		d.sleep(ctx, time.Until(r.Asked.NotTill))
		return ctx.Err()
	}
	if r.Asked.Kind != reset.KindExport {
		d.protected.Refresh(ctx, r.Asked.Options.BreakGlass, now)
	}
	held, err := d.review(ctx, r)
	if err != nil || !held {
		return err
	}
	if d.Announce != nil {
		d.Announce.WaitAnnounced(ctx, r)
	}
	at, ok, err := d.begin(ctx, r)
	switch {
	case errors.Is(err, reset.ErrFrozen):
		d.sleep(ctx, min(time.Until(r.ExecuteBy()), lastBackoff))
		return nil
	case err != nil:
		return err
	case !ok || at.After(now):
		if over := r.ExecuteBy(); ok && at.After(over) {
			at = over // it lapses then
		}
		return d.waitForCapacity(ctx, at, ok)
	}
	return nil
}

// begin starts the run if there is room, else it returns when there is.
func (d *driver) begin(ctx context.Context, r *reset.Request) (at time.Time, ok bool, err error) {
	unlock, err := d.planner.Velocity.Lock(ctx)
	if err != nil {
		return at, false, err
	}
	defer unlock()
	now := time.Now()
	at, ok, err = d.planner.Velocity.StartTime(ctx, r, now)
	if err != nil || !ok || at.After(now) {
		return at, ok, err
	}
	err = d.move(ctx, true, func(now *reset.Request, at time.Time) (reset.Fact, error) {
		if now.State == reset.Approved && !sameDecisions(now, r) {
			return reset.Fact{}, reset.ErrNotYet // who approved has changed since that was looked at
		}
		return now.Start(at)
	})
	d.session.Known = err == nil
	return time.Time{}, true, err
}

// waitForCapacity notes why the request waits, and waits a while.
func (d *driver) waitForCapacity(ctx context.Context, at time.Time, ok bool) error {
	until, why := time.Time{}, "The limit of resets per day or hour is used up. There's room when the running requests are done."
	wait := lastBackoff
	if ok {
		until, why = at, "The limit of resets per day or hour is used up until then."
		wait = time.Until(at)
	}
	_, err := d.Record.Update(ctx, d.id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if f, news := r.RecordWait(why, until, time.Now()); news {
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
