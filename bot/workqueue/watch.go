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

// settledSince is how far back settled requests are looked through at the start.
const settledSince = 30 * 24 * time.Hour

// Each calls moved for each request that is not settled, and again whenever it moves,
// and settled for each that was settled in the last weeks, until ctx is done.
func Each(ctx context.Context, in Requests, log *slog.Logger, now time.Time, moved, settled func(reset.ID)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { eachSettled(ctx, in, log, now, settled) })
	Watch(ctx, in.Watch, log, moved) // at once: what settles before it begins, and after the look, nobody would be told of
}

func eachSettled(ctx context.Context, in Requests, log *slog.Logger, now time.Time, settled func(reset.ID)) {
	for id, err := range in.Settled(ctx, now.Add(-settledSince)) {
		if err != nil {
			if ctx.Err() == nil {
				log.Error("settled requests cannot be looked through", "error", err)
			}
			return
		}
		settled(id)
	}
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
