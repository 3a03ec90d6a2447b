package reset

import "time"

// Restore notes that the record was restored from a backup that was taken while this
// request was open. Of several backups the oldest counts.
// okta is when it was taken by Okta's clock, zero where that is not known.
func (r *Request) Restore(taken, okta, now time.Time) Fact {
	if r.RestoredFrom.IsZero() || taken.Before(r.RestoredFrom) {
		r.RestoredFrom, r.RestoredOkta = taken, okta
	}
	return fact("restored", "", now, "taken", taken.UTC().Format(time.RFC3339))
}
