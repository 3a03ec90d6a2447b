package pacer

import (
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
