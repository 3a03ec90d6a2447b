package runner

import (
	"fmt"
	"time"

	"factorbot/bot/reset"
)

// restoredMargin is how much earlier than the backup a call may count as sent since.
const restoredMargin = 5 * time.Second

// restoredFrom returns when the backup was made that the record was restored from, by
// Okta's clock. One that names its moment by the clock of a machine alone, which may
// have been set since, is as old as what is known of both clocks allows.
func (b *batch) restoredFrom() (at time.Time, restored bool) {
	if b.head.RestoredFrom.IsZero() {
		return at, false
	}
	if okta := b.head.RestoredOkta; !okta.IsZero() {
		return okta.Add(-restoredMargin), true
	}
	ahead, _ := b.Caller.Clock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if then, known := b.ledger.Ahead(b.Pace.Term); known {
		ahead = min(ahead, then+clockMargin)
	}
	return b.head.RestoredFrom.Add(ahead - restoredMargin), true
}

// suspect says of every target without outcome, where the record was restored from a
// backup, that it is in doubt since the backup was made: the bot that went on then
// may have sent its call, and the user may have enrolled anew. What is in doubt is
// settled, not repeated. Deletions of single factors need no doubt: they pass over
// what was enrolled since (see meant). A wave's targets are in doubt when it is let through.
func (b *batch) suspect() error {
	if b.head.RestoredFrom.IsZero() || len(b.head.Asked.Options.Factors) > 0 || b.dry() {
		return nil
	}
	if err := b.knowClock(); err != nil {
		return err
	}
	since, _ := b.restoredFrom()
	var entries []reset.Entry
	for t, err := range b.Plans.Targets(b.taking, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		if b.lastRow > 0 && t.Row > b.lastRow {
			break
		}
		p := b.ledger.Row(t.Row)
		if t.Action != reset.ActionReset || p.Outcome != "" || p.InDoubt() || p.Touched() {
			continue
		}
		entries = append(entries, reset.Entry{
			Kind: reset.EntryDoubt, At: time.Now(), OktaAt: since, Step: stepOf(t), Reason: reset.SettledAfterRestart,
			Detail: "the record was restored from a backup",
		})
		if len(entries) == appendMost {
			if err := b.append(entries...); err != nil {
				return err
			}
			entries = nil
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return b.append(entries...)
}
