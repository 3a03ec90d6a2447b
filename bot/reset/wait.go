package reset

import "time"

// Wait says why an approved request does not start though it is time.
type Wait struct {
	Why   string    `json:"why"`            // a sentence for people
	Until time.Time `json:"until,omitzero"` // when there is room; zero where that is not known yet
}

// RecordWait notes that an approved request waits, and reports whether that is news.
func (r *Request) RecordWait(why string, until, now time.Time) (Fact, bool) {
	if r.State != Approved || r.Wait != nil && r.Wait.Why == why && r.Wait.Until.Equal(until) {
		return Fact{}, false
	}
	r.Wait = &Wait{Why: why, Until: until}
	pairs := []string{"why", why}
	if !until.IsZero() {
		pairs = append(pairs, "until", until.UTC().Format(time.RFC3339))
	}
	return fact("waits", "", now, pairs...), true
}

// Withdraw cancels a request that has not begun, because its requester may not ask for it any more.
func (r *Request) Withdraw(why string, now time.Time) (Fact, error) {
	if r.HasRun() {
		return Fact{}, r.refuse(MoveCancel)
	}
	f, err := r.move(MoveCancel, Cancelled, fact("cancelled", "", now, "why", why))
	if err == nil {
		r.Refusal = why
	}
	return f, err
}
