package pacer

import "time"

// Answer is what one answer told.
type Answer struct {
	Sent, Got time.Time     // by our clock
	Date      time.Time     // by the server's clock, whole seconds; zero: it did not say
	Class     string        // what Stats counts it as, such as "2xx"
	Served    bool          // neither throttled nor a fault of the server's
	Throttled bool          // 429
	Rated     bool          // the three below are known
	Limit     int           // calls per window
	Remaining int           // of them
	Reset     int64         // when the window ends, epoch seconds by the server's clock
	Retry     time.Duration // Retry-After; 0: it did not say
}

// Crowded says whether a 429 was for too many calls at once: Okta then gives limit
// and remaining as 0, and a reset that is only a suggestion
// (developer.okta.com/docs/reference/rl2-monitor).
func (a Answer) Crowded() bool {
	return a.Throttled && a.Rated && a.Limit == 0 && a.Remaining == 0
}

// date is the server's time, ours if it did not say.
func (a Answer) date() time.Time {
	if a.Date.IsZero() {
		return a.Got
	}
	return a.Date
}

// ends is the latest moment by our clock at which the answer's window ends: the
// headers are in whole seconds, and no document says which way they are rounded.
func (a Answer) ends() time.Time {
	return a.Got.Add(time.Unix(a.Reset+1, 0).Sub(a.date()))
}
