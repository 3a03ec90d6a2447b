package runner

import (
	"context"
	"errors"
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
	if d.Herald != nil {
		d.Herald.Heralded(ctx, r)
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
		return d.waitForRoom(ctx, at, ok)
	}
	return nil
}

// begin starts the run if there is room, else it returns when there is.
func (d *driver) begin(ctx context.Context, r *reset.Request) (at time.Time, ok bool, err error) {
	if err := d.brake(ctx); err != nil {
		return at, false, err
	}
	defer d.unbrake()
	now := time.Now()
	at, ok, err = d.room(ctx, r, now)
	if err != nil || !ok || at.After(now) {
		return at, ok, err
	}
	err = d.move(ctx, true, func(now *reset.Request, at time.Time) (reset.Fact, error) {
		if now.State == reset.Approved && !sameVoices(now, r) {
			return reset.Fact{}, reset.ErrNotYet // who approved has changed since that was looked at
		}
		return now.Start(at)
	})
	d.mine = err == nil
	return time.Time{}, true, err
}
