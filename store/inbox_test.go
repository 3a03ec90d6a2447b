package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/store/internal/kv"
)

func keys(envelopes []Envelope) []string {
	var all []string
	for _, e := range envelopes {
		all = append(all, e.Key)
	}
	return all
}

func mustReceive(tb testing.TB, term *Term, key string) bool {
	tb.Helper()
	return must[bool](tb)(term.Receive(tb.Context(), key, []byte(`{"key":"`+key+`"}`)))
}

func TestStore_Receive(t *testing.T) {
	now := t0
	term := mustTermOn(t, newMemEngine(), Clock(func() time.Time { now = now.Add(-time.Second); return now })) // a clock that runs backwards
	long := strings.Repeat("long key ", 500)
	order := []string{"z", "a", "m", long, "", "a\nb"}
	for _, key := range order {
		if !mustReceive(t, term, key) {
			t.Errorf("%q is not fresh", key)
		}
	}
	for _, key := range order {
		if mustReceive(t, term, key) {
			t.Errorf("%q is fresh twice", key)
		}
	}
	pending := collect(t, term.Pending(t.Context()))
	if got := keys(pending); !slices.Equal(got, order) {
		t.Errorf("in order of arrival %q, want %q", got, order)
	}
	if e := pending[1]; string(e.Body) != `{"key":"a"}` || !e.At.Before(t0) {
		t.Errorf("envelope %+v", e)
	}
	for range 2 { // twice is once
		if err := term.Finish(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	if err := term.Finish(t.Context(), "unknown"); err != nil {
		t.Errorf("finish what never came: %v", err)
	}
	if mustReceive(t, term, "a") {
		t.Error("a finished envelope is fresh again")
	}
	if got := len(collect(t, term.Pending(t.Context()))); got != len(order)-1 {
		t.Errorf("%d pending", got)
	}
	if _, err := term.Receive(t.Context(), "big", make([]byte, kv.MaxValue)); !errors.Is(err, kv.ErrLimit) {
		t.Errorf("a body that is too large: %v", err)
	}
}

// Two sockets bring the same envelope at once: one of them is fresh.
// Whether an envelope was recorded and served is known by its key, also after it left the inbox.
func TestReader_Received(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	told := func(key string) [2]bool { // recorded, finished
		recorded, finished, err := term.Received(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return [2]bool{recorded, finished}
	}
	if got := told("a"); got != [2]bool{false, false} {
		t.Errorf("before: %v", got)
	}
	mustReceive(t, term, "a")
	if got := told("a"); got != [2]bool{true, false} {
		t.Errorf("while it waits: %v", got)
	}
	if err := term.Finish(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got := told("a"); got != [2]bool{true, true} {
		t.Errorf("after it was served: %v", got)
	}
}

func TestStore_Receive_atOnce(t *testing.T) {
	term := MustLead(t)
	const n = 30
	var mu sync.Mutex
	fresh := map[string]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range n {
				key := fmt.Sprint(i)
				ok, err := term.Receive(t.Context(), key, nil)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				if ok {
					fresh[key]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for i := range n {
		if fresh[fmt.Sprint(i)] != 1 {
			t.Errorf("%d was fresh %d times", i, fresh[fmt.Sprint(i)])
		}
	}
	if got := len(collect(t, term.Pending(t.Context()))); got != n {
		t.Errorf("%d pending, want %d", got, n)
	}
}

func TestReader_Arrivals(t *testing.T) {
	for name, open := range engines() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				term := mustTermOn(t, open(t), Clock(time.Now))
				mustReceive(t, term, "first")
				mustReceive(t, term, "done")
				if err := term.Finish(t.Context(), "done"); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var got []string
				var ended error
				go func() {
					for e, err := range term.Arrivals(ctx) {
						if err != nil {
							ended = err
							return
						}
						got = append(got, e.Key)
					}
				}()
				synctest.Wait()
				want := []string{"first"}
				for i := range 5 {
					want = append(want, fmt.Sprint(i))
					mustReceive(t, term, fmt.Sprint(i))
					mustReceive(t, term, "first")
					synctest.Wait()
				}
				if !slices.Equal(got, want) {
					t.Errorf("arrived %q, want %q", got, want)
				}
				cancel()
				synctest.Wait()
				if !errors.Is(ended, context.Canceled) {
					t.Errorf("ended with %v", ended)
				}
			})
		})
	}
}

func TestEnvelope_damaged(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	mustCommit(t, m, nil, kv.Put(envPrefix+"1", bytes.Repeat([]byte("x"), 10)))
	if err := firstError(term.Pending(t.Context())); err == nil {
		t.Error("what is no envelope was taken for one")
	}
}
