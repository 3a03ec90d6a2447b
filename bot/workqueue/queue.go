package workqueue

import (
	"context"
	"sync"
	"time"
)

// Job is work that may say after how long it wants to be run again.
type Job func() (again time.Duration)

// Once is a job that is run one time.
func Once(do func()) Job {
	return func() time.Duration {
		do()
		return 0
	}
}

// Queue runs jobs: those with the same key in order, those with different keys
// side by side, at most so many at once. A job that waits to be run again holds
// up its key, and no other.
type Queue struct {
	slots chan struct{}
	wg    sync.WaitGroup

	mu     sync.Mutex
	queued map[string][]Job // a key is in the map while its goroutine runs
}

// New returns a queue that runs so many jobs at once.
func New(atOnce int) *Queue {
	return &Queue{slots: make(chan struct{}, atOnce), queued: map[string][]Job{}}
}

// Add queues a job; it is dropped if ctx is done before its turn comes.
func (q *Queue) Add(ctx context.Context, key string, j Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs, busy := q.queued[key]
	q.queued[key] = append(jobs, j)
	if !busy {
		q.wg.Go(func() { q.drain(ctx, key) })
	}
}

func (q *Queue) drain(ctx context.Context, key string) {
	for j := q.next(key); j != nil; j = q.next(key) {
		for again := q.run(ctx, j); again > 0; again = q.run(ctx, j) {
			if !Rest(ctx, again, nil) {
				break
			}
		}
	}
}

func (q *Queue) run(ctx context.Context, j Job) (again time.Duration) {
	if ctx.Err() != nil {
		return 0
	}
	select {
	case <-ctx.Done():
		return 0
	case q.slots <- struct{}{}:
		defer func() { <-q.slots }()
		return j()
	}
}

// next takes the next job of a key, or forgets the key.
func (q *Queue) next(key string) Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs := q.queued[key]
	if len(jobs) == 0 {
		delete(q.queued, key)
		return nil
	}
	q.queued[key] = jobs[1:]
	return jobs[0]
}

// Wait returns when no job is left.
func (q *Queue) Wait() { q.wg.Wait() }
