package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadiness_namesWhatIsWrongAndAsksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wrote, asked int
		var diskFull, revoked error
		r := newReadiness(func() int { return 1 },
			func(context.Context) error { wrote++; return diskFull },
			func(context.Context) error { asked++; return revoked })
		check := func(want string) {
			t.Helper()
			got := "ready"
			if err := r.check(t.Context()); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("check() says %q, want %q", got, want)
			}
		}
		check("ready")
		check("ready")
		if wrote != 1 || asked != 1 {
			t.Errorf("two probes wrote %d times and asked Okta %d times", wrote, asked)
		}
		diskFull, revoked = errors.New("disk full"), errors.New("401\nE0000011")
		<-time.After(time.Minute)
		check("store: disk full\nokta: 401; E0000011")
		diskFull, revoked = nil, nil
		check("okta: 401; E0000011")
		<-time.After(10 * time.Second)
		check("ready")
	})
}

func TestReadiness_isBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context) error { <-ctx.Done(); return errors.New("no answer") }
		r := newReadiness(func() int { return 0 }, func(context.Context) error { return nil }, hang)
		begun := time.Now()
		err := r.check(t.Context())
		if want := "slack: no socket to Slack is open\nokta: no answer"; err == nil || err.Error() != want {
			t.Errorf("check() = %v, want %q", err, want)
		}
		if took := time.Since(begun); took != readyTime { // the bubble's clock
			t.Errorf("it took %s", took)
		}
	})
}
