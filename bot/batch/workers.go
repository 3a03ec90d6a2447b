package batch

import (
	"context"
	"sync"

	"factorbot/bot/reset"
)

// workers take targets and act on them. How many there are changes while they work.
type workers struct {
	taking context.Context // ends when no target shall be taken any more
	first  int             // how many begin
	size   func() int      // how many there shall be after each target

	wg  sync.WaitGroup
	mu  sync.Mutex
	now int
}

// fixedWorkers are always as many.
func fixedWorkers(taking context.Context, size int) *workers {
	return &workers{taking: taking, first: size, size: func() int { return size }}
}

// resetWorkers are for resets: one for each slot that may be held, and as many as there
// are calls at once to wait for the next. Where the pace is slow more would only wait, each
// with a target and with what was known of it, so it begins with few: before the first
// answers nobody knows the pace.
func resetWorkers(taking context.Context, pace Pace) *workers {
	n := pace.Concurrency
	w := fixedWorkers(taking, 2*n)
	if pace.Slots != nil {
		w.size = func() int { return pace.Slots() + n }
	}
	return w
}

// run lets the workers act on targets until there are none, and waits for them.
func (w *workers) run(next func() (reset.Target, bool), act func(reset.Target)) {
	worker := func() {}
	worker = func() {
		for w.taking.Err() == nil {
			t, ok := next()
			if !ok {
				return
			}
			act(t)
			most := max(1, w.size())
			if w.shrink(most) {
				return
			}
			if w.grow(most) {
				w.wg.Go(worker)
			}
		}
	}
	for w.grow(max(1, w.first)) {
		w.wg.Go(worker)
	}
	w.wg.Wait()
}

// grow makes room for one worker more, if there are fewer.
func (w *workers) grow(most int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now >= most {
		return false
	}
	w.now++
	return true
}

// shrink reports whether there are too many workers, and counts one less.
func (w *workers) shrink(most int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now <= most {
		return false
	}
	w.now--
	return true
}

// oneByOne hands out targets to workers.
func oneByOne(targets []reset.Target) func() (reset.Target, bool) {
	var mu sync.Mutex
	return func() (t reset.Target, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if len(targets) == 0 {
			return t, false
		}
		t, targets = targets[0], targets[1:]
		return t, true
	}
}
