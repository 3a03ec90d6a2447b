package pacer

import (
	"context"
	"errors"
	"slices"
	"time"
)

// ErrLate says that a call was not let go, because it was too late for it or
// because a limit has shown itself since it was granted.
var ErrLate = errors.New("pacer: too late")

// mode is how a grant stands to the calls at once.
type mode int

const (
	placed  mode = iota + 1 // it has a place
	standby                 // it gets one when it leaves
	shared                  // it uses another grant's
)

const (
	crowdedPause = 250 * time.Millisecond
	growEvery    = 5 * time.Second

	// Where answers are quicker than quickAnswer and a limit leaves hasSlack calls a
	// second to us, up to mostStandby grants are given without a place: while a call
	// is recorded on disk nothing is sent, and places would be held by those who
	// write. Without it, 10,000 resets that no limit paces run at 0.63 of the rate.
	quickAnswer   = 20 * time.Millisecond
	mostStandby   = 120
	standbyWait   = 500 * time.Millisecond // the last of them waits for its place, at most
	hasSlack      = 1000
	standbyInARow = 16 // get a place before another call does, if one waits
)

// concurrency is how many calls may run at once: all that were configured, fewer
// for a while after the server said that too many run. That 429 carries a reset a
// minute away which means nothing: what helps is fewer calls at once.
type concurrency struct {
	most     int // configured
	now      int // at this moment
	inFlight int
	paused   time.Time // nothing leaves before this
	streak   int       // cuts without a success between them
	changed  time.Time
	crowded  int64

	standby  int        // grants without a place
	starting []*starter // their calls that are about to leave
	inARow   int
	usual    time.Duration // what an answer takes of late; 0: nothing is known
}

// starter is a call that waits for its place, its record made.
type starter struct {
	grant *Grant
	in    chan struct{} // closed with the place
}

// answer takes in one answer.
func (c *concurrency) answer(a Answer) {
	switch {
	case a.Crowded():
		c.crowded++
		if a.Sent.After(c.changed) { // else it left before the last cut, which was for it, too
			c.now = max(min(c.now, c.inFlight+1)/2, 1)
			c.streak++
		}
		c.paused = latest(c.paused, a.Got.Add(crowdedPause<<min(max(c.streak-1, 0), 5)))
		c.changed = a.Got
	case a.Served:
		c.streak = 0
		if c.now < c.most && a.Got.Sub(c.changed) >= growEvery {
			c.now++
			c.changed = a.Got
		}
	}
	took := max(a.Got.Sub(a.Sent), 1)
	switch {
	case !a.Served || took > quickAnswer:
		c.usual = max(c.usual, took, 2*quickAnswer)
	case c.usual == 0:
		c.usual = took
	default:
		c.usual += (took - c.usual) / 8
	}
}

// onStandby is how many grants of the bucket may be without a place. p.mu is held.
func (p *Pacer) onStandby(b *bucket, now time.Time) int {
	c := &p.calls
	if c.usual <= 0 || c.usual > quickAnswer || c.now != c.most || !b.roomy(now, hasSlack) {
		return 0
	}
	return int(min(mostStandby, time.Duration(c.most)*standbyWait/c.usual))
}

// room finds what a waiter's grant could have of the places. p.mu is held.
func (p *Pacer) room(w *waiter, now time.Time) (mode, bool) {
	c := &p.calls
	if w.lane == held {
		return shared, true
	}
	if w.slot {
		if n := p.onStandby(w.bucket, now); n > 0 {
			return standby, c.standby < n
		}
	}
	free := c.inFlight < c.now
	return placed, free && (len(c.starting) == 0 || w.lane == Urgent || c.inARow >= standbyInARow)
}

// enter books what a grant has.
func (c *concurrency) enter(m mode) {
	switch m {
	case standby:
		c.standby++
	case placed:
		c.inFlight++
		c.inARow = 0
	}
}

// leave gives it back.
func (c *concurrency) leave(m mode) {
	switch m {
	case standby:
		c.standby--
	case placed:
		c.inFlight--
	}
}

// startWaiting gives places to the calls that are leaving, before anybody else gets a
// grant, but for calls that a person waits for and one of many others. p.mu is held.
func (p *Pacer) startWaiting(now time.Time) {
	c := &p.calls
	for len(c.starting) > 0 && c.inFlight < c.now && !c.paused.After(now) {
		if w := p.next(now); w != nil && w.mode == placed && (w.lane == Urgent || c.inARow >= standbyInARow) {
			return
		}
		d := c.starting[0]
		c.starting = c.starting[1:]
		c.inARow++
		c.standby--
		c.inFlight++
		d.grant.mode = placed
		close(d.in)
	}
}

// Start takes the place of a call that is about to leave, and waits for it until
// the deadline. A call that it fails has not left: ErrLate, or the context's error.
func (g *Grant) Start(ctx context.Context, deadline time.Time) error {
	p := g.pacer
	p.mu.Lock()
	if g.mode != standby {
		p.mu.Unlock()
		return nil
	}
	if g.ctx.Err() != nil {
		p.mu.Unlock()
		return context.Canceled
	}
	now := time.Now()
	if !g.bucket.roomy(now, hasSlack/2) { // less than it took to get the grant: a dip is no new limit
		p.mu.Unlock()
		return ErrLate
	}
	d := &starter{grant: g, in: make(chan struct{})}
	p.calls.starting = append(p.calls.starting, d)
	p.pump(now)
	p.nudge()
	p.mu.Unlock()

	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	err := context.Canceled
	select {
	case <-d.in:
		return nil
	case <-timer.C:
		err = ErrLate
	case <-ctx.Done():
	case <-g.ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls.starting = slices.DeleteFunc(p.calls.starting, func(x *starter) bool { return x == d })
	return err
}
