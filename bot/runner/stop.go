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
	if err := d.withBatch(ctx, r, func(b *batch.Batch) error { return b.Settle(reset.Paused) }); err != nil {
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

// withBatch opens a batch of the request, as it was read, for the time of do.
func (d *driver) withBatch(ctx context.Context, r *reset.Request, do func(*batch.Batch) error) error {
	b, err := batch.Open(ctx, d.batches, d.session, r)
	if err != nil {
		return err
	}
	defer b.Close()
	return do(b)
}

// stop ends a cancelled run once nothing is in flight and nothing in doubt.
func (d *driver) stop(ctx context.Context, b *batch.Batch) error {
	if err := b.Settle(reset.Stopping); err != nil {
		return err
	}
	if err := b.Cancel(); err != nil {
		return err
	}
	return d.end(ctx, b, (*reset.Request).Stopped)
}

// verify reads back what was done. A reset that did not take sends the request back to running.
func (d *driver) verify(ctx context.Context, b *batch.Batch) error {
	took, err := b.ReadBack()
	switch {
	case err != nil:
		return err
	case !took:
		return d.move(ctx, false, (*reset.Request).Recheck)
	}
	return d.end(ctx, b, (*reset.Request).Finish)
}

// end makes the last move of a request, with what became of every row.
func (d *driver) end(ctx context.Context, b *batch.Batch, move func(*reset.Request, reset.Totals, time.Time) (reset.Fact, error)) error {
	totals, err := b.Totals()
	if err != nil {
		return err
	}
	return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) { return move(r, totals, now) })
}
