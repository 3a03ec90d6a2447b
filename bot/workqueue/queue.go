package bot

import (
	"context"
	"sync"
	"time"
)

// job is work that may say after how long it wants to be run again.
type job func() (again time.Duration)

// once is a job that is run one time.
func once(do func()) job {
	return func() time.Duration {
		do()
		return 0
	}
}

// lanes runs jobs: those of one lane in order, those of different lanes side by
// side, at most so many at once. A job that waits to be run again holds up its
// lane, and no other.
type lanes struct {
	slots chan struct{}
	wg    sync.WaitGroup

	mu     sync.Mutex
	queued map[string][]job // a lane is in the map while its goroutine runs
}

func newLanes(atOnce int) *lanes {
	return &lanes{slots: make(chan struct{}, atOnce), queued: map[string][]job{}}
}

// add queues a job; it is dropped if ctx is done before its turn comes.
func (l *lanes) add(ctx context.Context, lane string, j job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	jobs, busy := l.queued[lane]
	l.queued[lane] = append(jobs, j)
	if !busy {
		l.wg.Go(func() { l.drain(ctx, lane) })
	}
}

func (l *lanes) drain(ctx context.Context, lane string) {
	for j := l.next(lane); j != nil; j = l.next(lane) {
		for again := l.run(ctx, j); again > 0; again = l.run(ctx, j) {
			if pause(ctx, again) != nil {
				break
			}
		}
	}
}

func (l *lanes) run(ctx context.Context, j job) (again time.Duration) {
	if ctx.Err() != nil {
		return 0
	}
	select {
	case <-ctx.Done():
		return 0
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
		return j()
	}
}

// next takes the lane's next job, or closes the lane.
func (l *lanes) next(lane string) job {
	l.mu.Lock()
	defer l.mu.Unlock()
	jobs := l.queued[lane]
	if len(jobs) == 0 {
		delete(l.queued, lane)
		return nil
	}
	l.queued[lane] = jobs[1:]
	return jobs[0]
}

// wait returns when every lane is empty.
func (l *lanes) wait() { l.wg.Wait() }
