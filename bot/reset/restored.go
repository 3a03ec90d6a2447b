package reset

import "time"

// Restore notes that the record was restored from a backup that was taken while this
// request was open. Of several backups the oldest counts.
func (r *Request) Restore(taken, now time.Time) Fact {
	if r.RestoredFrom.IsZero() || taken.Before(r.RestoredFrom) {
		r.RestoredFrom = taken
	}
	return fact("restored", "", now, "taken", taken.UTC().Format(time.RFC3339))
}
