package reset

import "testing"

// Again counts the targets whose last try failed and that have no outcome yet:
// each once, however often it is tried, and none that an outcome or a new try settles.
func TestCounter_Again(t *testing.T) {
	var c Counter
	seq := int64(0)
	for _, step := range []struct {
		kind    EntryKind
		row     int
		outcome Outcome
		again   int
		settled int
	}{
		{EntryStarted, 1, "", 0, 0},
		{EntryRefused, 1, "", 1, 0}, // 429: Okta did nothing
		{EntryStarted, 1, "", 1, 0},
		{EntryRefused, 1, "", 1, 0}, // the same target, not another one
		{EntryNotSent, 2, "", 2, 0},
		{EntryDoubt, 3, "", 3, 0},
		{EntryOutcome, 1, OutcomeReset, 2, 1},
		{EntryRefused, 1, "", 2, 1}, // a late entry takes no outcome away
		{EntryOutcome, 2, OutcomeFailed, 1, 2},
		{EntryDoubt, 2, "", 2, 1}, // but what is in doubt has none
		{EntryOutcome, 2, OutcomeReset, 1, 2},
		{EntryOutcome, 3, OutcomeSkipped, 0, 3},
	} {
		seq++
		e := Entry{Seq: seq, Kind: step.kind, Outcome: step.outcome, Step: &Step{Row: step.row}}
		c.Apply(e)
		c.Apply(e) // one seen before is passed over
		if c.Again() != step.again || c.Settled() != step.settled {
			t.Fatalf("after entry %d, %s of row %d: %d again, %d settled, want %d, %d", seq, step.kind, step.row, c.Again(), c.Settled(), step.again, step.settled)
		}
	}
}
