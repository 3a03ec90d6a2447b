package runner

import (
	"fmt"
	"time"

	"factorbot/bot/reset"
)

// The record and the runner's own waits go by this machine's clock, which may be
// set while they last; factors, the System Log and what is compared with them go by
// Okta's clock.

// oktaTime returns what Okta's clock shows at a moment of ours.
func (s *shared) oktaTime(at time.Time) time.Time {
	ahead, _ := s.Caller.Clock()
	return at.Add(ahead)
}

// since returns the moment of Okta's clock from which on a factor counts as created
// after an attempt. Where Okta's clock is behind what it was then, as seen from ours, or
// was at any attempt of the request, one of both was set: what was created since may bear
// a time that is earlier by as much, though the clock may have been set right again.
func (b *batch) since(a reset.Attempt) time.Time {
	if a.Term != b.Pace.Term {
		return a.OktaAt // by another machine's clock, which tells nothing of ours
	}
	ahead := a.OktaAt.Sub(a.At) + clockMargin
	if now, known := b.Caller.Clock(); known {
		ahead = min(ahead, now)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if least, begun := b.ledger.Ahead(b.Pace.Term); begun {
		ahead = min(ahead, least+clockMargin)
	}
	return sinceAt(a, ahead)
}

// sinceAt returns the moment of an attempt by an Okta clock that is ahead of ours by so
// much, or what Okta's clock showed if that is not later.
func sinceAt(a reset.Attempt, ahead time.Duration) time.Time {
	if back := a.OktaAt.Sub(a.At) + clockMargin - ahead; back > clockMargin {
		return a.OktaAt.Add(-back)
	}
	return a.OktaAt
}

// knowClock asks Okta something if nothing is known of its clock yet.
func (b *batch) knowClock() error {
	if _, known := b.Caller.Clock(); known {
		return nil
	}
	if _, err := b.SystemLog.Me(b.taking); err != nil {
		return fmt.Errorf("ask Okta for its time: %w", err)
	}
	return nil
}

// elapsed returns how long ago something was that was noted at a moment, at least. What
// was noted before this run began counts from its beginning, and where the clock was
// set since, what was read from the record counts from the reading.
func (b *batch) elapsed(at time.Time) time.Duration {
	now := time.Now()
	switch {
	case at.Before(b.began):
		at = b.began
	case monotonic(at):
	case at.After(now), b.clockSet(now):
		at = b.opened
	}
	return now.Sub(at)
}

// clockSet reports whether the clock was set since this run began.
func (s *shared) clockSet(now time.Time) bool {
	wall := now.Round(0).Sub(s.began.Round(0))
	return (wall - now.Sub(s.began)).Abs() > time.Second
}

// monotonic reports whether a time was taken by this process, and so can be
// subtracted from now whichever way the clock was set.
func monotonic(t time.Time) bool { return t != t.Round(0) }

// streak is a row of events of the same kind.
type streak struct {
	n     int
	since time.Time
}

// add counts one more and returns how many there are, and since when.
func (s *streak) add(now time.Time) (n int, lasting time.Duration) {
	if s.n == 0 {
		s.since = now
	}
	s.n++
	return s.n, now.Sub(s.since)
}
