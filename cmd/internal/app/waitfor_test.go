package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"factorbot/store"
)

// A process that loses its lead follows again, whatever else goes wrong while it stops,
// and whether the loss is met first or last; but not over a part that is still running.
func TestWaitFor_lost_lead(t *testing.T) {
	boom := errors.New("boom")
	fails := func(with error) func(context.Context) error {
		return func(context.Context) error { return with }
	}
	stopsWith := func(with error) func(context.Context) error {
		return func(ctx context.Context) error { <-ctx.Done(); return with }
	}
	synctest.Test(t, func(t *testing.T) {
		released := make(chan struct{})
		for _, c := range []struct {
			name        string
			early, late func(context.Context) error // early stops last
			passes      bool
		}{
			{"the loss is met first", stopsWith(boom), fails(store.ErrLost), true},
			{"the loss is met while it stops", stopsWith(store.ErrLost), fails(boom), true},
			{"nothing is lost", stopsWith(nil), fails(boom), false},
			{"a part does not stop", func(context.Context) error { <-released; return nil }, fails(store.ErrLost), false},
		} {
			l := NewLifecycle(t.Context())
			l.Start("early", c.early)
			l.Start("late", c.late)
			if err := waitFor(l); passes(err) != c.passes {
				t.Errorf("%s: %v passes: %t", c.name, err, !c.passes)
			}
		}
		close(released)
	})
}

// New secrets do not start the bot again where a part could not be stopped.
func TestWaitFor_renewal(t *testing.T) {
	for _, closing := range []error{nil, store.ErrLost, errors.New("the file cannot be closed")} {
		l := NewLifecycle(t.Context())
		l.OnStop("record", func() error { return closing })
		l.Start("reloads", func(context.Context) error { return &renewal{} })
		err := waitFor(l)
		if _, again := errors.AsType[*renewal](err); again != (closing == nil || errors.Is(closing, store.ErrLost)) || err == nil {
			t.Errorf("after %v it starts again: %t, %v", closing, again, err)
		}
	}
}
