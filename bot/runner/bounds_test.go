package runner_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// Nothing goes on for a settled request.
func TestRunner_forgets_settled_requests(t *testing.T) {
	const rounds, each = 2, 20
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.ExpiresAfter = time.Second }, func(b *bench) {
		settle := func() {
			var open []reset.ID
			for range each {
				open = append(open, b.open(ids...))
			}
			for _, id := range open {
				b.await(id, reset.Expired)
			}
			synctest.Wait()
		}
		settle()
		goroutines := runtime.NumGoroutine()
		for range rounds {
			settle()
		}
		if now := runtime.NumGoroutine(); now > goroutines {
			t.Errorf("%d goroutines more than %d", now-goroutines, goroutines)
		}
	})
}
