package reset

import "slices"

// Affected users whose word pauses a batch: that many, or that share of it, whichever comes first.
const (
	reportsPause  = 3
	percentPauses = 1
)

// Report records that the affected user of a row says it was not them, to us or to
// Okta, and reports whether that pauses the batch: at three people or 1 % of it. A
// second word about a row changes nothing.
func (r *Request) Report(w Report) (facts []Fact, paused bool, err error) {
	if err := r.may(MoveReport); err != nil {
		return nil, false, err
	}
	if !r.HasRun() || w.Row < 1 || w.Row > r.Rows {
		return nil, false, ErrNotTheirs
	}
	if slices.ContainsFunc(r.Reported, func(have Report) bool { return have.Row == w.Row }) {
		return nil, false, ErrAlreadyCounted
	}
	r.Reported = append(r.Reported, w)
	facts = []Fact{fact("reported", w.By, w.At, "row", itoa(w.Row), "okta", string(w.Okta), "login", w.Login)}
	n := len(r.Reported)
	if n < reportsPause && n*100 < percentPauses*r.Plan.Resets || r.may(MovePause) != nil {
		return facts, false, nil
	}
	f, err := r.PauseFor(CauseReported, w.By, "", w.At)
	return append(facts, f), err == nil, err
}
