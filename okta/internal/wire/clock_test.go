package wire

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A clock that was set since the last answer does not move what is known of the
// server's: an attempt that is noted too late would take a new factor for an old one.
func TestStepped(t *testing.T) {
	for _, c := range []struct{ wall, monotonic, want time.Duration }{
		{time.Second, time.Second, 0},
		{time.Second + 5*time.Millisecond, time.Second, 0},
		{2*time.Minute + time.Second, time.Second, 2 * time.Minute},
		{time.Second - 3*time.Minute, time.Second, -3 * time.Minute},
	} {
		if got := stepped(c.wall, c.monotonic); got != c.want {
			t.Errorf("%v by the wall clock, %v by the other: %v, want %v", c.wall, c.monotonic, got, c.want)
		}
	}
}

// TestClock: many whole-second dates tell the offset to a fraction of a second.
func TestClock(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, offset := range []time.Duration{0, 730 * time.Millisecond, -5300 * time.Millisecond, time.Hour} {
		c := &Clock{}
		at := time.Unix(1800000000, 0)
		for range 200 {
			at = at.Add(time.Duration(r.IntN(300)) * time.Millisecond)
			there, back := time.Duration(r.IntN(40))*time.Millisecond, time.Duration(r.IntN(40))*time.Millisecond
			c.Observe(at, at.Add(there+back), at.Add(there+offset).Truncate(time.Second))
		}
		if c.lo > offset || c.hi < offset || c.hi-c.lo > 150*time.Millisecond {
			t.Errorf("%v is taken for %v to %v", offset, c.lo, c.hi)
		}
		at = at.Add(time.Minute) // our clock is set
		for range 200 {
			at = at.Add(time.Duration(r.IntN(300)) * time.Millisecond)
			c.Observe(at, at.Add(10*time.Millisecond), at.Add(offset+3*time.Second).Truncate(time.Second))
		}
		if d := c.lo + (c.hi-c.lo)/2 - offset - 3*time.Second; d.Abs() > 100*time.Millisecond {
			t.Errorf("after the clock was set it is wrong by %v", d)
		}
	}
}
