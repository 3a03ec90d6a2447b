package pacer

import "time"

// drift is how far two clocks are let wander apart: 100 ppm, more than any
// working crystal.
const drift = 10000

// clock is how far the server's clock is ahead of ours, as an interval that holds
// the true value. A Date header names a whole second, so one answer tells it to
// within a second and the call's duration; many answers together tell it to a
// fraction of that.
type clock struct {
	lo, hi time.Duration
	known  bool
	at     time.Time // of the last observation
}

// observe takes in that an answer dated date (whole seconds, cut off) was made
// between sent and got by our clock. One that contradicts the others means that a
// clock was set: the newer one wins.
func (c *clock) observe(sent, got, date time.Time) {
	if date.IsZero() {
		return
	}
	slack := max(got.Sub(c.at), 0) / drift
	seenLo, seenHi := date.Sub(got), date.Add(time.Second).Sub(sent)
	lo, hi := max(c.lo-slack, seenLo), min(c.hi+slack, seenHi)
	if !c.known || lo > hi {
		lo, hi = seenLo, seenHi
	}
	c.lo, c.hi, c.known, c.at = lo, hi, true, got
}

func (c *clock) offset() time.Duration { return c.lo + (c.hi-c.lo)/2 }

// stepped is by how much our clock was set while so much passed by the wall clock
// and by the monotonic one. While a machine sleeps only the former goes on: that
// looks like a step, too, and names an earlier moment of the server's than it is.
func stepped(wall, monotonic time.Duration) time.Duration {
	if d := wall - monotonic; d.Abs() > 100*time.Millisecond {
		return d
	}
	return 0
}
