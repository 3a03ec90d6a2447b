package runner

import (
	"context"
	"errors"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/reset"
)

// act runs what is left of a running request, or of the wave under way.
func (d *driver) act(ctx context.Context, r *reset.Request, b *batch.Batch) error {
	if !d.session.Known {
		return d.comeBack(ctx, b)
	}
	if err := b.Run(); err != nil {
		return err
	}
	if _, ramping := r.WaveEnd(); ramping {
		return d.endWave(ctx, r, b)
	}
	return d.move(ctx, false, (*reset.Request).Verify)
}

// comeBack judges a request that ran before this run of the bot began: left alone
// for too long it asks a person, else it notes that it goes on. The head has moved
// then, and is read again.
func (d *driver) comeBack(ctx context.Context, b *batch.Batch) error {
	var err error
	if _, tooLong := b.Away(); tooLong {
		err = b.Pause(reset.CauseGap, "Over an hour has passed since the last reset. Users may have enrolled again since: look before you resume.")
	} else {
		err = d.move(ctx, false, b.RecordRestart)
	}
	d.session.Known = err == nil || errors.Is(err, batch.ErrPaused)
	return err
}

// endWave notes what became of the wave under way, and so either lets the next one go or
// pauses. The head has moved then. Which targets are a wave's comes from the plan, what
// became of them from the log: a wave interrupted by a crash is finished and looked at
// like any other.
func (d *driver) endWave(ctx context.Context, was *reset.Request, b *batch.Batch) error {
	failed, tried, err := b.WaveOutcomes()
	if err != nil {
		return err
	}
	_, err = d.Record.Update(ctx, d.id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if r.Waves != was.Waves {
			return nil, reset.ErrChanged
		}
		return r.RecordWave(failed, tried, time.Now())
	})
	if _, other := errors.AsType[*reset.TransitionError](err); other {
		return nil
	}
	return err
}
