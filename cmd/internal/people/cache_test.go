package people

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"
)

// An answer is remembered for those who were asked about before, not for who
// clicks now; but where Slack refuses to be asked so often, it does for both,
// as long as it is under a minute old.
func TestBook_ask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b cache[int]
		calls, limited := 0, false
		ask := func(age time.Duration) (int, time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			p, err := b.ask(ctx, "key", age, func() (int, error) {
				calls++
				if limited {
					return 0, &slack.RateLimitedError{RetryAfter: 30 * time.Second}
				}
				return calls, nil
			})
			return p.value, time.Since(p.at), err
		}
		for i, c := range []struct {
			later   time.Duration
			limited bool
			age     time.Duration
			want    int
			old     time.Duration
		}{
			{0, false, 0, 1, 0},
			{time.Second, false, groupAge, 1, time.Second},
			{time.Second, false, 0, 2, 0},
			{groupAge - 1, true, 0, 2, groupAge - 1},
		} {
			<-time.After(c.later)
			limited = c.limited
			if got, old, err := ask(c.age); err != nil || got != c.want || old != c.old {
				t.Errorf("%d: got %d, %v old, %v", i, got, old, err)
			}
		}
		<-time.After(1)
		var late *slack.RateLimitedError
		if _, _, err := ask(0); !errors.As(err, &late) {
			t.Errorf("of an old answer: %v", err)
		}
	})
}

// Who waits for a question of somebody who gives up asks it again, and an answer that is
// older than they may take is none for them.
func TestCache_shareWithWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b cache[int]
		calls := 0
		ask := func(ctx context.Context, age time.Duration) (entry[int], error) {
			return b.share(ctx, "key", age, func() (int, error) {
				calls++
				select {
				case <-ctx.Done():
					return 0, ctx.Err()
				case <-time.After(10 * time.Second):
					return 7, nil
				}
			})
		}
		first, giveUp := context.WithTimeout(t.Context(), time.Second)
		defer giveUp()
		gaveUp := make(chan error, 1)
		go func() {
			_, err := ask(first, groupAge)
			gaveUp <- err
		}()
		synctest.Wait()
		if got, err := ask(t.Context(), groupAge); err != nil || got.value != 7 || calls != 2 {
			t.Errorf("got %v, %v after %d questions", got.value, err, calls)
		}
		if err := <-gaveUp; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who gave up got %v", err)
		}
		if _, err := ask(t.Context(), joined); err != nil || calls != 3 {
			t.Errorf("of an answer 10s old: %v after %d questions, want 3", err, calls)
		}
	})
}

// A panic behind a question ends that question only, and the next one is asked.
func TestCache_share_panics(t *testing.T) {
	var b cache[int]
	if _, err := b.share(t.Context(), "key", time.Minute, func() (int, error) { panic("a fault") }); err == nil || !strings.Contains(err.Error(), "a fault") {
		t.Errorf("got %v", err)
	}
	if got, err := b.share(t.Context(), "key", time.Minute, func() (int, error) { return 2, nil }); err != nil || got.value != 2 {
		t.Errorf("asked again: %d, %v", got.value, err)
	}
}
