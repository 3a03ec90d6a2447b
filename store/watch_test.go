package store

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"

	"factorbot/bot/reset"
)

// follower is one who watches, and what was told.
type follower struct {
	told []reset.ID
	err  error
}

func (f *follower) follow(seq iter.Seq2[reset.ID, error]) {
	for id, err := range seq {
		if err != nil {
			f.err = err
			return
		}
		f.told = append(f.told, id)
	}
}

func TestReader_Watch(t *testing.T) {
	for name, open := range engines() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testWatch(t, mustTermOn(t, open(t))) })
		})
	}
}

func testWatch(t *testing.T, term *Term) {
	mustRun(t, term, 2, t0)
	mustCreate(t, term, 1)
	mustUpdate(t, term, "FR-2", func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	r := mustRun(t, term, 2, t0)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	followers := make([]*follower, 2)
	for i := range followers {
		followers[i] = &follower{}
		go followers[i].follow(term.Watch(ctx))
	}
	expect := func(what string, want ...reset.ID) {
		t.Helper()
		synctest.Wait()
		for i, f := range followers {
			if !slices.Equal(slices.Compact(f.told), want) {
				t.Errorf("%s: watcher %d was told of %v, want %v", what, i, f.told, want)
			}
			f.told = nil
		}
	}
	expect("at first", "FR-3", "FR-1")
	mustStart(t, term, r, 1)
	expect("a step", "FR-3")
	mustUpdate(t, term, "FR-1", func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", t0)
	})
	expect("a head", "FR-1")
	if err := term.Append(t.Context(), "FR-2", outcome(1, userID(7), t0)); err != nil {
		t.Fatal(err)
	}
	expect("the log of a settled request", "FR-2")
	if err := term.SaveMessages(t.Context(), "FR-1", reset.Message{Slot: reset.SlotPlan}); err != nil {
		t.Fatal(err)
	}
	if err := term.AppendOrgFacts(t.Context(), reset.Fact{Name: "reloaded", At: t0}); err != nil {
		t.Fatal(err)
	}
	expect("nothing of a request")
	mustCreate(t, term, 1)
	expect("a new one", "FR-4")
	cancel()
	synctest.Wait()
	for _, f := range followers {
		if !errors.Is(f.err, context.Canceled) {
			t.Errorf("the watch ended with %v", f.err)
		}
	}
}

func TestReader_Watch_closed(t *testing.T) {
	s := MustOpen(t, t.TempDir()+"/factorbot.db")
	term := mustTerm(t, s)
	f, done := &follower{}, make(chan struct{})
	go func() { defer close(done); f.follow(term.Watch(t.Context())) }()
	MustClose(t, s)
	<-done
	if !errors.Is(f.err, ErrClosed) {
		t.Errorf("the watch ended with %v", f.err)
	}
	<-term.Lost()
	if _, err := term.Get(t.Context(), "FR-1"); !errors.Is(err, ErrClosed) {
		t.Errorf("read after the close: %v", err)
	}
	if err := term.AppendOrgFacts(t.Context(), reset.Fact{}); !errors.Is(err, ErrClosed) {
		t.Errorf("wrote after the close: %v", err)
	}
	if _, err := s.Lead(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("led after the close: %v", err)
	}
}
