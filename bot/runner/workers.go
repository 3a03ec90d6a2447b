package runner

import (
	"context"
	"sync"

	"factorbot/bot/reset"
)

// crew is the workers of a batch. How many have something to do changes while they work.
type crew struct {
	taking context.Context // ends when no target shall be taken any more
	first  int             // how many begin
	hands  func() int      // how many there shall be after each target

	wg  sync.WaitGroup
	mu  sync.Mutex
	now int
}

// newCrew is a crew of always the same size.
func newCrew(taking context.Context, size int) *crew {
	return &crew{taking: taking, first: size, hands: func() int { return size }}
}

// resetters is the crew for resets: one worker for each slot that may be held, and as
// many as there are calls at once to wait for the next. Where the pace is slow more
// would only wait, each with a target and with what was known of it, so it begins with
// few: before the first answers nobody knows the pace.
func (b *batch) resetters() *crew {
	n := b.Pace.Concurrency
	c := newCrew(b.taking, 2*n)
	if b.Pace.Slots != nil {
		c.hands = func() int { return b.Pace.Slots() + n }
	}
	return c
}

// work lets the workers take targets until there are none, and waits for them.
func (c *crew) work(next func() (reset.Target, bool), act func(reset.Target)) {
	worker := func() {}
	worker = func() {
		for c.taking.Err() == nil {
			t, ok := next()
			if !ok {
				return
			}
			act(t)
			most := c.most()
			if c.leave(most) {
				return
			}
			if c.join(most) {
				c.wg.Go(worker)
			}
		}
	}
	for c.join(max(1, c.first)) {
		c.wg.Go(worker)
	}
	c.wg.Wait()
}

func (c *crew) most() int { return max(1, c.hands()) }

// join makes room for one worker more, if there is any.
func (c *crew) join(most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now >= most {
		return false
	}
	c.now++
	return true
}

// leave reports whether there are too many workers, and counts one less.
func (c *crew) leave(most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now <= most {
		return false
	}
	c.now--
	return true
}
