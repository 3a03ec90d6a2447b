package reset

import (
	"slices"
	"time"
)

// Affected users whose word pauses a batch: that many, or that share of it, whichever comes first.
const (
	reportsPause  = 3
	percentPauses = 1
)

// Report records that the affected user of a row says it was not them, and
// reports whether that pauses the batch: at three people or 1 % of it. A second
// word about a row changes nothing.
func (r *Request) Report(row int, by Person, now time.Time) (facts []Fact, paused bool, err error) {
	return r.report(Report{Row: row, By: by, At: now})
}

// ReportInOkta is Report by the user's word to Okta instead of to us.
func (r *Request) ReportInOkta(row int, okta UserID, login string, now time.Time) (facts []Fact, paused bool, err error) {
	return r.report(Report{Row: row, Okta: okta, Login: login, At: now})
}

func (r *Request) report(w Report) (facts []Fact, paused bool, err error) {
	row, by, now := w.Row, w.By, w.At
	if err := r.may(MoveReport); err != nil {
		return nil, false, err
	}
	if !r.HasRun() || row < 1 || row > r.Rows {
		return nil, false, ErrNotTheirs
	}
	if slices.ContainsFunc(r.Reported, func(have Report) bool { return have.Row == row }) {
		return nil, false, ErrAlreadyCounted
	}
	r.Reported = append(r.Reported, w)
	facts = []Fact{fact("reported", by, now, "row", itoa(row), "okta", string(w.Okta), "login", w.Login)}
	n := len(r.Reported)
	if n < reportsPause && n*100 < percentPauses*r.Plan.Resets || r.may(MovePause) != nil {
		return facts, false, nil
	}
	f, err := r.Halt(CauseReported, by, "", now)
	return append(facts, f), err == nil, err
}
