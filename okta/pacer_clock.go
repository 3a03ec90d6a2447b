package okta

import "time"

// span is an interval of durations that holds a true value: lo <= v <= hi.
type span struct {
	lo, hi time.Duration
	known  bool
}

// meet narrows s by what another observation allows. Observations that
// contradict each other mean that the truth has moved: the newer one wins.
func (s span) meet(o span) span {
	if !s.known {
		o.known = true
		return o
	}
	m := span{lo: max(s.lo, o.lo), hi: min(s.hi, o.hi), known: true}
	if m.lo > m.hi {
		o.known = true
		return o
	}
	return m
}

// widen makes room for drift.
func (s span) widen(by time.Duration) span {
	s.lo -= by
	s.hi += by
	return s
}

func (s span) middle() time.Duration { return s.lo + (s.hi-s.lo)/2 }

// drift is how far two clocks are let wander apart: 100 ppm, more than any
// working crystal.
const drift = 10000

// oktaClock is how far Okta's clock is ahead of ours. A Date header names a
// whole second, so one answer tells it to within a second and the call's
// duration; what many answers allow together is much narrower.
type oktaClock struct {
	offset span
	at     time.Time // of the last observation
}

// observe takes in that an answer dated date (whole seconds, cut off) was made
// between sent and got by our clock.
func (c *oktaClock) observe(sent, got, date time.Time) {
	if date.IsZero() {
		return
	}
	o := span{lo: date.Sub(got), hi: date.Add(time.Second).Sub(sent)}
	if c.offset.known {
		c.offset = c.offset.widen(max(got.Sub(c.at), 0) / drift)
	}
	c.offset = c.offset.meet(o)
	c.at = got
}

// ours turns a moment of Okta's clock into the earliest and latest moment of ours.
func (c *oktaClock) ours(t time.Time) (lo, hi time.Time) {
	if !c.offset.known {
		return t, t
	}
	return t.Add(-c.offset.hi), t.Add(-c.offset.lo)
}
