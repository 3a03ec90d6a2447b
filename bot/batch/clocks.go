package batch

import (
	"time"

	"factorbot/bot/reset"
)

// clocks compares this machine's clock with Okta's. The record and the batch's own
// waits go by this machine's clock, which may be set while they last; factors, the
// System Log and what is compared with them go by Okta's clock.
type clocks struct {
	okta     Okta
	least    func(term int64) (ahead time.Duration, known bool) // by the journal: see reset.Ledger.Ahead
	term     int64                                              // of the record, ours
	began    time.Time                                          // when this run of the bot began
	opened   time.Time                                          // when the journal was read
	restored time.Time                                          // when the backup was made that the record was restored from, by our clock; zero: it was not
	asOf     time.Time                                          // the same by Okta's clock; zero: not known
}

// ofOkta returns what Okta's clock shows at a moment of ours.
func (c *clocks) ofOkta(at time.Time) time.Time {
	ahead, _ := c.okta.Clock()
	return at.Add(ahead)
}

// since returns the moment of Okta's clock from which on a factor counts as created
// after an attempt. Where Okta's clock is behind what it was then, as seen from ours, or
// was at any attempt of the request, one of both was set: what was created since may bear
// a time that is earlier by as much, though the clock may have been set right again.
func (c *clocks) since(a reset.Attempt) time.Time {
	if a.Term != c.term {
		return a.OktaAt // by another machine's clock, which tells nothing of ours
	}
	ahead := a.OktaAt.Sub(a.At) + ClockMargin
	if now, known := c.okta.Clock(); known {
		ahead = min(ahead, now)
	}
	if least, begun := c.least(c.term); begun {
		ahead = min(ahead, least+ClockMargin)
	}
	return sinceAt(a, ahead)
}

// calledAt returns the moment of Okta's clock at which an attempt was made, at the latest,
// as both clocks are now.
func (c *clocks) calledAt(a reset.Attempt) time.Time {
	called := a.OktaAt
	if ahead, known := c.okta.Clock(); known && a.Term == c.term {
		called = sinceAt(a, ahead)
	}
	return called.Add(ClockMargin)
}

// sinceAt returns the moment of an attempt by an Okta clock that is ahead of ours by so
// much, or what Okta's clock showed if that is not later.
func sinceAt(a reset.Attempt, ahead time.Duration) time.Time {
	if back := a.OktaAt.Sub(a.At) + ClockMargin - ahead; back > ClockMargin {
		return a.OktaAt.Add(-back)
	}
	return a.OktaAt
}

// restoredMargin is how much earlier than the backup a call may count as sent since.
const restoredMargin = 5 * time.Second

// restoredFrom returns when the backup was made that the record was restored from, by
// Okta's clock. One that names its moment by the clock of a machine alone, which may
// have been set since, is as old as what is known of both clocks allows.
func (c *clocks) restoredFrom() (at time.Time, restored bool) {
	switch {
	case c.restored.IsZero():
		return at, false
	case !c.asOf.IsZero():
		return c.asOf.Add(-restoredMargin), true
	}
	ahead, _ := c.okta.Clock()
	if then, known := c.least(c.term); known {
		ahead = min(ahead, then+ClockMargin)
	}
	return c.restored.Add(ahead - restoredMargin), true
}

// firstCall returns the earliest moment of Okta's clock at which the bot may have begun
// with a target; zero: it has not.
func (c *clocks) firstCall(p reset.Progress) time.Time {
	began := p.Began
	for _, a := range []*reset.Attempt{p.First, p.Open} {
		if a == nil {
			continue
		}
		if since := c.since(*a); since.Before(began) {
			began = since
		}
	}
	if since, restored := c.restoredFrom(); restored && (began.IsZero() || since.Before(began)) {
		began = since // the bot may have begun with a record that is lost
	}
	return began
}

// elapsed returns how long ago something was that was noted at a moment, at least. What
// was noted before this run began counts from its beginning, and where the clock was
// set since, what was read from the record counts from the reading.
func (c *clocks) elapsed(at time.Time) time.Duration {
	now := time.Now()
	switch {
	case at.Before(c.began):
		at = c.began
	case monotonic(at):
	case at.After(now), c.wasSet(now):
		at = c.opened
	}
	return now.Sub(at)
}

// wasSet reports whether this machine's clock was set since this run began.
func (c *clocks) wasSet(now time.Time) bool {
	wall := now.Round(0).Sub(c.began.Round(0))
	return (wall - now.Sub(c.began)).Abs() > time.Second
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
