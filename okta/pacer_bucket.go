package okta

import (
	"math"
	"time"
)

// Shares and waits of the pacing. The slack is a hair: at exactly 100 % of a
// limit, jitter buys 429s.
const (
	slack         = 0.02 // of what is usable, never planned for
	smallLimit    = 20
	shareMargin   = 0.95      // of what went through before a 429 that showed room
	ceilingHolds  = time.Hour // before a found ceiling is tried upwards
	ceilingProbe  = 1.05      // how far
	hiccup        = 25 * time.Millisecond
	bareAfter     = 3                      // answers without rate headers, before a bucket counts as unlimited
	shortestPause = 100 * time.Millisecond // of a window that should be over by now
	firstPause    = time.Second            // after a 429 that says nothing
	longestPause  = time.Minute
)

// bucket is the pure core of the pacing of one rate-limit bucket: what is
// known, and when the next call may leave. Every method is told the time.
type bucket struct {
	name    string
	reserve float64 // 0.2: a fifth of the limit is left to others

	known   bool // an answer came
	bare    int  // served answers in a row without rate headers
	cur     window
	prev    window
	rhythm  rhythm
	pending int       // granted, no answer yet
	last    time.Time // virtual time of the last grant
	paused  time.Time // a 429: nothing before this
	strikes int       // 429s in a row that gave no reset
	ceiling Ceiling

	calls, throttled int64
}

func (b *bucket) unlimited() bool { return b.known && b.cur.reset == 0 }

// roomy says whether no limit is near: none is known, or it leaves so many calls a
// second to us now, and a second's worth of them in this window.
func (b *bucket) roomy(now time.Time, c *oktaClock, perSecond float64) bool {
	if !b.known || b.paused.After(now) {
		return false
	}
	if b.unlimited() {
		return true
	}
	rate, _ := b.rate(now, c)
	return rate >= perSecond && b.left() >= perSecond
}

// ready is the earliest moment at which the next call may leave; ok is false
// when that depends on an answer that is still out.
func (b *bucket) ready(now time.Time, c *oktaClock) (at time.Time, ok bool) {
	if b.paused.After(now) {
		return b.paused, true
	}
	if !b.known {
		return now, b.pending == 0
	}
	if b.unlimited() {
		return now, true
	}
	rate, until := b.rate(now, c)
	if rate <= 0 {
		return until, true
	}
	return b.last.Add(interval(rate)), true
}

func interval(rate float64) time.Duration {
	return time.Duration(float64(time.Second) / rate)
}

// rate is how many calls a second may leave now. None: until says when to look again.
//
// The even rate, a window's usable calls over its length, is right whatever
// the window's phase. What is left of this window corrects it: it must last
// until the earliest moment at which the window may end (slower, when others
// use the bucket too), and should be used by the latest (faster, when we came late).
func (b *bucket) rate(now time.Time, c *oktaClock) (perSecond float64, until time.Time) {
	length, learned := b.rhythm.length()
	even := b.even(length)
	lo, hi := b.rhythm.end(b.cur, c)
	if !now.Before(hi) {
		if float64(b.pending) >= b.usable() {
			return 0, now.Add(interval(even))
		}
		return even, time.Time{}
	}
	if b.cur.spent || b.left() < 1+b.held() {
		return 0, hi
	}
	room := b.left() - b.held() - b.expected(hi.Sub(now), length)
	room = math.Max(room, 0)
	r := math.Max(even, b.hurry(room, hi.Sub(now), even, learned))
	if now.Before(lo) {
		r = math.Min(r, room/lo.Sub(now).Seconds())
	}
	if r <= 1e-6 {
		return 0, lo
	}
	return r, time.Time{}
}

// hurry is the rate that uses up the room by the latest end. Once the length
// is known it is at most twice the even rate: late starters need not burst.
func (b *bucket) hurry(room float64, left time.Duration, even float64, learned bool) float64 {
	r := room / math.Max(left.Seconds(), 1e-3)
	if learned {
		r = math.Min(r, 2*even)
	}
	return r
}

// even is the rate over a whole window.
func (b *bucket) even(length time.Duration) float64 {
	calls := b.usable()*(1-slack) - float64(b.prev.usual())
	if b.ceiling.Calls > 0 {
		calls = math.Min(calls, b.ceiling.Calls)
	}
	return math.Max(calls, 1) / length.Seconds()
}

// held is how many calls are never sent in a window, for when its end is
// misjudged by a call or two. A small limit has none to spare.
func (b *bucket) held() float64 {
	if b.usable() < smallLimit {
		return 0
	}
	return math.Max(math.Round(slack*b.usable()), 1)
}

// usable is the limit without the reserve.
func (b *bucket) usable() float64 {
	return float64(b.cur.limit) - math.Floor(b.reserve*float64(b.cur.limit))
}

