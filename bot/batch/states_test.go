package batch

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/reset"
)

// slowRecord makes entries durable when it is let go, and heads when they are written.
type slowRecord struct {
	Record
	release chan error
	entries []reset.Entry
	head    *reset.Request
	facts   []reset.Fact
	full    bool
	onWrite func()
}

func (s *slowRecord) Append(_ context.Context, _ reset.ID, entries ...reset.Entry) error {
	err := <-s.release
	s.entries = append(s.entries, entries...)
	return err
}

func (s *slowRecord) Get(context.Context, reset.ID) (*reset.Request, error) {
	r := *s.head
	return &r, nil
}

func (s *slowRecord) Update(_ context.Context, _ reset.ID, _ string, _ bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	s.onWrite()
	facts, err := change(s.head)
	if err != nil {
		return nil, err
	}
	if s.full {
		return nil, errFull
	}
	s.facts = append(s.facts, facts...)
	return s.head, nil
}

// Whoever records an outcome goes on only when it is durable and known: a target that is
// taken for untried would be sent again, and a proof must not come before its outcome.
func TestProgress_finish_waits_for_the_record(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &slowRecord{release: make(chan error)}
		p := newProgress(t.Context(), "FR-1", rec, reset.NewLedger(), func(err error) { t.Error(err) }, slog.New(slog.NewTextHandler(io.Discard, nil)))
		user := reset.Target{Row: 1, User: "00uuser0000000000000", Action: reset.ActionReset}
		p.remember(user)
		finished := make(chan struct{})
		go func() { p.finish(scope{}.whole(user)); close(finished) }()
		synctest.Wait() // it is in the record now
		select {
		case <-finished:
			t.Error("the worker goes on before the outcome is durable")
		default:
		}
		if got := p.row(1).Outcome; got != "" {
			t.Errorf("before it is durable the outcome %q may be proved", got)
		}
		rec.release <- nil
		<-finished
		if p.isNew(user) || p.row(1).Outcome != reset.OutcomeReset || len(rec.entries) != 1 {
			t.Errorf("the target has %q, recorded are %d entries", p.row(1).Outcome, len(rec.entries))
		}
		if _, kept := p.target(1); kept {
			t.Error("a target with an outcome is kept")
		}
	})
}

// What cannot be recorded ends the batch, and what was sent stays in doubt.
func TestProgress_failed_record_ends_the_batch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed []error
		broken := errors.New("no space left")
		rec := &slowRecord{release: make(chan error, 2)}
		p := newProgress(t.Context(), "FR-1", rec, reset.NewLedger(), func(err error) { failed = append(failed, err) }, slog.New(slog.NewTextHandler(io.Discard, nil)))
		step := reset.Step{Row: 1, User: "00uuser0000000000000", Kind: reset.StepReset}
		p.start(reset.Entry{Kind: reset.EntryStarted, Step: &step})
		rec.release <- broken
		p.write(reset.Entry{Kind: reset.EntryNotSent, Step: &step})
		if !p.row(1).InDoubt() {
			t.Error("what is not recorded counts")
		}
		rec.release <- errors.New("another")
		p.finish(scope{}.whole(reset.Target{Row: 2, User: "00uuser0000000000001"}))
		if p.row(2).Outcome != "" {
			t.Error("an outcome that is not recorded counts")
		}
		if len(failed) != 1 || !errors.Is(failed[0], broken) || !errors.Is(p.failure(), broken) {
			t.Errorf("the batch was ended by %v and says %v", failed, p.failure())
		}
	})
}

