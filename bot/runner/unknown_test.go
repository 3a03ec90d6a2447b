package runner_test

import (
	"context"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta/oktasim"
)

// A record that was put back does not know of the resets that were made since: the System
// Log tells of them. Those of a record that is whole are all known, late ones too.
func TestRunner_Unknown(t *testing.T) {
	users, ids := people(3)
	onBench(t, oktasim.Options{Given: users, LogLag: time.Second}, nil, func(b *bench) {
		var acting *runner.Runner
		b.with(func(r *runner.Runner) { acting = r })
		since := time.Now()
		id := b.open(ids[:2]...)
		b.approve(id)
		b.await(id, reset.Done)
		pauseFor(context.Background(), time.Minute)
		if at, err := acting.Unknown(context.Background(), since); err != nil || !at.IsZero() {
			t.Errorf("of a whole record: %v, %v", at, err)
		}
		// By the process that the older record replaced: somebody the record knows, and somebody else.
		for _, user := range []string{ids[0], ids[2]} {
			called := time.Now()
			b.call(user)
			pauseFor(context.Background(), 10*time.Second)
			at, err := acting.Unknown(context.Background(), called.Add(-clockMargin))
			if err != nil || at.Before(called.Add(-clockMargin)) {
				t.Errorf("of a record that was put back: %s, %v, %v", user, at, err)
			}
		}
		if at, err := acting.Unknown(context.Background(), time.Now()); err != nil || !at.IsZero() {
			t.Errorf("since now: %v, %v", at, err)
		}
	})
}
