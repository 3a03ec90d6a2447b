package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// waiting returns a part that notes its name in stopped when it ends.
func waiting(name string, stopped *[]string) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		*stopped = append(*stopped, name)
		return ctx.Err()
	}
}

func TestLifecycle_stopsLastInFirstOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := NewLifecycle(ctx)
		var stopped []string
		l.OnStop("database", func() error { stopped = append(stopped, "database"); return nil })
		l.Start("runner", waiting("runner", &stopped))
		l.Start("listener", waiting("listener", &stopped))
		synctest.Wait()
		if len(stopped) > 0 {
			t.Fatalf("stopped before the context ended: %v", stopped)
		}
		cancel()
		if err := l.Wait(); err != nil {
			t.Errorf("Wait() = %v, want nil after a plain stop", err)
		}
		if want := []string{"listener", "runner", "database"}; !slices.Equal(stopped, want) {
			t.Errorf("stopped %v, want %v", stopped, want)
		}
	})
}

func TestLifecycle_firstFailureEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("socket is gone")
		l := NewLifecycle(t.Context())
		var stopped []string
		l.Start("runner", waiting("runner", &stopped))
		l.Start("listener", func(context.Context) error { return boom })
		l.Start("announcer", waiting("announcer", &stopped))
		err := l.Wait()
		if !errors.Is(err, boom) || err.Error() != "listener: socket is gone" {
			t.Errorf("Wait() = %v, want the listener's error by name", err)
		}
		if want := []string{"announcer", "runner"}; !slices.Equal(stopped, want) {
			t.Errorf("stopped %v, want %v", stopped, want)
		}
	})
}

func TestLifecycle_errors(t *testing.T) {
	early := func(context.Context) error { return nil }
	failing := func(text string) func(context.Context) error {
		return func(context.Context) error { return errors.New(text) }
	}
	failingStop := func(ctx context.Context) error {
		<-ctx.Done()
		return errors.New("2 messages unsent")
	}
	for name, c := range map[string]struct {
		start func(*Lifecycle)
		cause error // checked with errors.Is where it is set
		want  []string
	}{
		"early return": {
			start: func(l *Lifecycle) { l.Start("sweeper", early) },
			cause: errEndedEarly,
			want:  []string{"sweeper: ended by itself"},
		},
		"second failure is kept": {
			start: func(l *Lifecycle) { l.Start("a", failing("one")); l.Start("b", failing("two")) },
			want:  []string{"a: one", "b: two"},
		},
		"failure while stopping": {
			start: func(l *Lifecycle) { l.Start("announcer", failingStop); l.Start("listener", early) },
			want:  []string{"listener: ended by itself", "stop announcer: 2 messages unsent"},
		},
		"failing close": {
			start: func(l *Lifecycle) {
				l.OnStop("database", func() error { return errors.New("disk full") })
				l.Start("listener", early)
			},
			want: []string{"listener: ended by itself", "stop database: disk full"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLifecycle(t.Context())
				c.start(l)
				synctest.Wait()
				err := l.Wait()
				if err == nil {
					t.Fatal("Wait() = nil, want an error")
				}
				if c.cause != nil && !errors.Is(err, c.cause) {
					t.Errorf("Wait() = %v, want it to be %v", err, c.cause)
				}
				got := strings.Split(err.Error(), "\n")
				if slices.Sort(got); !slices.Equal(got, c.want) {
					t.Errorf("Wait() = %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestLifecycle_stuckPartKeepsWhatItUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLifecycle(t.Context())
		closed, release := 0, make(chan struct{})
		l.OnStop("database", func() error { closed++; return nil })
		l.OnStop("page", func() error { closed++; return nil })
		l.Start("runner", func(context.Context) error { <-release; return nil })
		synctest.Wait()
		err := l.Stop()
		if want := "stop runner: still running after 15s; not stopped: page, database"; err == nil || err.Error() != want {
			t.Errorf("Stop() = %v, want %s", err, want)
		}
		if closed != 0 {
			t.Errorf("%d parts were closed under the runner", closed)
		}
		close(release) // the process would end here; a bubble waits for every goroutine
		for _, p := range l.parts {
			p.cancel()
			<-p.done
		}
	})
}

func TestLifecycle_teardownIsBoundedAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := NewLifecycle(ctx)
		slow := func(ctx context.Context) error {
			<-ctx.Done()
			<-time.After(9 * time.Second)
			return nil
		}
		l.Start("first", slow)
		l.Start("second", slow)
		cancel()
		begun := time.Now()
		err := l.Wait()
		if took := time.Since(begun); took != TeardownLimit { // the bubble's clock
			t.Errorf("teardown took %s, want %s", took, TeardownLimit)
		}
		if err == nil || err.Error() != "stop first: still running after 15s" {
			t.Errorf("Wait() = %v", err)
		}
		<-l.parts[0].done // a bubble waits for every goroutine
	})
}

func TestLifecycle_Stop(t *testing.T) {
	t.Run("twice", func(t *testing.T) {
		l := NewLifecycle(t.Context())
		closed := 0
		l.OnStop("database", func() error { closed++; return errors.New("disk full") })
		first, second := l.Stop(), l.Stop()
		if closed != 1 || first == nil || first.Error() != second.Error() {
			t.Errorf("closed %d times; errors %v and %v", closed, first, second)
		}
	})
	t.Run("nothing started", func(t *testing.T) {
		if err := NewLifecycle(t.Context()).Stop(); err != nil {
			t.Errorf("Stop() = %v", err)
		}
	})
	t.Run("context values reach the parts, its end does not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			type key struct{}
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
			l := NewLifecycle(ctx)
			ended := false
			l.Start("part", func(ctx context.Context) error {
				if ctx.Value(key{}) != "v" {
					return errors.New("value is lost")
				}
				<-ctx.Done()
				ended = true
				return nil
			})
			cancel()
			synctest.Wait()
			if ended {
				t.Error("the part was stopped out of order, by the context itself")
			}
			if err := l.Stop(); err != nil {
				t.Error(err)
			}
		})
	})
}
