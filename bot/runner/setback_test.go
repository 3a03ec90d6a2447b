package runner

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// Okta's clock is set back after a call whose answer was lost, or ours is set ahead,
// which looks alike: what the user enrolled since bears an earlier time than the
// call, and is left alone all the same. So it is where the call was answered, and
// the factors are listed to prove it.
func TestRunner_clock_set_back_since_the_call(t *testing.T) {
	for name, fault := range map[string]oktasim.Fault{"lost answer": oktasim.DropAfter, "answered": ""} {
		t.Run(name, func(t *testing.T) {
			users, ids := people(1)
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				b.start()
				id := b.open(ids...)
				if fault != "" {
					b.org.FailNext("POST", "/lifecycle/reset_factors", fault, 1)
				}
				b.approve(id)
				for len(b.org.Resets(ids[0])) == 0 {
					pauseFor(context.Background(), 10*time.Millisecond)
				}
				if _, err := b.org.Set(map[string]json.RawMessage{"clock_offset": json.RawMessage(`"-3m"`)}); err != nil {
					t.Fatal(err)
				}
				if err := b.org.Enrol(ids[0], "webauthn"); err != nil {
					t.Fatal(err)
				}
				b.await(id, reset.Done)
				if n := b.org.Books().NewRemoved; n != 0 {
					t.Errorf("%d new factors removed", n)
				}
				if n := len(b.org.Resets(ids[0])); n != 1 {
					t.Errorf("reset %d times: %+v", n, b.results(id)[1])
				}
			})
		})
	}
}

// The log's time is over when it has passed, not when a clock that was set back has
// come to where it was.
func TestRunner_clock_set_back_while_the_log_is_awaited(t *testing.T) {
	users, ids := people(1)
	users[0].Factors = nil
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.start()
		id := b.open(ids...)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		for b.org.Books().Faults[oktasim.DropBefore] == 0 {
			pauseFor(context.Background(), 10*time.Millisecond)
		}
		if _, err := b.org.Set(map[string]json.RawMessage{"clock_offset": json.RawMessage(`"-10m"`)}); err != nil {
			t.Fatal(err)
		}
		if err := b.org.Enrol(ids[0], "webauthn"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		b.await(id, reset.Done)
		if took := time.Since(began); took > 6*time.Minute { // the log may lag by two
			t.Errorf("it took %s", took)
		}
		if p := b.results(id)[1]; p.Reason != reset.EnrolledMeanwhile || b.org.Books().NewRemoved != 0 {
			t.Errorf("%s %s", p.Outcome, p.Reason)
		}
	})
}
