package bot

import (
	"context"
	"sync"
)

// lanes runs jobs: those of one lane in order, those of different lanes side by
// side, at most so many at once.
type lanes struct {
	slots chan struct{}
	wg    sync.WaitGroup

	mu     sync.Mutex
	queued map[string][]func() // a lane is in the map while its goroutine runs
}

func newLanes(atOnce int) *lanes {
	return &lanes{slots: make(chan struct{}, atOnce), queued: map[string][]func(){}}
}

// add queues a job; it is dropped if ctx is done before its turn comes.
func (l *lanes) add(ctx context.Context, lane string, job func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	jobs, busy := l.queued[lane]
	l.queued[lane] = append(jobs, job)
	if !busy {
		l.wg.Go(func() { l.drain(ctx, lane) })
	}
}

func (l *lanes) drain(ctx context.Context, lane string) {
	for job := l.next(lane); job != nil; job = l.next(lane) {
		select {
		case <-ctx.Done():
		case l.slots <- struct{}{}:
			job()
			<-l.slots
		}
	}
}

// next takes the lane's next job, or closes the lane.
func (l *lanes) next(lane string) func() {
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
