package workqueue

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"factorbot/bot/reset"
)

// Requests are what a [Follower] follows.
type Requests interface {
	// Watch yields first every request that is not settled, then each whose head
	// or log moved. It may merge; it never misses the last state.
	Watch(ctx context.Context) iter.Seq2[reset.ID, error]
	// Settled yields the requests that were asked since, and are settled.
	Settled(ctx context.Context, since time.Time) iter.Seq2[reset.ID, error]
}

// Follower looks after requests, one at a time: after each that moved, and again
// when the last look said so. Settled ones of the last weeks are looked after at
// the start, so that nothing is lost over a restart.
type Follower struct {
	Name     string // for the log: "notices"
	Requests Requests
	Log      *slog.Logger
	Now      func() time.Time
	// Do brings what it is about up to date and says when to look again although
	// nothing moves, 0 for never. It makes one step at a time, so that one large
	// request does not keep the others waiting.
	Do func(ctx context.Context, id reset.ID) (again time.Duration, err error)
	// Delay says how long to wait after an error, and tells the log of it; try counts from 0 in a row.
	Delay func(id reset.ID, err error, try int) time.Duration

	mu     sync.Mutex
	due    map[reset.ID]time.Time
	failed map[reset.ID]int // tries in a row
	nudge  chan struct{}
}

const (
	// gather is how long moves of a request are gathered before it is looked at.
	gather = 250 * time.Millisecond
	// settledSince is how far back settled requests are looked through at the start.
	settledSince = 30 * 24 * time.Hour
)

// Run follows requests until ctx is done.
func (f *Follower) Run(ctx context.Context) error {
	f.due, f.failed, f.nudge = map[reset.ID]time.Time{}, map[reset.ID]int{}, make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { f.watch(ctx) })
	wg.Go(func() { f.walk(ctx) })
	for ctx.Err() == nil {
		id, wait, any := f.next()
		if !any || wait > 0 {
			if !f.rest(ctx, wait, any) {
				return nil
			}
			continue
		}
		f.attend(ctx, id)
	}
	return nil
}

// next takes what is due longest, or says how long until something is.
func (f *Follower) next() (id reset.ID, wait time.Duration, any bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var first time.Time
	for x, at := range f.due {
		if id == "" || at.Before(first) {
			id, first = x, at
		}
	}
	if id == "" {
		return "", 0, false
	}
	if wait := first.Sub(f.Now()); wait > 0 {
		return "", wait, true
	}
	delete(f.due, id)
	return id, 0, true
}

// rest waits for a move, or for as long as the next request takes to be due. It reports whether to go on.
func (f *Follower) rest(ctx context.Context, wait time.Duration, any bool) bool {
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
	case <-f.nudge:
	}
	return true
}

func (f *Follower) attend(ctx context.Context, id reset.ID) {
	again, err := f.Do(ctx, id)
	if ctx.Err() != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		delete(f.failed, id)
		if again > 0 {
			f.set(id, again)
		}
		return
	}
	try := f.failed[id]
	f.failed[id] = try + 1
	f.due[id] = f.Now().Add(f.Delay(id, err, try))
}

// set has a request looked at within so long. f.mu is held.
func (f *Follower) set(id reset.ID, in time.Duration) {
	at := f.Now().Add(in)
	if old, ok := f.due[id]; !ok || at.Before(old) {
		f.due[id] = at
	}
}

// wake notes that a request moved. One whose last look failed keeps its wait.
func (f *Follower) wake(id reset.ID) {
	f.mu.Lock()
	if f.failed[id] == 0 {
		f.set(id, gather)
	}
	f.mu.Unlock()
	select {
	case f.nudge <- struct{}{}:
	default:
	}
}

// errWatchEnded says that the record stopped telling of changes.
var errWatchEnded = errors.New("the watch ended")

func (f *Follower) watch(ctx context.Context) {
	for try := 0; ctx.Err() == nil; try++ {
		err := errWatchEnded
		for id, lost := range f.Requests.Watch(ctx) {
			if lost != nil {
				err = lost
				break
			}
			f.wake(id)
		}
		if ctx.Err() == nil {
			f.Log.Error("the requests cannot be watched", "part", f.Name, "error", err)
		}
		if pause(ctx, watchAgain(try)) != nil {
			return
		}
	}
}

// watchAgain is how long to wait before the record is watched again: a second,
// doubling to a minute, with jitter.
func watchAgain(try int) time.Duration {
	d := min(time.Minute, time.Second<<min(try, 6))
	return d/2 + rand.N(d/2)
}

func (f *Follower) walk(ctx context.Context) {
	for id, err := range f.Requests.Settled(ctx, f.Now().Add(-settledSince)) {
		if err != nil {
			if ctx.Err() == nil {
				f.Log.Error("settled requests cannot be looked through", "part", f.Name, "error", err)
			}
			return
		}
		f.wake(id)
	}
}

// pause waits, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
