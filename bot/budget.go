package bot

import (
	"errors"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// budget lets so many things happen in a period, spread by refilling all the time.
type budget struct {
	every time.Duration // one more each
	size  float64

	mu   sync.Mutex
	left float64
	at   time.Time
}

func newBudget(n int, period time.Duration, now time.Time) *budget {
	size := float64(n) / 4 // a burst of a quarter: never more than 5/4 of n in any period
	return &budget{every: period / time.Duration(n), size: size, left: size, at: now}
}

// take takes one, or says how long until there is one.
func (b *budget) take(now time.Time) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if gone := now.Sub(b.at); gone > 0 {
		b.left = min(b.size, b.left+float64(gone)/float64(b.every))
		b.at = now
	}
	if b.left >= 1 {
		b.left--
		return 0
	}
	return max(1, time.Duration((1-b.left)*float64(b.every)))
}

// gates keep a method closed for as long as Slack asked: its limits are per
// method, and every call before that time would only be refused again.
type gates struct {
	now func() time.Time

	mu    sync.Mutex
	until map[string]time.Time
}

func newGates(now func() time.Time) *gates {
	return &gates{now: now, until: map[string]time.Time{}}
}

// closed returns Slack's own error for as long as the gate is closed.
func (g *gates) closed(method string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := g.until[method].Sub(g.now()); wait > 0 {
		return &slack.RateLimitedError{RetryAfter: wait}
	}
	return nil
}

// through makes a call of a method unless its gate is closed, and closes it on a 429.
func (g *gates) through(method string, call func() error) error {
	if err := g.closed(method); err != nil {
		return err
	}
	err := call()
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		g.mu.Lock()
		g.until[method] = g.now().Add(limited.RetryAfter)
		g.mu.Unlock()
	}
	return err
}