// A call that is started while the pause is written would leave after it.
func TestControl_nobody_is_started_while_the_pause_is_written(t *testing.T) {
	r := &reset.Request{ID: "FR-1", State: reset.Running, Version: 7}
	rec := &slowRecord{head: r}
	c := NewControl(t.Context(), t.Context(), r, rec, NewSession(), func() int { return 3 })
	written := 0
	rec.onWrite = func() {
		written++
		if !c.Stopped() {
			t.Error("calls may be started while the pause is written")
		}
	}
	for range 2 {
		c.countFailure("")
	}
	c.succeeded()
	c.countFailure("")
	c.countFailure("")
	if c.Stopped() || written > 0 {
		t.Fatal("two failures in a row pause a request that may have three")
	}
	c.countFailure("Look.")
	if !errors.Is(c.Err(), ErrPaused) || written != 1 || r.State != reset.Paused || r.Pause.Detail != "3 calls to Okta in a row failed. Look." {
		t.Errorf("%v, written %d times, %+v", c.Err(), written, r.Pause)
	}
	if len(rec.facts) != 1 {
		t.Errorf("the pause is recorded by %d facts", len(rec.facts))
	}
	c.countFailure("")
	if written != 1 {
		t.Error("a batch that is halted pauses again")
	}
}

// Where the policy sets no bound, failures alone pause nothing.
func TestControl_any_number_of_failures_without_a_bound(t *testing.T) {
	rec := &slowRecord{head: &reset.Request{ID: "FR-1", State: reset.Running}, onWrite: func() { t.Error("the request is paused") }}
	c := newControlOf(t, rec, 0)
	for range 100 {
		c.countFailure("")
	}
	if c.Stopped() {
		t.Error("the batch is halted")
	}
}

// A pause that cannot be recorded is an error: the batch must not pass for paused.
func TestControl_pause_that_is_not_recorded(t *testing.T) {
	for name, c := range map[string]struct {
		head *reset.Request
		want error
	}{
		"somebody cancelled first": {&reset.Request{ID: "FR-1", State: reset.Stopping}, ErrPaused},
		"the record is full":       {&reset.Request{ID: "FR-1", State: reset.Running}, errFull},
	} {
		t.Run(name, func(t *testing.T) {
			rec := &slowRecord{head: c.head, onWrite: func() {}}
			ctl := newControlOf(t, rec, 0)
			if c.want == errFull {
				rec.full = true
			}
			ctl.Pause(reset.CauseErrors, "")
			if !errors.Is(ctl.Err(), c.want) || !ctl.Stopped() {
				t.Errorf("%v, want %v", ctl.Err(), c.want)
			}
		})
	}
}

var errFull = errors.New("no space left")

func newControlOf(t *testing.T, rec *slowRecord, limit int) *Control {
	t.Helper()
	return NewControl(t.Context(), t.Context(), rec.head, rec, NewSession(), func() int { return limit })
}

// A moved head halts the batch though nobody is started; a pause with another cause is the same pause.
func TestControl_moved_head(t *testing.T) {
	for _, c := range []struct {
		name       string
		was, now   reset.State
		wantHalted bool
	}{
		{"paused by somebody", reset.Running, reset.Paused, true},
		{"paused for another reason", reset.Paused, reset.Paused, false},
		{"cancelled", reset.Paused, reset.Stopping, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				session := NewSession()
				rec := &slowRecord{head: &reset.Request{ID: "FR-1", State: c.was, Version: 7}}
				ctl := NewControl(t.Context(), t.Context(), &reset.Request{ID: "FR-1", State: c.was, Version: 7}, rec, session, func() int { return 0 })
				done := make(chan struct{})
				go func() { ctl.watchHead(); close(done) }()
				session.Nudge() // its own log
				pauseFor(t.Context(), 2*time.Second)
				if ctl.Stopped() {
					t.Error("an unmoved head halts the batch")
				}
				synctest.Wait()
				rec.head = &reset.Request{ID: "FR-1", State: c.now, Version: 8}
				session.Nudge()
				synctest.Wait()
				if ctl.Stopped() != c.wantHalted || c.wantHalted && !errors.Is(ctl.Err(), reset.ErrChanged) {
					t.Errorf("halted %t: %v", ctl.Stopped(), ctl.Err())
				}
				ctl.halt(nil)
				<-done
			})
		})
	}
}
