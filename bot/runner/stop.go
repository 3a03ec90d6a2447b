package runner

import (
	"context"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/reset"
)

// whilePaused waits while a request is paused. What is in doubt is settled where a
// reading is enough; nothing is sent, and nothing is asked twice.
func (d *driver) whilePaused(ctx context.Context, r *reset.Request) error {
	d.session.StopReading()
	if err := d.settlePaused(ctx, r); err != nil {
		return err
	}
	d.session.Known = true // whoever lets it go on has looked
	for ctx.Err() == nil {
		now, err := d.Record.Get(ctx, d.id)
		if err != nil || now.State != reset.Paused {
			return err
		}
		d.sleep(ctx, time.Hour)
	}
	return ctx.Err()
}

// settlePaused settles what can be settled while a request is paused. It returns
// nil when another look would show nothing new.
func (d *driver) settlePaused(ctx context.Context, r *reset.Request) error {
	b, err := batch.Open(ctx, d.batches, d.session, r)
	if err != nil {
		return err
	}
	defer b.Close()
	return b.Settle(reset.Paused)
}

// stop ends a cancelled run once nothing is in flight and nothing in doubt.
func (d *driver) stop(ctx context.Context, r *reset.Request) error {
	b, err := batch.Open(ctx, d.batches, d.session, r)
	if err != nil {
		return err
	}
	defer b.Close()
	if err := b.Settle(reset.Stopping); err != nil {
		return err
	}
	if err := b.Cancel(); err != nil {
		return err
	}
	totals, err := b.Totals()
	if err != nil {
		return err
	}
	return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) { return r.Stopped(totals, now) })
}

// verify reads back what was done. A reset that did not take sends the request back to running.
func (d *driver) verify(ctx context.Context, r *reset.Request) error {
	b, err := batch.Open(ctx, d.batches, d.session, r)
	if err != nil {
		return err
	}
	defer b.Close()
	took, err := b.ReadBack()
	switch {
	case err != nil:
		return err
	case !took:
		return d.move(ctx, false, (*reset.Request).Recheck)
	}
	totals, err := b.Totals()
	if err != nil {
		return err
	}
	return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) { return r.Finish(totals, now) })
}
