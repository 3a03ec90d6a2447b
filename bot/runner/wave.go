package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/bot/reset"
)

// waveOver settles and reads back the wave under way, notes what became of it,
// and so either lets the next one go or pauses. The head has moved then. Which
// targets are a wave's comes from the plan, what became of them from the log: a
// wave interrupted by a crash is finished and looked at like any other.
func (b *batch) waveOver() error {
	for {
		if err := b.readBack(); err != nil {
			return err
		}
		if err := b.out.flush(); err != nil {
			return err
		}
		if err := b.ended(); err != nil {
			return err
		}
		if len(b.doubtful()) == 0 {
			break
		}
		b.settleDoubts() // a reset that did not take goes again
		if err := b.out.flush(); err != nil {
			return err
		}
		if err := b.ended(); err != nil {
			return err
		}
	}
	failed, tried, err := b.waveOutcomes(b.taking)
	if err != nil {
		return err
	}
	waves := b.head.Waves
	_, err = b.Heads.Update(b.lasting, b.id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		if r.Waves != waves {
			return nil, reset.ErrChanged
		}
		return r.LookAt(failed, tried, time.Now())
	})
	var other *reset.TransitionError
	if errors.As(err, &other) {
		return nil
	}
	return err
}

// waveOutcomes counts the targets of the wave under way that were tried, and those of them that failed.
func (b *batch) waveOutcomes(ctx context.Context) (failed, tried int, err error) {
	end, _ := b.head.WaveEnd()
	begin := end - b.head.Terms.Waves[b.head.Waves]
	no := 0
	for t, err := range b.Plans.Targets(ctx, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return 0, 0, fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		if t.Action != reset.ActionReset {
			continue
		}
		if no++; no <= begin {
			continue
		}
		if no > end {
			break
		}
		switch b.row(t.Row).Outcome {
		case reset.OutcomeFailed:
			failed++
			tried++
		case reset.OutcomeReset:
			tried++
		}
	}
	return failed, tried, nil
}
