package batch

import (
	"fmt"
	"time"

	"factorbot/bot/reset"
)

// markInterrupted records of every step whose end nobody has seen that it is in doubt.
func (b *Batch) markInterrupted() error {
	var entries []reset.Entry
	for _, step := range b.progress.openSteps() {
		entries = append(entries, reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &step, Reason: reset.SettledAfterRestart})
	}
	return b.progress.append(entries...)
}

// markRestored records of every target without outcome, where the record was restored from a
// backup, that it is in doubt since the backup was made: the bot that went on then
// may have sent its call, and the user may have enrolled again. What is in doubt is
// settled, not repeated. Deletions of single factors need no doubt: they pass over
// what was enrolled since (see scope.means). A wave's targets are in doubt when it is let through.
func (b *Batch) markRestored() error {
	if b.head.RestoredFrom.IsZero() || b.scope.some() || b.dryRun() {
		return nil
	}
	if err := b.askClock(); err != nil {
		return err
	}
	since, _ := b.clocks.restoredFrom()
	out := &entries{progress: b.progress}
	for t, err := range b.targets.from(b.control.starting, 1) {
		if err != nil {
			return err
		}
		if b.progress.lastRow > 0 && t.Row > b.progress.lastRow {
			break
		}
		p := b.progress.row(t.Row)
		if t.Action != reset.ActionReset || p.Outcome != "" || p.InDoubt() || p.Touched() {
			continue
		}
		if err := out.add(reset.Entry{
			Kind: reset.EntryDoubt, At: time.Now(), OktaAt: since, Step: resetOf(t), Reason: reset.SettledAfterRestart,
			Detail: "the record was restored from a backup",
		}); err != nil {
			return err
		}
	}
	return out.flush()
}

// askClock asks Okta something if nothing is known of its clock yet.
func (b *Batch) askClock() error {
	if _, known := b.Okta.Clock(); known {
		return nil
	}
	if _, err := b.Okta.Me(b.control.starting); err != nil {
		return fmt.Errorf("ask Okta for its time: %w", err)
	}
	return nil
}

// Away returns how long nobody has worked on a request that ran before this run of the bot
// began, and whether that is too long for it to go on before a person has looked.
func (b *Batch) Away() (away time.Duration, tooLong bool) {
	last := b.last
	if b.head.ResumedAt.After(last) {
		last = b.head.ResumedAt
	}
	away = max(b.Began.Sub(last), 0) // a clock that was set back
	return away, away+time.Since(b.Began) > gap
}

// RecordRestart notes that a request that ran before this run of the bot began goes on.
func (b *Batch) RecordRestart(r *reset.Request, now time.Time) (reset.Fact, error) {
	away, _ := b.Away()
	return r.RecordRestart(away, len(b.progress.doubtful()), now)
}

// Pause pauses the request. It returns ErrPaused, or why that could not be recorded.
func (b *Batch) Pause(cause reset.Cause, detail string) error {
	b.control.Pause(cause, detail)
	return b.control.Err()
}
