package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// TeardownLimit bounds how long all parts together may take to stop: the runner
// gives calls in flight ten seconds.
const TeardownLimit = 15 * time.Second

// errEndedEarly is the failure of a part that returned before it was asked to stop.
var errEndedEarly = errors.New("ended by itself")

// errStillRunning says that a part did not stop in time.
var errStillRunning = fmt.Errorf("still running after %s", TeardownLimit)

// Lifecycle starts named parts and stops them again, the last started first. It
// belongs to one goroutine; only the parts run on their own.
type Lifecycle struct {
	ctx    context.Context // its values reach the parts; its end is the wish to stop
	failed chan error      // the first failure
	parts  []*part
	once   sync.Once
	err    error // of the teardown
}

type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned
	err    error         // of run, to be read after done
}

// NewLifecycle returns one that Wait ends together with ctx.
func NewLifecycle(ctx context.Context) *Lifecycle {
	return &Lifecycle{ctx: ctx, failed: make(chan error, 1)}
}

// Start runs a part on a goroutine of its own. run returns when its context ends;
// an earlier return, with or without an error, is a failure and ends everything.
func (l *Lifecycle) Start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.ctx))
	p := &part{name: name, cancel: cancel, done: make(chan struct{})}
	l.parts = append(l.parts, p)
	go func() {
		defer close(p.done)
		err := run(ctx)
		if ctx.Err() != nil {
			p.err = afterStop(name, err)
			return
		}
		if err == nil {
			err = errEndedEarly
		}
		err = fmt.Errorf("%s: %w", name, err)
		select {
		case l.failed <- err:
		default: // another part failed first
			p.err = err
		}
	}()
}

// afterStop drops the error of a part that ended because it was asked to.
func afterStop(name string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("stop %s: %w", name, err)
}

// OnStop names what is to be closed after all that is started later has stopped.
func (l *Lifecycle) OnStop(name string, closeIt func() error) {
	l.Start(name, func(ctx context.Context) error {
		<-ctx.Done()
		return closeIt()
	})
}

// While runs do until it returns. Its context ends with ctx, and when a part fails, whose
// failure is returned then.
func (l *Lifecycle) While(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	select {
	case err := <-done:
		return err
	case failure := <-l.failed:
		cancel()
		<-done
		return failure
	}
}

// Wait blocks until the context ends or a part fails, and stops all. It returns
// the failure and what went wrong while stopping; nil after a plain stop.
func (l *Lifecycle) Wait() error {
	var failure error
	select {
	case <-l.ctx.Done():
	case failure = <-l.failed:
	}
	return errors.Join(failure, l.Stop())
}

// Stop stops the parts, each after all that were started later have returned. When
// TeardownLimit is over it gives up and names the part that has not returned and
// those under it, which stay as they are: closing what is in use helps nobody.
// Further calls return the same.
func (l *Lifecycle) Stop() error {
	l.once.Do(func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), TeardownLimit)
		defer cancel()
		l.err = l.stop(limit)
	})
	return l.err
}

func (l *Lifecycle) stop(limit context.Context) error {
	var errs []error
	for i := len(l.parts) - 1; i >= 0; i-- {
		p := l.parts[i]
		p.cancel()
		select {
		case <-p.done:
			errs = append(errs, p.err)
		case <-limit.Done():
			errs = append(errs, stuck(l.parts[:i+1]))
			return errors.Join(errs...)
		}
	}
	return errors.Join(errs...)
}

// stuck names the last part as still running and those before it as not stopped.
func stuck(parts []*part) error {
	last := len(parts) - 1
	names := make([]string, last)
	for i, p := range parts[:last] {
		names[last-1-i] = p.name
	}
	if last == 0 {
		return fmt.Errorf("stop %s: %w", parts[last].name, errStillRunning)
	}
	return fmt.Errorf("stop %s: %w; not stopped: %s", parts[last].name, errStillRunning, strings.Join(names, ", "))
}

// Serve answers HTTP on the listener until the lifecycle stops it. Streams end with the simulators.
func Serve(lc *Lifecycle, listener net.Listener, h http.Handler) {
	lc.Start("HTTP", func(ctx context.Context) error {
		base, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return base }}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(listener) }()
		select {
		case err := <-served:
			return err
		case <-ctx.Done():
		}
		cancel()
		end, stop := context.WithTimeout(base, time.Second)
		defer stop()
		err := srv.Shutdown(end)
		if err != nil {
			err = srv.Close()
		}
		<-served
		return err
	})
}
