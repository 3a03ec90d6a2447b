package runner

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/reset"
)

// driver carries one request from state to state until it is settled.
type driver struct {
	*driverDeps
	id       reset.ID
	missed   bool      // a change came while the driver was ending; owned by Run
	planning time.Time // when this run began to plan it; zero while it does not
	session  *batch.Session
}

// Waiting times of a driver that meets an error of the record or of Okta.
const (
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = 30 * time.Second
)

func (deps *driverDeps) drive(ctx context.Context, wg *sync.WaitGroup, id reset.ID, ended chan<- reset.ID) *driver {
	d := &driver{driverDeps: deps, id: id, session: batch.NewSession()}
	wg.Go(func() {
		d.run(ctx)
		ended <- id
	})
	return d
}

// nudge tells the driver that its request moved. Run calls it.
func (d *driver) nudge() {
	d.missed = true
	d.session.Nudge()
}

func (d *driver) run(ctx context.Context) {
	backoff := firstBackoff
	defer d.session.StopReading()
	for ctx.Err() == nil {
		settled, err := d.step(ctx)
		switch {
		case errors.Is(err, reset.ErrFrozen):
			d.sleep(ctx, lastBackoff)
			continue
		case errors.Is(err, reset.ErrLost):
			d.fail(err)
			return
		case settled:
			return
		case err == nil, errors.Is(err, reset.ErrChanged), errors.Is(err, batch.ErrPaused), ctx.Err() != nil:
			backoff = firstBackoff
			continue
		}
		d.Log.Error("request is held up", "request", d.id, "err", err)
		d.sleep(ctx, rand.N(backoff)+backoff/2)
		backoff = min(2*backoff, lastBackoff)
	}
}

// step does what the request's state asks for, and reports whether it is settled.
func (d *driver) step(ctx context.Context) (settled bool, err error) {
	r, err := d.Record.Get(ctx, d.id)
	if err != nil {
		return false, err
	}
	if r.State != reset.Planning {
		d.planning = time.Time{}
	}
	if r.Asked.Kind == reset.KindExport {
		if handled, err := d.exportStep(ctx, r); handled {
			return false, err
		}
	}
	switch r.State {
	case reset.Planning:
		return false, d.plan(ctx, r)
	case reset.Pending:
		return false, d.await(ctx, r.ExpiresAt, (*reset.Request).Expire)
	case reset.Approved:
		return false, d.start(ctx, r)
	case reset.Running:
		return false, d.withBatch(ctx, r, func(b *batch.Batch) error { return d.act(ctx, r, b) })
	case reset.Paused:
		return false, d.whilePaused(ctx, r)
	case reset.Stopping:
		return false, d.withBatch(ctx, r, func(b *batch.Batch) error { return d.stop(ctx, b) })
	case reset.Verifying:
		return false, d.withBatch(ctx, r, func(b *batch.Batch) error { return d.verify(ctx, b) })
	}
	return true, nil
}

// await makes a move when it is time, unless the request moves before.
func (d *driver) await(ctx context.Context, at time.Time, move func(*reset.Request, time.Time) (reset.Fact, error)) error {
	if wait := time.Until(at); wait > 0 {
		d.sleep(ctx, wait)
		return ctx.Err()
	}
	return d.move(ctx, false, move)
}

// move makes one move of the bot's own. That somebody else was first is no error.
func (d *driver) move(ctx context.Context, unlessFrozen bool, move func(*reset.Request, time.Time) (reset.Fact, error)) error {
	_, err := d.Record.Update(ctx, d.id, "", unlessFrozen, func(r *reset.Request) ([]reset.Fact, error) {
		f, err := move(r, time.Now())
		return []reset.Fact{f}, err
	})
	if _, other := errors.AsType[*reset.TransitionError](err); other || errors.Is(err, reset.ErrNotYet) {
		return nil
	}
	return err
}

// sleep waits until the request moves, the time is over, or ctx ends.
func (d *driver) sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(max(wait, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-d.session.Moved():
	case <-timer.C:
	}
}
