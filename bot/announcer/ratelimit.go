package announcer

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"factorbot/bot/slackapi"
)

// newLimiter lets n things happen a minute, spread, with a burst of a quarter:
// never more than 5/4 of n in any minute.
func newLimiter(n int) *rate.Limiter {
	return rate.NewLimiter(rate.Every(time.Minute/time.Duration(n)), max(1, n/4))
}

// take takes one of what the limiter allows, or says how long until it does.
func take(l *rate.Limiter, now time.Time) (wait time.Duration) {
	r := l.ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// retry is a call that failed and is tried again; tries count from 0.
type retry struct {
	log   *slog.Logger
	err   error
	tries int
}

// Warn says how long to wait before the next try. The log hears of every tenth in a row,
// unless Slack only asks for patience.
func (r retry) Warn(words string, about ...any) time.Duration {
	return r.wait(slog.LevelWarn, words, about)
}

// Error is the same for what is worse.
func (r retry) Error(words string, about ...any) time.Duration {
	return r.wait(slog.LevelError, words, about)
}

func (r retry) wait(level slog.Level, words string, about []any) time.Duration {
	wait := slackapi.RetryDelay(r.err, r.tries)
	if _, limited := errors.AsType[*slack.RateLimitedError](r.err); !limited && r.tries%10 == 0 {
		r.log.Log(context.Background(), level, words, append(about, "error", slackapi.LogText(r.err), "retry_in", wait.String())...)
	}
	return wait
}

// methodLimits keep a method closed for as long as Slack asked: its limits are per
// method, and every call before that time would only be refused again.
type methodLimits struct {
	now func() time.Time

	mu    sync.Mutex
	until map[string]closing
}

// closing says how long a method is left alone, and why.
type closing struct {
	till time.Time
	err  error // nil: Slack asked for patience
}

func newMethodLimits(now func() time.Time) *methodLimits {
	return &methodLimits{now: now, until: map[string]closing{}}
}

// closed returns why the gate is closed, for as long as it is.
func (g *methodLimits) closed(method string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.until[method]
	wait := c.till.Sub(g.now())
	switch {
	case wait <= 0:
		return nil
	case c.err == nil:
		return &slack.RateLimitedError{RetryAfter: wait}
	}
	return &slackapi.UnsentError{Err: c.err}
}

const (
	// sendTime bounds one call through a gate. Slack answers within a second or so.
	sendTime = 15 * time.Second
	// awayFor is how long a method is left alone after it gave no answer of Slack's
	// own, so that many messages do not wait for it one after the other.
	awayFor = 2 * time.Second
)

// through makes a call of a method unless it is left alone, and leaves it alone after a 429 or no answer.
func (g *methodLimits) through(ctx context.Context, method string, call func(context.Context) error) error {
	if err := g.closed(method); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	err := call(short)
	var limited *slack.RateLimitedError
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case errors.As(err, &limited):
		g.until[method] = closing{till: g.now().Add(limited.RetryAfter)}
	case err != nil && slackapi.ErrorCode(err) == "" && ctx.Err() == nil:
		g.until[method] = closing{till: g.now().Add(awayFor), err: errors.New(slackapi.LogText(err))}
	}
	return err
}
