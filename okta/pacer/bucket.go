package pacer

import (
	"cmp"
	"math"
	"time"
)

// Ceiling is how many calls per window are granted to us of a bucket, when that
// is less than the headers show.
type Ceiling struct {
	Calls float64   // per window
	Since time.Time // when it was found, or when a call above it last left
}

const (
	slack        = 0.02 // of what is usable, never planned for: at exactly 100 %, jitter buys 429s
	edge         = 0.9  // calls of a window, too: one would leave just when windows change, and fall into either
	shareMargin  = 0.95 // of what went through before a 429 that showed room
	probeEvery   = 15 * time.Minute
	hiccup       = 25 * time.Millisecond // by which a call that left late may be caught up with
	firstPause   = time.Second           // after a 429 that says nothing
	longestPause = time.Minute
	unratedRun   = 3 // served answers without a limit, and through a whole window: there is none
)

// window is what is known of one window of a bucket.
type window struct {
	reset int64  // as in the header
	limit int    // calls
	used  int    // most that any answer showed, by everybody
	own   int    // answered calls of ours, the 429s not counted
	by    string // the kind of call whose answer opened it
	whole bool   // we saw it begin
	probe bool   // one call above the ceiling may leave in it
	ends  time.Time
}

// bucket is the pure core of the pacing of one rate limit: what is known, and when
// the next call may leave. Every method is told the time.
type bucket struct {
	name    string
	reserve float64 // 0.2: a fifth of the limit is left to others

	known   bool // an answer came
	silent  int  // 429s in a row that said nothing
	unrated int  // served answers in a row, after the window's end, that showed no limit
	cur     window
	length  time.Duration // of a window; 0: not known
	pending int           // granted, no answer yet
	last    time.Time     // when the last call was due at the even pace
	paused  time.Time     // a 429: nothing before this
	ceiling Ceiling

	odd map[string]int // by kind of call: answers that did not fit the window
	of  string         // the bucket that it split from; "": none

	throttled, probes int64
	answers           map[string]int64 // by class
	turns             int64
	waited            time.Duration
}

func (b *bucket) unlimited() bool { return b.known && b.cur.reset == 0 }

// usable is the limit without the reserve.
func (b *bucket) usable() int {
	return b.cur.limit - int(b.reserve*float64(b.cur.limit))
}

// share is how many calls of a window are ours by the ceiling: all that once went through.
func (b *bucket) share() int { return int(math.Round(b.ceiling.Calls / shareMargin)) }

// left is how many more calls this window takes from us. What is in flight may or may
// not be counted in the headers yet; it is taken as not.
func (b *bucket) left() int {
	left := b.usable() - b.cur.used - b.pending
	if b.ceiling.Calls == 0 {
		return left
	}
	own := b.share() - b.cur.own - b.pending
	if b.cur.probe && own == 0 && b.pending == 0 {
		own = 1 // the one above the ceiling leaves alone
	}
	return min(left, own)
}

// interval is the time between two calls: what is usable, spread evenly over a window.
// What is left of this one is spread over what remains of it where that is slower and
// others use the bucket, or where the length of a window is not known.
func (b *bucket) interval(now time.Time) time.Duration {
	calls := (1-slack)*float64(b.usable()) - edge
	switch {
	case b.ceiling.Calls == 0:
	case b.cur.probe: // fast enough for the one above to leave before the window's end
		calls = min(calls, b.ceiling.Calls/shareMargin+3)
	default:
		calls = min(calls, b.ceiling.Calls)
	}
	even := time.Duration(float64(b.length) / max(calls, 1))
	if others := b.cur.used - b.cur.own - b.pending; b.length == 0 || others > 0 {
		return max(even, b.cur.ends.Sub(now)/time.Duration(max(b.left(), 1)))
	}
	return even
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
	case !now.Before(b.cur.ends): // a new window, of which nothing is known yet
		if b.length == 0 {
			return now, b.pending == 0
		}
	case b.left() < 1:
		return b.cur.ends, true
	case urgent:
		return now, true
	}
	return b.last.Add(b.interval(now)), true
}

