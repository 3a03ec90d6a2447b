package reset

import "slices"

// Counter folds a request's log into outcome counts, a byte for each row. It is
// what a progress message needs of the log; [Ledger] knows more and is larger.
// It is not safe for concurrent use.
type Counter struct {
	rows    []byte         // by row: 1 + the index of its outcome among Outcomes, again, or 0
	counts  [again + 1]int // rows by that; those that are 0 are not counted
	lastSeq int64
}

// again marks a row whose last try has failed and that has no outcome.
const again = 5

// Again returns how many targets are tried again after a failure.
func (c *Counter) Again() int { return c.counts[again] }

// Apply folds one entry; entries come in the order of the log, one seen before is passed over.
func (c *Counter) Apply(e Entry) {
	if e.Seq != 0 && e.Seq <= c.lastSeq {
		return
	}
	c.lastSeq = max(c.lastSeq, e.Seq)
	if e.Step == nil || e.Step.Row < 0 {
		return
	}
	now := again
	switch e.Kind {
	case EntryOutcome:
		now = 1 + slices.Index(Outcomes(), e.Outcome)
	case EntryDoubt, EntryRefused, EntryNotSent:
	default:
		return
	}
	row := e.Step.Row
	if row >= len(c.rows) {
		c.rows = append(c.rows, make([]byte, row+1-len(c.rows))...)
	}
	was := c.rows[row]
	if was > 0 && was != again && (e.Kind == EntryRefused || e.Kind == EntryNotSent) {
		return // an outcome stays until it is in doubt
	}
	c.counts[was]--
	c.counts[now]++
	c.rows[row] = byte(now)
}

// Count returns how many targets have the outcome by the log.
func (c *Counter) Count(o Outcome) int {
	if i := slices.Index(Outcomes(), o); i >= 0 {
		return c.counts[1+i]
	}
	return 0
}

// Settled returns how many targets have an outcome by the log.
func (c *Counter) Settled() int {
	return c.counts[1] + c.counts[2] + c.counts[3] + c.counts[4]
}

// LastSeq returns the number of the last entry folded.
func (c *Counter) LastSeq() int64 { return c.lastSeq }
