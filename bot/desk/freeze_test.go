package desk_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/store"
)

// flaky refuses the first updates of a request.
type flaky struct {
	*store.Term
	mu   sync.Mutex
	id   reset.ID
	left int
}

func (f *flaky) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change desk.Change) (*reset.Request, error) {
	f.mu.Lock()
	fails := id == f.id && f.left > 0
	if fails {
		f.left--
	}
	f.mu.Unlock()
	if fails {
		return nil, errors.New("the disk is full")
	}
	return f.Term.Update(ctx, id, op, unlessFrozen, change)
}

// A freeze holds from its commit on. A pause that fails after it keeps no other
// waiting, is no failure of the freeze, and is made good; the same for a thaw.
func TestDesk_Freeze_goesOnAfterAFailedPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := mustOpenOffice(t)
		o.Log = slog.New(slog.DiscardHandler)
		a, b := o.mustRunning(t), o.mustRunning(t)
		bad := &flaky{Term: o.term, id: a.ID, left: 3}
		o.Record = bad
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = o.Run(ctx) })
		defer wg.Wait()
		defer cancel()
		until := func(id reset.ID, want reset.State) {
			t.Helper()
			for n := 0; o.mustGet(t, id).State != want; n++ {
				if n == 100 {
					t.Fatalf("%s is %s, want %s", id, o.mustGet(t, id).State, want)
				}
				synctest.Wait()
				<-time.After(time.Second)
			}
		}
		if _, err := o.Freeze(t.Context(), o.intent("freeze", first)); err != nil {
			t.Errorf("freeze: %v", err)
		}
		if got := o.mustGet(t, b.ID).State; got != reset.Paused {
			t.Errorf("the request after the one that failed is %s", got)
		}
		until(a.ID, reset.Paused)
		bad.mu.Lock()
		bad.left = 2
		bad.mu.Unlock()
		for _, who := range []reset.Person{first, second} {
			if _, _, err := o.Thaw(t.Context(), o.intent("thaw "+string(who), who)); err != nil {
				t.Errorf("thaw: %v", err)
			}
		}
		until(a.ID, reset.Running)
	})
}

// waitingPeople answers about who decides when it is let go.
type waitingPeople struct {
	fakePeople
	began, let chan struct{}
}

func (w waitingPeople) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	w.began <- struct{}{}
	<-w.let
	return w.fakePeople.Person(ctx, id)
}

// A freeze does not wait for the look-ups of somebody who thaws.
func TestDesk_Freeze_doesNotWaitForAThaw(t *testing.T) {
	o := mustOpenOffice(t)
	slow := waitingPeople{fakePeople{who: o.people, now: o.Now}, make(chan struct{}), make(chan struct{})}
	o.People = slow
	thawed := make(chan error, 1)
	go func() {
		_, _, err := o.Thaw(context.Background(), o.intent("thaw", second))
		thawed <- err
	}()
	<-slow.began
	if _, err := o.Freeze(t.Context(), o.intent("freeze", first)); err != nil {
		t.Errorf("freeze: %v", err)
	}
	close(slow.let)
	if err := <-thawed; err != nil {
		t.Errorf("thaw: %v", err)
	}
}
