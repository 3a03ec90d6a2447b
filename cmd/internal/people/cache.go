package people

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"factorbot/bot/reset"
)

// cache remembers answers that are asked for often and allowed rarely. Those who
// ask for the same at the same time share one question.
type cache[T any] struct {
	mu    sync.Mutex
	known map[string]entry[T]
	asked singleflight.Group
}

// entry is an answer, and when it was asked for.
type entry[T any] struct {
	value T
	at    time.Time
}

// mostNoted bounds what a cache remembers; then it begins again with nothing.
const mostNoted = 1000

func (b *cache[T]) get(key string, age time.Duration) (entry[T], bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
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
	if age <= 0 {
		return b.pose(key, ask)
	}
	for {
		if p, ok := b.get(key, age); ok {
			return p, nil
		}
		ours := false
		answer := b.asked.DoChan(key, func() (answer any, err error) {
			ours, answer = true, entry[T]{}
			defer func() {
				if p := recover(); p != nil { // past singleflight nobody could: it panics by a goroutine of its own
					err = fmt.Errorf("panic: %v", p)
				}
			}()
			if p, ok := b.get(key, age); ok { // answered since
				return p, nil
			}
			return b.pose(key, ask)
		})
		select {
		case <-ctx.Done():
			return entry[T]{}, ctx.Err()
		case got := <-answer:
			if ours || !errors.Is(got.Err, context.Canceled) && !errors.Is(got.Err, context.DeadlineExceeded) {
				return got.Val.(entry[T]), got.Err
			}
		}
	}
}

// pose asks a question and remembers its answer.
func (b *cache[T]) pose(key string, ask func() (T, error)) (entry[T], error) {
	at := time.Now()
	value, err := ask()
	if err == nil {
		b.put(key, entry[T]{value, at})
	}
	return entry[T]{value, at}, err
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

// askSlack asks by a method what a cache does not know; what says so to people.
func askSlack[T any](ctx context.Context, p *Directory, c *cache[T], method, what, key string, age time.Duration, call func() (T, error)) (entry[T], error) {
	found, err := c.ask(ctx, key, age, func() (T, error) { return through(&p.gates, method, call) })
	if err != nil && !errors.Is(err, reset.ErrNoPerson) {
		err = slackAway(what, err)
	}
	return found, err
}