// left is how many more calls this window takes from us. What is in flight may
// or may not be counted in the headers yet; it is taken as not.
func (b *bucket) left() float64 {
	left := b.usable() - float64(b.cur.used+b.pending)
	if b.ceiling.Calls > 0 {
		left = math.Min(left, math.Floor(b.ceiling.Calls)-float64(b.cur.own+b.pending))
	}
	return left
}

// expected is what others will still take of this window, if they go on as in the last.
func (b *bucket) expected(left, length time.Duration) float64 {
	usual := float64(b.prev.usual())
	soFar := float64(max(b.cur.others()-b.pending, 0))
	share := math.Min(left.Seconds()/length.Seconds(), 1)
	return math.Max(math.Min(usual-soFar, usual*share), 0)
}

// grant counts a call that may leave now.
func (b *bucket) grant(now time.Time, c *oktaClock) {
	next := now
	if at, ok := b.ready(now, c); ok && b.known && !b.unlimited() {
		next = latest(at, now.Add(-hiccup))
	}
	b.last = next
	b.pending++
}

// unsend takes back a grant that was not used.
func (b *bucket) unsend(now time.Time) {
	b.pending--
	if !b.known || b.unlimited() {
		return
	}
	length, _ := b.rhythm.length()
	b.last = b.last.Add(-interval(b.even(length)))
}

// answer takes in what came of a granted call.
func (b *bucket) answer(o observation, c *oktaClock) {
	b.pending--
	b.calls++
	if o.throttled {
		b.throttled++
	}
	switch {
	case !o.answered:
		b.cur.used++ // Okta may have counted it
	case o.concurrent():
	case o.rated:
		b.rated(o, c)
	default:
		b.unrated(o)
	}
}

// unrated takes an answer without rate headers: a gateway's, or an org without limits.
func (b *bucket) unrated(o observation) {
	if o.throttled {
		pause := o.retry
		if pause <= 0 {
			pause = min(firstPause<<min(b.strikes, 6), longestPause)
			b.strikes++
		}
		b.paused = latest(b.paused, o.got.Add(pause))
		return
	}
	if !o.served {
		return
	}
	b.strikes = 0
	b.bare++
	if !b.known || b.bare >= bareAfter {
		b.known, b.cur, b.prev, b.rhythm = true, window{}, window{}, rhythm{}
	}
}

// rated takes an answer with rate headers.
func (b *bucket) rated(o observation, c *oktaClock) {
	b.bare, b.strikes = 0, 0
	switch {
	case !b.known || b.cur.reset == 0:
		b.known = true
		b.cur = begin(o)
	case o.reset > b.cur.reset:
		b.roll(o)
	case o.reset < b.cur.reset:
		b.late(o)
		return
	}
	if o.throttled {
		b.refused(&b.cur, o, c)
	}
	b.cur.take(o)
}

// roll begins a new window, unless only the header has moved: a server whose
// windows slide counts on.
func (b *bucket) roll(o observation) {
	used := o.limit - o.remaining
	if o.reset-b.cur.reset <= 1 && used > b.cur.used && !o.throttled {
		b.cur.reset = o.reset
		return
	}
	b.rhythm.turned(b.cur, o)
	b.prev = b.cur
	b.cur = begin(o)
	b.cur.whole = true
	if o.throttled && o.limit < b.prev.limit {
		b.cur.limit = b.prev.limit
	}
}

// late takes an answer of a window that is over.
func (b *bucket) late(o observation) {
	if o.reset == b.prev.reset {
		b.prev.take(o)
	}
}

// refused takes a 429. One that shows room left, or a limit below the bucket's,
// means a share of ours (a token has half of each bucket by default): the
// ceiling becomes a little less than what had gone through in this window.
// A window that we did not see from its start is only sat out.
func (b *bucket) refused(w *window, o observation, c *oktaClock) {
	room := o.remaining > 0 || (o.limit < w.limit && o.limit > 0)
	_, until := b.rhythm.end(*w, c)
	if until.Sub(o.got) < shortestPause {
		until = o.got.Add(firstPause)
	}
	b.paused = latest(b.paused, until)
	if !room {
		w.used = max(w.used, w.limit)
		return
	}
	first := !w.spent
	w.spent = true
	if first && w.whole && w.own > 0 {
		b.ceiling = Ceiling{Calls: math.Max(shareMargin*float64(w.own), 1), Since: o.got}
	}
}

// probe lets a ceiling that has held for an hour rise a little, and go when it
// has reached the limit. It says whether the ceiling changed.
func (b *bucket) probe(now time.Time) bool {
	if b.ceiling.Calls <= 0 || now.Sub(b.ceiling.Since) < ceilingHolds {
		return false
	}
	b.ceiling = Ceiling{Calls: b.ceiling.Calls * ceilingProbe, Since: now}
	if b.known && b.ceiling.Calls >= float64(b.cur.limit) {
		b.ceiling = Ceiling{Since: now}
	}
	return true
}
