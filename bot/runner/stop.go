package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/reset"
)

// restEvery is the time between two tries at what could not be read while a request is paused.
const restEvery = 15 * time.Second

// rest waits while a request is paused. What is in doubt is settled where a
// reading is enough; nothing is sent, and nothing is asked twice.
func (d *driver) rest(ctx context.Context, r *reset.Request) error {
	d.unread()
	if err := d.settlePaused(ctx, r); err != nil {
		return err
	}
	d.mine = true // whoever lets it go on has looked
	for ctx.Err() == nil {
		now, err := d.Heads.Get(ctx, d.id)
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
	b, end, err := d.open(ctx, r)
	if err != nil {
		return err
	}
	defer end()
	for b.taking.Err() == nil {
		rows := b.doubtful()
		if len(rows) == 0 {
			break
		}
		wait := b.settleRound(rows, reset.Paused)
		if err := b.out.flush(); err != nil {
			return err
		}
		if wait == 0 {
			break
		}
		pauseFor(b.taking, wait)
	}
	return b.ended()
}

// stop ends a cancelled run once nothing is in flight and nothing in doubt.
func (d *driver) stop(ctx context.Context, r *reset.Request) error {
	b, end, err := d.open(ctx, r)
	if err != nil {
		return err
	}
	defer end()
	for rows := b.doubtful(); len(rows) > 0 && b.taking.Err() == nil; rows = b.doubtful() {
		pauseFor(b.taking, max(b.settleRound(rows, reset.Stopping), time.Millisecond))
	}
	if err := b.out.flush(); err != nil {
		return err
	}
	if err := b.ended(); err != nil {
		return err
	}
	if err := b.letGo(); err != nil {
		return err
	}
	totals, err := b.totals()
	if err != nil {
		return err
	}
	return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) { return r.Stopped(totals, now) })
}

// letGo gives back the claims on users whose calls Okta refused or who were never sent one.
func (b *batch) letGo() error {
	for group := range slices.Chunk(b.ledger.Unfinished(), appendMost) {
		var entries []reset.Entry
		for _, step := range group {
			e := reset.Entry{Outcome: reset.OutcomeNotRun, Reason: reset.NotRunCancelled}
			if p := b.row(step.Row); len(p.Done) > 0 {
				e = b.halfDone(reset.Target{Row: step.Row, User: step.User}, p, "cancelled")
			}
			e.Kind, e.At, e.Step = reset.EntryOutcome, time.Now(), &step
			entries = append(entries, e)
		}
		if err := b.append(entries...); err != nil {
			return err
		}
	}
	return nil
}

// totals counts what became of every row.
func (b *batch) totals() (reset.Totals, error) {
	var sum reset.Totals
	for t, err := range b.Plans.Targets(b.lasting, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return sum, fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		final := reset.Final(t, b.row(t.Row))
		sum.Add(final)
		sum.Name(t, final)
	}
	return sum, nil
}
