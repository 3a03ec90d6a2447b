package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"factorbot/bot/reset"
)

const (
	// latesMost and latesLasting bound how many calls in a row, over how long, may
	// come too late to be sent before somebody is asked. A clock that was set makes
	// several late at once, and a machine or a disk that stalls for some seconds
	// recovers by itself.
	latesMost    = 10
	latesLasting = time.Minute
)

// ErrPaused ends a batch after it has paused its own request.
var ErrPaused = errors.New("the request was paused")

// Control decides whether anybody may still be started: not after the head moved, after
// the record failed, or after the batch has paused its own request. It is the only one to
// write the head while the batch runs. It is safe for concurrent use.
//
// A pause first ends what starts calls and is written then: nobody is started between both.
type Control struct {
	head     *reset.Request // as the batch read it
	record   Record
	wake     <-chan struct{} // tells that the head or the log may have moved
	limit    func() int      // how many failures in a row pause the request; 0: any number may be
	lasting  context.Context // of calls in flight and what is recorded of them
	starting context.Context // ends when no call may be started any more
	end      context.CancelCauseFunc

	watching sync.WaitGroup

	mu       sync.Mutex
	pauseErr error  // what came of recording the pause
	failures int    // in a row
	late     streak // calls in a row that came too late after their record
	stale    streak // and after the last reading of the factors
}

// NewControl begins with a head that was just read. The context ends the batch; lasting
// is of what is recorded after that.
func NewControl(ctx, lasting context.Context, r *reset.Request, record Record, s *Session, limit func() int) *Control {
	c := &Control{head: r, record: record, wake: s.wake, limit: limit, lasting: lasting}
	c.starting, c.end = context.WithCancelCause(ctx)
	return c
}

// Context ends when no call may be started any more.
func (c *Control) Context() context.Context { return c.starting }

// halt ends the batch: no more calls are started.
func (c *Control) halt(why error) { c.end(why) }

// Stopped reports whether no call may be started any more.
func (c *Control) Stopped() bool { return c.starting.Err() != nil }

// Watch begins to watch the head, until the control is closed.
func (c *Control) Watch() { c.watching.Go(c.watchHead) }

// Close halts and waits for what Watch has started.
func (c *Control) Close() {
	c.halt(nil)
	c.watching.Wait()
}

// watchHead halts the batch when its head moves, so that a pause or a cancellation
// is seen also while nobody is started. The request's own log wakes it too. A
// pause that has another cause now is the same pause.
func (c *Control) watchHead() {
	for !c.Stopped() {
		select {
		case <-c.starting.Done():
			return
		case <-c.wake:
		}
		r, err := c.record.Get(c.starting, c.head.ID)
		if err == nil && r.Version != c.head.Version && !(r.State == reset.Paused && c.head.State == reset.Paused) {
			c.halt(reset.ErrChanged)
			return
		}
		pauseFor(c.starting, time.Second)
	}
}

// Pause halts the batch and pauses its request. That it could not be recorded comes out as
// the error with which the batch ends.
func (c *Control) Pause(cause reset.Cause, detail string) {
	c.halt(ErrPaused)
	_, err := c.record.Update(c.lasting, c.head.ID, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		f, err := r.PauseFor(cause, "", detail, time.Now())
		return []reset.Fact{f}, err
	})
	if _, settled := errors.AsType[*reset.TransitionError](err); err == nil || settled {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pauseErr = fmt.Errorf("pause %s: %w", c.head.ID, err)
}

// Err says why the batch ended early, nil if it did not: ErrPaused where it paused its own request.
func (c *Control) Err() error {
	cause := context.Cause(c.starting)
	if !errors.Is(cause, ErrPaused) {
		return cause
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pauseErr != nil {
		return c.pauseErr
	}
	return cause
}

// succeeded ends a row of failures.
func (c *Control) succeeded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = 0
}

// countFailure counts a failure; too many in a row pause the request.
func (c *Control) countFailure(advice string) {
	limit := c.limit()
	c.mu.Lock()
	c.failures++
	n := c.failures
	many := limit > 0 && n >= limit
	if many {
		c.failures = 0
	}
	c.mu.Unlock()
	if many && !c.Stopped() {
		c.Pause(reset.CauseErrors, fmt.Sprintf("%s calls to Okta in a row failed. %s", reset.Count(n), advice))
	}
}

// countLate counts calls that were not sent because their record took too long.
func (c *Control) countLate(late bool) {
	c.count(&c.late, late, "The bot's disk is too slow: %s calls in a row couldn't be recorded in time, so none of them was sent. Check the disk, then resume.")
}

// countStale counts calls that were not sent because the reading before them took too long.
func (c *Control) countStale(stale bool) {
	c.count(&c.stale, stale, "Okta takes over 2 seconds to list a user's factors, so %s interrupted resets couldn't be sent again in time. Resume when Okta answers faster.")
}

// count counts calls in a row that were not sent because something took too long;
// too many pause the request, which would go on like that for ever. why has a place
// for their number.
func (c *Control) count(row *streak, late bool, why string) {
	c.mu.Lock()
	var n int
	var lasting time.Duration
	if late {
		n, lasting = row.add(time.Now())
	}
	many := n >= latesMost && lasting >= latesLasting
	if many || !late {
		*row = streak{}
	}
	c.mu.Unlock()
	if many && !c.Stopped() {
		c.Pause(reset.CauseErrors, fmt.Sprintf(why, reset.Count(n)))
	}
}
