package pacer

import (
	"math"
	"time"
)

// Ceiling is how many calls per window are granted to us of a bucket, when that
// is less than the headers show.
type Ceiling struct {
	Calls float64   // per window
	Since time.Time // when it was found
}

const (
	slack        = 0.02 // of what is usable, never planned for: at exactly 100 %, jitter buys 429s
	shareMargin  = 0.95 // of what went through before a 429 that showed room
	probeEvery   = 15 * time.Minute
	hiccup       = 25 * time.Millisecond
	bareAfter    = 3           // answers without rate headers, before a bucket counts as unlimited
	firstPause   = time.Second // after a 429 that says nothing
	longestPause = time.Minute
)

// Answer is what one answer told.
type Answer struct {
	Sent, Got time.Time     // by our clock
	Date      time.Time     // by the server's clock, whole seconds; zero: it did not say
	Answered  bool          // a whole answer came, so the server has counted the call
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

// window is what is known of one window of a bucket.
type window struct {
	reset int64  // as in the header
	limit int    // calls
	used  int    // most that any answer showed, by everybody
	own   int    // answered calls of ours, the 429s not counted
	by    string // the endpoint whose answer opened it
	whole bool   // we saw it begin
	spent bool   // a 429 said that our share of it is gone
	probe bool   // one call above the ceiling may leave in it
	first time.Time
	last  time.Time // when the last answer that counted came
	ends  time.Time // the latest moment at which it ends, by our clock
}

// bucket is the pure core of the pacing of one rate limit: what is known, and when
// the next call may leave. Every method is told the time.
type bucket struct {
	name    string
	reserve float64 // 0.2: a fifth of the limit is left to others

	known    bool // an answer came
	bare     int  // served answers in a row without rate headers
	cur      window
	length   time.Duration // of a window; 0: not known
	longest  time.Duration // that a window may be, as far as distances between windows show; 0: not known
	distance time.Duration // between the last two windows that followed each other
	others   int           // what others took of the last window
	pending  int           // granted, no answer yet
	last     time.Time     // virtual time of the last grant
	paused   time.Time     // a 429: nothing before this
	silent   int           // 429s in a row that said nothing
	ceiling  Ceiling
	probing  bool      // a call above the ceiling is out
	probed   time.Time // when the last one left

	odd map[string]int // by endpoint: answers that did not fit the window
	of  string         // the bucket that it split from; "": none

	calls, throttled, probes int64
}

func (b *bucket) unlimited() bool { return b.known && b.cur.reset == 0 }

// usable is the limit without the reserve.
func (b *bucket) usable() int {
	return b.cur.limit - int(b.reserve*float64(b.cur.limit))
}

// share is how many calls of a window may be ours by the ceiling, and whether there is
// one: all that once went through, and in a window with a probe one more.
func (b *bucket) share() (calls int, is bool) {
	calls = int(math.Round(b.ceiling.Calls / shareMargin))
	if b.cur.probe {
		calls++
	}
	return calls, b.ceiling.Calls > 0
}

// left is how many more calls this window takes from us. What is in flight may
// or may not be counted in the headers yet; it is taken as not.
func (b *bucket) left() int {
	left := b.usable() - b.cur.used - b.pending
	share, is := b.share()
	if !is {
		return left
	}
	own := share - b.cur.own - b.pending
	if b.cur.probe && own == 1 && b.pending > 0 {
		own = 0 // the one above the ceiling leaves alone
	}
	return min(left, own)
}

// interval is the time between two calls at the even pace. Where the length of a window
// is not known, what is left of this one is spread over what remains of it.
func (b *bucket) interval(now time.Time) time.Duration {
	if b.length == 0 {
		return b.cur.ends.Sub(now) / time.Duration(max(b.left(), 1))
	}
	usable := float64(b.usable())
	calls := min(usable*(1-slack), usable-1) - float64(b.others)
	calls -= min(usable/60, 1) // else a call would leave just when windows change, and fall into either
	if b.ceiling.Calls > 0 {
		calls = min(calls, b.ceiling.Calls)
	}
	if b.ceiling.Calls > 0 && b.cur.probe { // fast enough for the one above to leave before the window's end
		calls = b.ceiling.Calls/shareMargin + 3
	}
	return time.Duration(float64(b.length) / max(calls, 1))
}

// roomy says whether no limit is near: none is known, or it leaves so many calls a
// second to us now, and a second's worth of them in this window.
func (b *bucket) roomy(now time.Time, perSecond int) bool {
	switch {
	case !b.known || b.paused.After(now):
		return false
	case b.unlimited():
		return true
	}
	return b.interval(now) <= time.Second/time.Duration(perSecond) && b.left() >= perSecond
}

// ready is the earliest moment at which the next call may leave; ok is false
// when that depends on an answer that is still out. A call that a person waits for
// need not keep the even pace while something is left.
func (b *bucket) ready(now time.Time, urgent bool) (at time.Time, ok bool) {
	switch {
	case b.paused.After(now):
		return b.paused, true
	case b.unlimited():
		return now, true
	case !b.known:
		return now, b.pending == 0
	}
	even := b.last.Add(b.interval(now))
	if !now.Before(b.cur.ends) { // a new window, of which nothing is known yet
		if b.length == 0 || b.pending >= b.usable() {
			return now, b.pending == 0
		}
		return even, true
	}
	switch {
	case b.cur.spent || b.left() < 1:
		return b.cur.ends, true
	case urgent:
		return now, true
	}
	return even, true
}

// grant counts a call that may leave now.
func (b *bucket) grant(now time.Time) {
	next := now
	if at, ok := b.ready(now, false); ok && b.known && !b.unlimited() && !at.Equal(b.cur.ends) {
		next = latest(at, now.Add(-hiccup))
	}
	if share, is := b.share(); is && b.cur.probe && now.Before(b.cur.ends) && b.cur.own+b.pending+1 >= share {
		b.probing, b.probed, b.cur.probe = true, now, false
	}
	b.last = next
	b.pending++
}

// release takes back a grant that was not used.
func (b *bucket) release(now time.Time) {
	b.pending--
	if b.probing && b.pending == 0 {
		b.probing = false
	}
	if b.known && !b.unlimited() {
		b.last = b.last.Add(-b.interval(now))
	}
}

// take takes in what an answer told.
func (b *bucket) take(endpoint string, a Answer) {
	b.calls++
	probe := b.probing
	b.probing = false
	if a.Throttled {
		b.refused(a, probe)
	}
	switch {
	case !a.Answered:
		b.cur.used++ // it may have been counted
	case a.Crowded():
	case a.Rated:
		b.rated(endpoint, a, probe)
	default:
		b.unrated(a)
	}
}

// refused counts a 429, and waits as long as it says, whatever window it is of.
func (b *bucket) refused(a Answer, probe bool) {
	if probe && a.Rated && !a.Crowded() {
		b.probes++
	} else {
		b.throttled++
	}
	if !a.Rated || a.Crowded() {
		return
	}
	until := a.ends()
	if until.Sub(a.Got) < firstPause {
		until = a.Got.Add(firstPause)
	}
	b.paused = latest(b.paused, until)
}

// unrated takes an answer without rate headers: a gateway's, or a server without limits.
func (b *bucket) unrated(a Answer) {
	if a.Throttled {
		pause := a.Retry
		if pause <= 0 {
			pause = min(firstPause<<min(b.silent, 6), longestPause)
			b.silent++
		}
		b.paused = latest(b.paused, a.Got.Add(pause))
		return
	}
	if !a.Served {
		return
	}
	b.silent = 0
	b.bare++
	if !b.known || b.bare >= bareAfter {
		b.known, b.cur, b.length, b.longest, b.distance, b.others = true, window{}, 0, 0, 0, 0
	}
}

// rated takes an answer with rate headers.
func (b *bucket) rated(endpoint string, a Answer, probe bool) {
	b.bare, b.silent = 0, 0
	used := a.Limit - a.Remaining
	switch {
	case !b.known || b.cur.reset == 0:
		b.known = true
		b.begin(endpoint, a)
	case a.Reset > b.cur.reset && a.Reset-b.cur.reset <= 1 && used > b.cur.used && !a.Throttled:
		b.cur.reset = a.Reset // a server whose windows slide counts on
		b.cur.ends = a.ends()
	case a.Reset > b.cur.reset:
		b.roll(endpoint, a)
	case a.Reset < b.cur.reset:
		return // of a window that is over
	}
	w := &b.cur
	w.ends = earliest(w.ends, a.ends())
	if b.longest > 0 { // it had begun when its first answer came
		w.ends = earliest(w.ends, w.first.Add(b.longest))
	}
	if a.Throttled {
		b.spend(a)
		return
	}
	w.limit, w.used, w.own, w.last = a.Limit, max(w.used, used), w.own+1, latest(w.last, a.Got)
	if probe && b.ceiling.Calls > 0 {
		b.ceiling = Ceiling{Since: a.Got} // the share was raised: the headers decide again
	}
}

// begin makes the answer's window the present one.
func (b *bucket) begin(endpoint string, a Answer) {
	b.cur = window{reset: a.Reset, limit: a.Limit, by: endpoint, whole: a.Limit-a.Remaining <= 1, first: a.Got, last: a.Got, ends: a.ends()}
	if b.length == 0 && b.cur.whole {
		b.length = time.Unix(a.Reset, 0).Sub(a.date().Truncate(time.Second))
	}
}

// roll learns from the window that is over and begins the answer's.
func (b *bucket) roll(endpoint string, a Answer) {
	old := b.cur
	distance := time.Duration(a.Reset-old.reset) * time.Second
	remains := time.Unix(a.Reset, 0).Sub(a.date().Truncate(time.Second))
	followed := distance <= remains+2*time.Second // else we may have missed some
	if followed {
		b.length = min(distance, remains+time.Second)
		if b.distance > 0 {
			b.length, b.longest = min(b.length, b.distance), max(distance, b.distance)
		}
		b.distance = distance
	}
	b.others = 0
	if spent := min(1, float64(old.last.Sub(old.first))/float64(max(b.length, 1))); old.whole && spent > 0.1 {
		b.others = int(float64(max(old.used-old.own, 0)) / spent)
	}
	b.begin(endpoint, a)
	b.cur.whole = followed || b.cur.whole
	b.cur.probe = b.ceiling.Calls > 0 && b.cur.whole && a.Got.Sub(latest(b.probed, b.ceiling.Since)) >= probeEvery
	if a.Throttled && a.Limit < old.limit {
		b.cur.limit = old.limit // a share's
	}
}

// spend takes a 429 of the present window. One that shows room left, or a limit
// below the bucket's, means a share of ours (a token has half of each bucket by
// default): the ceiling becomes a little less than what had gone through in this
// window. A window that we did not see from its start is only sat out.
func (b *bucket) spend(a Answer) {
	w := &b.cur
	if room := a.Remaining > 0 || a.Limit > 0 && a.Limit < w.limit; !room {
		w.used = max(w.used, w.limit)
		return
	}
	first := !w.spent
	w.spent = true
	if first && w.whole && w.own > 0 {
		b.ceiling = Ceiling{Calls: math.Max(shareMargin*float64(w.own), 1), Since: a.Got}
	}
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
