package people

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// cache remembers answers that are asked for often and allowed rarely. Those who
// ask for the same at the same time share one question.
type cache[T any] struct {
	mu    sync.Mutex
	known map[string]entry[T]
	asked map[string]*question[T] // under way
}

// entry is an answer, and when it was asked for.
type entry[T any] struct {
	value T
	at    time.Time
}

// question is one that is under way. Its answer is set when done is closed.
type question[T any] struct {
	done   chan struct{}
	answer entry[T]
	err    error
}

// mostNoted bounds what a book remembers; then it begins again with nothing.
const mostNoted = 1000

func (b *cache[T]) get(key string, age time.Duration) (entry[T], bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.younger(key, age)
}

func (b *cache[T]) younger(key string, age time.Duration) (entry[T], bool) {
	p, ok := b.known[key]
	return p, ok && age > 0 && time.Since(p.at) < age
}

func (b *cache[T]) put(key string, p entry[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil || len(b.known) >= mostNoted {
		b.known = map[string]entry[T]{}
	}
	b.known[key] = p
}

// share returns what is remembered if it is younger than age, else what is
// answered now. An age of 0 asks in any case. A question that failed with the
// context of who asked it is asked again.
func (b *cache[T]) share(ctx context.Context, key string, age time.Duration, ask func() (T, error)) (entry[T], error) {
	for {
		b.mu.Lock()
		if p, ok := b.younger(key, age); ok {
			b.mu.Unlock()
			return p, nil
		}
		q := b.asked[key]
		if q == nil || age <= 0 {
			return b.pose(key, q == nil, ask)
		}
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			return entry[T]{}, ctx.Err()
		case <-q.done:
		}
		if q.err == nil || !errors.Is(q.err, context.Canceled) && !errors.Is(q.err, context.DeadlineExceeded) {
			return q.answer, q.err
		}
		if ctx.Err() != nil {
			return entry[T]{}, ctx.Err()
		}
	}
}

// pose asks a question, which others may share, and remembers its answer. b.mu is held, and let go.
func (b *cache[T]) pose(key string, shared bool, ask func() (T, error)) (entry[T], error) {
	q := &question[T]{done: make(chan struct{})}
	if shared {
		if b.asked == nil {
			b.asked = map[string]*question[T]{}
		}
		b.asked[key] = q
	}
	b.mu.Unlock()
	q.answer.at = time.Now()
	q.answer.value, q.err = ask()
	if q.err == nil {
		b.put(key, q.answer)
	}
	if shared {
		b.mu.Lock()
		delete(b.asked, key)
		b.mu.Unlock()
	}
	close(q.done)
	return q.answer, q.err
}

// ask is share for Slack. Where Slack says that it was asked too often, an answer
// younger than groupAge will do: nobody can keep approvers out by clicking a lot.
func (b *cache[T]) ask(ctx context.Context, key string, age time.Duration, ask func() (T, error)) (entry[T], error) {
	return retryRead(ctx, func() (entry[T], error) {
		p, err := b.share(ctx, key, age, ask)
		if limited := (*slack.RateLimitedError)(nil); errors.As(err, &limited) {
			if old, ok := b.get(key, groupAge); ok {
				return old, nil
			}
		}
		return p, err
	})
}

// gates keep a method closed for as long as Slack asked: its limits are per
// method, and every call before that time would only be refused again.
type gates struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// through makes a call of a method unless its gate is closed, and closes it on a 429.
func through[T any](g *gates, method string, call func() (T, error)) (got T, err error) {
	g.mu.Lock()
	wait := time.Until(g.until[method])
	g.mu.Unlock()
	if wait > 0 {
		return got, &slack.RateLimitedError{RetryAfter: wait}
	}
	got, err = call()
	if limited := (*slack.RateLimitedError)(nil); errors.As(err, &limited) {
		g.mu.Lock()
		if g.until == nil {
			g.until = map[string]time.Time{}
		}
		g.until[method] = time.Now().Add(limited.RetryAfter)
		g.mu.Unlock()
	}
	return got, err
}
