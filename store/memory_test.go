package store

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv/kvtest"
)

// Requests that are settled cost no memory: after 5,000 of them, each with 8 KiB of facts
// and a user, the live heap is where it was after 500.
func TestTerm_memory_of_settled_requests(t *testing.T) {
	s := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"))
	s.file.DB().NoSync = true
	term := mustTerm(t, s)
	settle := func(from, to int) {
		for i := from; i < to; i++ {
			key := fmt.Sprint(i)
			mustReceive(t, term, key)
			r := mustRun(t, term, 1, t0)
			mustJournal(t, term, r, []reset.Entry{started(1, userID(i)), outcome(1, userID(i), t0)})
			mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
			must[*reset.Request](t)(term.Update(t.Context(), r.ID, key, func(r *reset.Request) ([]reset.Fact, error) {
				f, err := r.Stopped(reset.Totals{}, t0)
				return []reset.Fact{f, {Name: "noted", At: t0, Detail: map[string]string{"why": strings.Repeat("x", 8<<10)}}}, err
			}))
			if err := term.Finish(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	live := func() int64 {
		runtime.GC()
		runtime.GC() // what finalizers and pools held
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	settle(0, 500)
	before := live()
	settle(500, 5000)
	if grown := live() - before; grown > 8<<20 {
		t.Errorf("%d KiB more are in use", grown>>10)
	}
	runtime.KeepAlive(term)
}

// A request that is settled has no claims, in memory either.
func TestTerm_claims_of_settled(t *testing.T) {
	term := mustTermOn(t, kvtest.NewModel())
	over, next := mustRun(t, term, 1, t0), mustRun(t, term, 1, t0)
	mustStart(t, term, over, 1)
	mustUpdate(t, term, over.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	mustUpdate(t, term, over.ID, func(r *reset.Request) (reset.Fact, error) { return r.Stopped(reset.Totals{}, t0) })
	for range 2 {
		if refused := must[[]error](t)(term.Start(t.Context(), next, started(1, userID(1)))); refused[0] != nil {
			t.Error(refused[0])
		}
		term = mustTerm(t, term.store)
	}
}
