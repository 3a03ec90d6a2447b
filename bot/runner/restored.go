package runner

import (
	"fmt"
	"time"

	"factorbot/bot/reset"
)

// restoredMargin is how much earlier than the backup a call may count as sent since:
// the clock that named the backup's moment is ours, the log's is Okta's.
const restoredMargin = 5 * time.Second

// suspect says of every target without outcome, where the record was restored from a
// backup, that it is in doubt since the backup was made: the bot that went on then
// may have sent its call, and the user may have enrolled anew. What is in doubt is
// settled, not repeated. Deletions of single factors need no doubt: they pass over
// what was enrolled since (see meant).
func (b *batch) suspect() error {
	since := b.head.RestoredFrom
	if since.IsZero() || len(b.head.Asked.Options.Factors) > 0 || b.dry() {
		return nil
	}
	var entries []reset.Entry
	for t, err := range b.Plans.Targets(b.taking, b.id, b.head.Plan.Revision, 1) {
		if err != nil {
			return fmt.Errorf("read the plan of %s: %w", b.id, err)
		}
		p := b.ledger.Row(t.Row)
		if t.Action != reset.ActionReset || p.Outcome != "" || p.InDoubt() || p.Doubts > 0 {
			continue
		}
		entries = append(entries, reset.Entry{
			Kind: reset.EntryDoubt, At: time.Now(), OktaAt: since.Add(-restoredMargin), Step: stepOf(t), Reason: reset.SettledAfterRestart,
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
