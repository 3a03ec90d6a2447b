package wire

import (
	"sync"
	"time"
)

// drift is how far two clocks are let wander apart: 100 ppm, more than any
// working crystal.
const drift = 10000

// Clock is how far Okta's clock is ahead of ours, as an interval that holds
// the true value. A Date header names a whole second, so one answer tells it to
// within a second and the call's duration; many answers together tell it to a
// fraction of that. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	lo, hi time.Duration
	known  bool
	at     time.Time // of the last observation
}

// Observe takes in that an answer dated date (whole seconds, cut off) was made
// between sent and got by our clock. One that contradicts the others means that a
// clock was set: the newer one wins.
func (c *Clock) Observe(sent, got, date time.Time) {
	if date.IsZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	slack := max(got.Sub(c.at), 0) / drift
	seenLo, seenHi := date.Sub(got), date.Add(time.Second).Sub(sent)
	lo, hi := max(c.lo-slack, seenLo), min(c.hi+slack, seenHi)
	if !c.known || lo > hi {
		lo, hi = seenLo, seenHi
	}
	c.lo, c.hi, c.known, c.at = lo, hi, true, got
}

// Offset is Okta's clock minus ours; ok is false before the first answer. It is right
// at once where our clock was set since the last answer.
func (c *Clock) Offset() (d time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	return c.lo + (c.hi-c.lo)/2 - stepped(now.Round(0).Sub(c.at.Round(0)), now.Sub(c.at)), c.known
}

// stepped is by how much our clock was set while so much passed by the wall clock
// and by the monotonic one. While a machine sleeps only the former goes on: that
// looks like a step, too, and names an earlier moment of Okta's than it is.
func stepped(wall, monotonic time.Duration) time.Duration {
	if d := wall - monotonic; d.Abs() > 100*time.Millisecond {
		return d
	}
	return 0
}
