package announcer

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/slack-go/slack"
)

func TestBudget(t *testing.T) {
	now := time.Unix(1_777_896_000, 0)
	b := newLimiter(40)
	taken := 0
	for range 600 { // ten minutes, ten tries a second
		for range 10 {
			if take(b, now) == 0 {
				taken++
			}
		}
		now = now.Add(time.Second)
	}
	if taken < 390 || taken > 412 {
		t.Errorf("%d in ten minutes, want 40 a minute", taken)
	}
}

func TestMethodLimits(t *testing.T) {
	now := time.Unix(1_777_896_000, 0)
	g := newMethodLimits(func() time.Time { return now })
	calls := 0
	call := func(context.Context) error { calls++; return &slack.RateLimitedError{RetryAfter: 5 * time.Second} }
	for range 3 {
		var limited *slack.RateLimitedError
		if err := g.through(t.Context(), "m", call); !errors.As(err, &limited) {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls while Slack asked for patience", calls)
	}
	now = now.Add(5 * time.Second)
	if err := g.through(t.Context(), "m", func(context.Context) error { calls++; return nil }); err != nil || calls != 2 {
		t.Errorf("after that: %v, %d calls", err, calls)
	}
	if err := g.through(t.Context(), "other", func(context.Context) error { return nil }); err != nil {
		t.Errorf("another method: %v", err)
	}
}