// grant counts a call that may leave now.
func (b *bucket) grant(now time.Time) {
	b.last = latest(b.last.Add(b.interval(now)), now.Add(-hiccup))
	b.pending++
	if b.cur.probe && b.cur.own+b.pending > b.share() {
		b.ceiling.Since = now
	}
}

// release takes back a grant that was not used.
func (b *bucket) release(now time.Time) {
	b.pending--
	b.last = b.last.Add(-b.interval(now))
}

// observe takes in what an answer told. Where it is not of this window, only that it was a 429 counts.
func (b *bucket) observe(kind string, a Answer, ofWindow bool) {
	if a.Throttled {
		b.refused(a, ofWindow)
	}
	switch {
	case !ofWindow || a.Crowded():
	case a.Rated:
		b.rated(kind, a)
	case a.Served && !a.Got.Before(b.cur.ends): // one with a limit is paced by it meanwhile
		b.unrated++
		if never := b.cur.reset == 0; never || b.unrated >= unratedRun && !a.Got.Before(b.cur.ends.Add(cmp.Or(b.length, longestPause))) {
			b.known, b.cur, b.length, b.silent = true, window{}, 0, 0
		}
	}
}

// refused counts a 429, and waits as long as it says, whatever window it is of. One that
// says nothing, a gateway's, is waited for longer each time.
func (b *bucket) refused(a Answer, ofWindow bool) {
	b.unrated = 0
	if ofWindow && b.cur.probe && b.cur.reset == a.Reset && b.cur.own >= b.share() {
		b.probes++
	} else {
		b.throttled++
	}
	wait := a.Retry
	switch {
	case a.Crowded(): // what helps is fewer calls at once: concurrency sees to it
		wait = 0
	case a.Rated:
		wait = max(a.ends().Sub(a.Got), firstPause)
	case wait == 0:
		wait = min(firstPause<<min(b.silent, 6), longestPause)
		b.silent++
	}
	b.paused = latest(b.paused, a.Got.Add(wait))
}

// rated takes an answer with rate headers.
func (b *bucket) rated(kind string, a Answer) {
	b.silent, b.unrated = 0, 0
	used := a.Limit - a.Remaining
	w := &b.cur
	switch {
	case a.Reset < w.reset-1:
		return // of a window that is over
	case a.Reset <= w.reset:
	case a.Reset == w.reset+1 && (b.length > time.Second || used > w.used): // rounded another way, or of a window that slides
		w.reset, w.ends = a.Reset, a.ends()
	default:
		b.roll(kind, a)
	}
	if a.ends().Before(w.ends) {
		w.ends = a.ends()
	}
	if !a.Throttled {
		w.limit, w.used, w.own = a.Limit, max(w.used, used), w.own+1
		if w.probe && w.own > b.share() {
			b.ceiling, w.probe = Ceiling{Since: a.Got}, false // the share was raised: the headers decide again
		}
		return
	}
	// A 429 that shows room left, or a limit below the bucket's, means a share of ours (a
	// token has half of each bucket by default). A window that we did not see from its
	// start teaches nothing.
	if room := a.Remaining > 0 || a.Limit < w.limit; room && w.whole && w.own > 0 {
		b.ceiling = Ceiling{Calls: math.Max(shareMargin*float64(w.own), 1), Since: a.Got}
	}
}

// roll begins the answer's window, and learns the length of one: it is the distance
// between two that follow each other, or what remained when the first began.
func (b *bucket) roll(kind string, a Answer) {
	remains := time.Unix(a.Reset, 0).Sub(a.date().Truncate(time.Second))
	whole := a.Limit-a.Remaining <= 1
	switch distance := time.Duration(a.Reset-b.cur.reset) * time.Second; {
	case b.cur.reset > 0 && distance <= remains+2*time.Second: // else we may have missed some
		b.length, whole = distance, true
	case b.length == 0 && whole:
		b.length = remains
	}
	b.known = true
	b.cur = window{reset: a.Reset, limit: a.Limit, by: kind, whole: whole, ends: a.ends()}
	b.cur.probe = b.ceiling.Calls > 0 && whole && a.Got.Sub(b.ceiling.Since) >= probeEvery
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
