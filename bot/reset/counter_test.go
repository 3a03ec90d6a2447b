package reset_test

import (
	"testing"

	"factorbot/bot/reset"
)

// Again counts the targets whose last try failed and that have no outcome yet:
// each once, however often it is tried, and none that an outcome or a new try settles.
func TestCounter_Again(t *testing.T) {
	var c reset.Counter
	seq := int64(0)
	for _, step := range []struct {
		kind    reset.EntryKind
		row     int
		outcome reset.Outcome
		again   int
		settled int
	}{
		{reset.EntryStarted, 1, "", 0, 0},
		{reset.EntryRefused, 1, "", 1, 0}, // 429: Okta did nothing
		{reset.EntryStarted, 1, "", 1, 0},
		{reset.EntryRefused, 1, "", 1, 0}, // the same target, not another one
		{reset.EntryNotSent, 2, "", 2, 0},
		{reset.EntryDoubt, 3, "", 3, 0},
		{reset.EntryOutcome, 1, reset.OutcomeReset, 2, 1},
		{reset.EntryRefused, 1, "", 2, 1}, // a late entry takes no outcome away
		{reset.EntryOutcome, 2, reset.OutcomeFailed, 1, 2},
		{reset.EntryDoubt, 2, "", 2, 1}, // but what is in doubt has none
		{reset.EntryOutcome, 2, reset.OutcomeReset, 1, 2},
		{reset.EntryOutcome, 3, reset.OutcomeSkipped, 0, 3},
	} {
		seq++
		e := reset.Entry{Seq: seq, Kind: step.kind, Outcome: step.outcome, Step: &reset.Step{Row: step.row}}
		c.Apply(e)
		c.Apply(e) // one seen before is passed over
		if c.Again() != step.again || c.Settled() != step.settled {
			t.Fatalf("after entry %d, %s of row %d: %d again, %d settled, want %d, %d", seq, step.kind, step.row, c.Again(), c.Settled(), step.again, step.settled)
		}
	}
}
