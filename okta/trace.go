package okta

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptrace"
	"sync"
	"time"
)

// How long a write may take, from the moment at which the journal's commit was
// asked for; and a read, from its start.
const (
	beginWithin = 2 * time.Second
	endWithin   = 30 * time.Second
	readWithin  = 60 * time.Second
	wallCheck   = time.Second
)

// LongestWrite is after how long from the moment at which its journal's commit was asked
// for a write has surely been given up.
const LongestWrite = beginWithin + endWithin

var (
	errLate    = errors.New("too late to begin")
	errTimeout = errors.New("no answer in time")
)

// watch keeps a write's promises about time, by the monotonic and by the wall
// clock (a machine that slept has a wall clock that went on), and knows
// whether anything can have left.
type watch struct {
	call   *exchange
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	begun bool // a connection is there: from now on, bytes may leave
	late  bool
	over  bool
	ended bool // at 30 s
}

// watchCall starts the watch, or tells that it is already too late.
func watchCall(ctx context.Context, c *exchange, traced bool) (*watch, context.Context, *Error) {
	given := ctx.Err()
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{call: c, cancel: cancel, begun: !traced}
	if c.write && elapsed(c.asked, time.Now()) > beginWithin {
		return w, ctx, &Error{Op: c.op, Effect: EffectNone, Kind: KindLate,
			Summary: "more than 2 s since it was recorded, so nothing was sent", Advice: adviceLate}
	}
	if given != nil {
		return w, ctx, lost(c.op, EffectNone, KindCanceled, "given up before it was sent", given)
	}
	if c.write {
		w.mu.Lock()
		w.timer = time.AfterFunc(max(beginWithin-time.Since(c.asked), 0), w.look)
		w.mu.Unlock()
	}
	return w, httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: w.got}), nil
}

// elapsed is the larger of what the monotonic and the wall clock say, whichever
// way the latter was set.
func elapsed(since, now time.Time) time.Duration {
	wall := now.Round(0).Sub(since.Round(0))
	return max(now.Sub(since), wall, -wall)
}

// got notes that the connection is there. Where the machine slept while it was
// made, no timer has told that it is too late: the connection is closed, for the
// transport would still write to it after its context has ended.
func (w *watch) got(c httptrace.GotConnInfo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.call.write && !w.begun && (w.late || elapsed(w.call.asked, time.Now()) > beginWithin) {
		w.late = true
		w.cancel(errLate)
		_ = c.Conn.Close() // nothing was written to it: whatever it says is no news
		return
	}
	w.begun = true
}

// look runs by the timer: at 2 s for the begin, then every second for the end.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.over:
	case !w.begun:
		w.late = true
		w.cancel(errLate)
	case elapsed(w.call.asked, time.Now()) >= endWithin:
		w.ended = true
		w.cancel(errTimeout)
	default:
		w.timer.Reset(wallCheck)
	}
}

// stop ends the watch. The context it made is dead after it.
func (w *watch) stop() {
	w.mu.Lock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Unlock()
	w.cancel(nil)
}

// failure makes the Error of a call that got no answer. What failed before
// there was a connection (dial, TLS) has not left; everything else has, for all we know.
func (w *watch) failure(cause error) *Error {
	w.mu.Lock()
	defer w.mu.Unlock()
	op := w.call.op
	if w.ended {
		cause = errTimeout
	}
	switch {
	case w.late && !w.begun:
		return lost(op, EffectNone, KindLate, "no connection within 2 s of its record, so nothing was sent", nil)
	case !w.begun:
		return lost(op, EffectNone, KindNetwork, "Okta couldn't be reached: "+networkWords(cause), cause)
	}
	return lost(op, EffectDoubt, KindNetwork, "no answer: "+networkWords(cause), cause)
}

// broken makes the Error of an answer whose body did not come whole or is not
// what Okta documents. The status had come, but a write stays in doubt.
func (w *watch) broken(cause error, status int) *Error {
	_, syntax := errors.AsType[*json.SyntaxError](cause)
	_, shape := errors.AsType[*json.UnmarshalTypeError](cause)
	if syntax || shape {
		return &Error{Op: w.call.op, Effect: EffectDoubt, Kind: KindServer, Status: status,
			Summary: "an answer that isn't Okta's", Advice: adviceServer}
	}
	e := lost(w.call.op, EffectDoubt, KindNetwork, "the answer broke off: "+networkWords(cause), cause)
	e.Status = status
	return e
}
