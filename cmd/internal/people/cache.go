package people

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// book remembers answers that are asked for often and allowed rarely.
type book[T any] struct {
	mu    sync.Mutex
	known map[string]noted[T]
}

// noted is an answer, and when it was asked for.
type noted[T any] struct {
	value T
	at    time.Time
}

// mostNoted bounds what a book remembers; then it begins anew.
const mostNoted = 1000

func (b *book[T]) get(key string, age time.Duration) (noted[T], bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.known[key]
	return p, ok && age > 0 && time.Since(p.at) < age
}

func (b *book[T]) put(key string, p noted[T]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil || len(b.known) >= mostNoted {
		b.known = map[string]noted[T]{}
	}
	b.known[key] = p
}

// ask returns what is remembered if it is younger than age, else what Slack
// says now. Where Slack says that it was asked too often, an answer younger
// than groupAge will do: nobody can keep approvers out by clicking a lot.
func (b *book[T]) ask(ctx context.Context, key string, age time.Duration, ask func() (T, error)) (noted[T], error) {
	if p, ok := b.get(key, age); ok {
		return p, nil
	}
	return persist(ctx, func() (noted[T], error) {
		p := noted[T]{at: time.Now()}
		var err error
		p.value, err = ask()
		if limited := (*slack.RateLimitedError)(nil); errors.As(err, &limited) {
			if old, ok := b.get(key, groupAge); ok {
				return old, nil
			}
		}
		if err == nil {
			b.put(key, p)
		}
		return p, err
	})
}
