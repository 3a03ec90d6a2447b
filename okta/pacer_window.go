package okta

import "time"

// observation is what one answer told about its bucket.
type observation struct {
	sent, got time.Time // by our clock
	date      time.Time // Date header; zero: none
	answered  bool      // a whole answer came, so Okta has counted the call
	rated     bool      // limit, remaining and reset are those of the headers
	limit     int
	remaining int
	reset     int64 // epoch seconds at which the window ends
	throttled bool  // 429
	served    bool  // neither throttled nor a fault: 2xx to 4xx
	retry     time.Duration
}

// concurrent says whether a 429 was for the org's calls at once: Okta then
// gives limit and remaining as 0, and a reset that is only a suggestion
// (developer.okta.com/docs/reference/rl2-monitor).
func (o observation) concurrent() bool {
	return o.throttled && o.rated && o.limit == 0 && o.remaining == 0
}

// window is what is known of one rate-limit window of a bucket.
type window struct {
	reset int64 // as in the header
	limit int
	used  int       // most that any answer showed, by everybody
	own   int       // answered calls of ours, the 429s not counted
	whole bool      // we saw it begin
	spent bool      // a 429 said that our share of it is gone
	first time.Time // when the first answer came: it had begun by then
	last  time.Time // when the latest call that it counted was sent
}

// others is how many calls of other applications it counted.
func (w window) others() int { return max(w.used-w.own, 0) }

// usual is what others may be expected to take again. A window that we joined
// late does not tell who had used it before.
func (w window) usual() int {
	if !w.whole {
		return 0
	}
	return w.others()
}

// begin is a window of which o is the first that we saw.
func begin(o observation) window {
	return window{reset: o.reset, limit: o.limit, first: o.got, whole: o.limit-o.remaining <= 1}
}

// take adds an answer of this window.
func (w *window) take(o observation) {
	if o.sent.After(w.last) {
		w.last = o.sent
	}
	if o.throttled {
		return
	}
	w.limit = o.limit
	w.used = max(w.used, o.limit-o.remaining)
	w.own++
}

// rhythm is what was learned of a bucket's windows: how long they are, which
// no header says, and where between two whole seconds they end.
type rhythm struct {
	recent []time.Duration // between the last resets
	phase  span            // the end by our clock, less the reset header
}

const (
	unknownLength   = time.Minute // Okta's usual window
	recentRollovers = 6
)

// length is the shortest of the recent distances: an idle bucket skips
// windows, so longer ones prove nothing.
func (r *rhythm) length() (time.Duration, bool) {
	if len(r.recent) == 0 {
		return unknownLength, false
	}
	shortest := r.recent[0]
	for _, d := range r.recent[1:] {
		shortest = min(shortest, d)
	}
	return shortest, true
}

// turned learns from a rollover: old ended after its last call was sent and
// before the answer o of the next window came.
func (r *rhythm) turned(old window, o observation) {
	if d := time.Duration(o.reset-old.reset) * time.Second; d > 0 {
		r.recent = append(r.recent, d)
		if len(r.recent) > recentRollovers {
			r.recent = r.recent[1:]
		}
	}
	if old.last.IsZero() {
		return
	}
	reset := time.Unix(old.reset, 0)
	seen := span{lo: old.last.Sub(reset), hi: o.got.Sub(reset)}
	if r.phase.known {
		r.phase = r.phase.widen(10 * time.Millisecond)
	}
	r.phase = r.phase.meet(seen)
}

// end is when a window ends by our clock. The header is in whole seconds, and
// Okta does not say which way it rounds; nor whether a window begins with the
// end of the one before, or with the first call after it.
func (r *rhythm) end(w window, c *oktaClock) (lo, hi time.Time) {
	reset := time.Unix(w.reset, 0)
	early, late := c.ours(reset)
	lo, hi = early.Add(-time.Second), late.Add(time.Second)
	if r.phase.known {
		plo, phi := reset.Add(r.phase.lo), reset.Add(r.phase.hi)
		if !plo.After(hi) && !phi.Before(lo) {
			lo, hi = latest(lo, plo), earliest(hi, phi)
		}
	}
	if length, learned := r.length(); learned {
		hi = latest(hi, earliest(late.Add(time.Second), w.first.Add(length)))
	}
	if w.last.After(lo) {
		lo = w.last
	}
	if hi.Before(lo) {
		hi = lo
	}
	return lo, hi
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
