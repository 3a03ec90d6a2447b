package store

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// Requests that are settled cost no memory: after 700 of them, each with 8 KiB of facts
// and a user, the live heap is where it was after 200.
func TestTerm_memory_of_settled_requests(t *testing.T) {
	s := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"))
	s.file.DB.NoSync = true
	term := mustTerm(t, s)
	settle := func(from, to int) {
		for i := from; i < to; i++ {
			key := fmt.Sprint(i)
			mustReceive(t, term, key)
			if err := term.Finish(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			r := mustCreate(t, term, 1)
			r = must[*reset.Request](t)(term.Update(t.Context(), r.ID, key, false, func(r *reset.Request) ([]reset.Fact, error) {
				planned, err := r.FreezePlan(reset.Plan{Revision: 1, Digest: "0123456789abcdef"}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, t0.Add(time.Hour), t0)
				if err != nil {
					return nil, err
				}
				approved, err := r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, t0)
				if err != nil {
					return nil, err
				}
				running, err := r.Start(t0)
				return []reset.Fact{planned, approved, running}, err
			}))
			mustJournal(t, term, r, []reset.Entry{started(1, userID(i)), outcome(1, userID(i), t0)})
			must[*reset.Request](t)(term.Update(t.Context(), r.ID, "", false, func(r *reset.Request) ([]reset.Fact, error) {
				cancelled, err := r.Cancel("U_REQUESTER", t0)
				if err != nil {
					return nil, err
				}
				stopped, err := r.Stopped(reset.Totals{}, t0)
				return []reset.Fact{cancelled, stopped, {Name: "noted", At: t0, Detail: map[string]string{"why": strings.Repeat("x", 8<<10)}}}, err
			}))
		}
	}
	live := func() int64 {
		runtime.GC()
		runtime.GC() // what finalizers and pools held
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	const first, total = 200, 700
	settle(0, first)
	before := live()
	settle(first, total)
	if grown, bound := live()-before, int64(total-first)*(8<<20)/4500; grown > bound {
		t.Errorf("%d KiB more are in use", grown>>10)
	}
	runtime.KeepAlive(term)
}

// A request that is settled has no claims, in memory either.
func TestTerm_claims_of_settled(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
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
