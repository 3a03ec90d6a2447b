package workqueue

import (
	"context"
	"errors"
	"fmt"
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
	// Get returns a request, or reset.ErrNotFound.
	Get(ctx context.Context, id reset.ID) (*reset.Request, error)
}

// Follower looks after requests, one at a time: after each that moved, and again
// when the last look said so. Settled ones of the last weeks are looked after at
// the start, so that nothing is lost over a restart.
type Follower struct {
	Requests Requests
	Log      *slog.Logger
	Now      func() time.Time
	// Do brings what it is about up to date and says when to look again although
	// nothing moves, 0 for never. It makes one step at a time, so that one large
	// request does not keep the others waiting.
	Do func(ctx context.Context, r *reset.Request) (again time.Duration, err error)
	// Delay says how long to wait after an error, and tells the log of it; try counts from 0 in a row.
	Delay func(id reset.ID, err error, try int) time.Duration

	mu     sync.Mutex
	due    map[reset.ID]time.Time
	failed map[reset.ID]int // tries in a row
	nudge  chan struct{}
}

// gather is how long moves of a request are gathered before it is looked at.
const gather = 250 * time.Millisecond

// Run follows requests until ctx is done.
func (f *Follower) Run(ctx context.Context) error {
	f.due, f.failed, f.nudge = map[reset.ID]time.Time{}, map[reset.ID]int{}, make(chan struct{}, 1)
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { Each(ctx, f.Requests, f.Log, f.Now(), f.wake, f.wake) })
	for ctx.Err() == nil {
		id, wait := f.next()
		if id == "" {
			Rest(ctx, wait, f.nudge)
			continue
		}
		f.attend(ctx, id)
	}
	return nil
}

// next takes what is due longest, or says how long until something is, 0 if nothing will be.
func (f *Follower) next() (id reset.ID, wait time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var first time.Time
	for x, at := range f.due {
		if id == "" || at.Before(first) {
			id, first = x, at
		}
	}
	if wait := first.Sub(f.Now()); id == "" || wait > 0 {
		return "", max(wait, 0)
	}
	delete(f.due, id)
	return id, 0
}

func (f *Follower) attend(ctx context.Context, id reset.ID) {
	again, err := f.look(ctx, id)
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

func (f *Follower) look(ctx context.Context, id reset.ID) (again time.Duration, err error) {
	r, err := f.Requests.Get(ctx, id)
	if errors.Is(err, reset.ErrNotFound) { // kept long enough, and taken out of the record
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", id, err)
	}
	return f.Do(ctx, r)
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

// settledSince is how far back settled requests are looked through at the start.
const settledSince = 30 * 24 * time.Hour

// Each calls moved for each request that is not settled, and again whenever it moves,
// and settled for each that was settled in the last weeks, until ctx is done.
func Each(ctx context.Context, in Requests, log *slog.Logger, now time.Time, moved, settled func(reset.ID)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for id, err := range in.Settled(ctx, now.Add(-settledSince)) {
			if err != nil {
				if ctx.Err() == nil {
					log.Error("settled requests cannot be looked through", "error", err)
				}
				return
			}
			settled(id)
		}
	})
	Watch(ctx, in.Watch, log, moved) // at once: what settles before it begins, and after the look, nobody would be told of
}

var errWatchEnded = errors.New("the watch ended")

// Watch calls moved for each request that a watch yields, until ctx is done. A watch
// that ends is begun again.
func Watch(ctx context.Context, watch func(context.Context) iter.Seq2[reset.ID, error], log *slog.Logger, moved func(reset.ID)) {
	for try := 0; ; try++ {
		err := errWatchEnded
		for id, lost := range watch(ctx) {
			if lost != nil {
				err = lost
				break
			}
			moved(id)
		}
		if ctx.Err() == nil {
			log.Error("the requests cannot be watched", "error", err)
		}
		if !Rest(ctx, watchAgain(try), nil) {
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

// Rest waits for so long, 0 for ever, or until wake has a value or is closed. It
// reports whether to go on: ctx is not done.
func Rest(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	var due <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-due:
	case <-wake:
	}
	return true
}
