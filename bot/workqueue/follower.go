package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// Errand is work that follows requests, done by somebody outside of Slack.
type Errand struct {
	Part       string // for the log: "webhook"
	Board      Board
	References References
	Log        *slog.Logger
	Now        func() time.Time
	// Do brings what it is about up to date and says when to look again although
	// nothing moves, 0 for never.
	Do func(ctx context.Context, id reset.ID) (again time.Duration, err error)
	// Patience is how long to wait after an error; try counts from 0 in a row.
	Patience func(err error, try int) time.Duration
}

// Run goes on errands until ctx is done.
func (e Errand) Run(ctx context.Context) error {
	return (&errands{part: e.Part, board: e.Board, refs: e.References, log: e.Log, now: e.Now, do: e.Do, patience: e.Patience}).run(ctx)
}

// errands looks after requests, one at a time: after each that moved, and again
// when the last look said so. Settled ones of the last weeks are looked after
// at the start, so that nothing is lost over a restart.
type errands struct {
	part  string // for the log: "notices"
	board Board
	refs  References
	log   *slog.Logger
	now   func() time.Time
	// do brings what it is about up to date and says when to look again
	// although nothing moves, 0 for never. It makes one step at a time, so
	// that one large request does not keep the others waiting.
	do func(ctx context.Context, id reset.ID) (again time.Duration, err error)
	// patience is how long to wait after an error; nil: as long as with Slack.
	patience func(err error, try int) time.Duration

	mu     sync.Mutex
	due    map[reset.ID]time.Time
	failed map[reset.ID]int // tries in a row
	nudge  chan struct{}
}

// gather is how long moves of a request are gathered before it is looked at.
const gather = 250 * time.Millisecond

// run goes on errands until ctx is done.
func (e *errands) run(ctx context.Context) error {
	e.due, e.failed, e.nudge = map[reset.ID]time.Time{}, map[reset.ID]int{}, make(chan struct{}, 1)
	if e.patience == nil {
		e.patience = patience
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { e.watch(ctx) })
	wg.Go(func() { e.walk(ctx) })
	for ctx.Err() == nil {
		id, wait, any := e.next()
		if !any || wait > 0 {
			if !e.rest(ctx, wait, any) {
				return nil
			}
			continue
		}
		e.attend(ctx, id)
	}
	return nil
}

// next takes what is due longest, or says how long until something is.
func (e *errands) next() (id reset.ID, wait time.Duration, any bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var first time.Time
	for x, at := range e.due {
		if id == "" || at.Before(first) {
			id, first = x, at
		}
	}
	if id == "" {
		return "", 0, false
	}
	if wait := first.Sub(e.now()); wait > 0 {
		return "", wait, true
	}
	delete(e.due, id)
	return id, 0, true
}

// rest waits for a move, or for as long as the next errand takes to be due. It reports whether to go on.
func (e *errands) rest(ctx context.Context, wait time.Duration, any bool) bool {
	var due <-chan time.Time
	if any {
		t := time.NewTimer(wait)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-due:
	case <-e.nudge:
	}
	return true
}

func (e *errands) attend(ctx context.Context, id reset.ID) {
	again, err := e.do(ctx, id)
	if ctx.Err() != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		delete(e.failed, id)
		if again > 0 {
			e.set(id, again)
		}
		return
	}
	try := e.failed[id]
	wait := e.patience(err, try)
	e.failed[id] = try + 1
	var limited *slack.RateLimitedError
	if !errors.As(err, &limited) && try%10 == 0 {
		e.log.Warn("something about a request is not told yet", "part", e.part, "request", id, "error", brief(err), "todo", remedy(err), "retry_in", wait.String())
	}
	e.due[id] = e.now().Add(wait)
}

// set has a request looked at within so long. e.mu is held.
func (e *errands) set(id reset.ID, in time.Duration) {
	at := e.now().Add(in)
	if old, ok := e.due[id]; !ok || at.Before(old) {
		e.due[id] = at
	}
}

// wake notes that a request moved. One whose last look failed keeps its wait.
func (e *errands) wake(id reset.ID) {
	e.mu.Lock()
	if e.failed[id] == 0 {
		e.set(id, gather)
	}
	e.mu.Unlock()
	select {
	case e.nudge <- struct{}{}:
	default:
	}
}

func (e *errands) watch(ctx context.Context) {
	for try := 0; ctx.Err() == nil; try++ {
		err := errWatchEnded
		for id, lost := range e.board.Watch(ctx) {
			if lost != nil {
				err = lost
				break
			}
			e.wake(id)
		}
		if ctx.Err() == nil {
			e.log.Error("the requests cannot be watched", "part", e.part, "error", brief(err))
		}
		if pause(ctx, patience(err, try)) != nil {
			return
		}
	}
}

func (e *errands) walk(ctx context.Context) {
	for id, err := range e.refs.Settled(ctx, e.now().Add(-settledSince)) {
		if err != nil {
			if ctx.Err() == nil {
				e.log.Error("settled requests cannot be looked through", "part", e.part, "error", brief(err))
			}
			return
		}
		e.wake(id)
	}
}
