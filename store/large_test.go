package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// The largest request: roster, plan, journal and outcomes of all its users stay
// under 200 MB, and the memory for writing and reading them bounded.
func TestRecord_large(t *testing.T) {
	n := 100_000
	if testing.Short() || raced {
		n = 5_000
	}
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	s.file.DB.NoSync = true // it is about room, not about safety
	term := mustTerm(t, s)
	heap := &peak{}
	r := mustRun(t, term, n, t0)
	heap.look()
	var workers sync.WaitGroup
	for w := range 10 {
		workers.Go(func() {
			for i := w + 1; i <= n; i += 10 {
				if err := journalOne(t.Context(), term, r, i); err != nil {
					t.Error(err)
					return
				}
				if i%10_000 == 0 {
					heap.look()
				}
			}
		})
	}
	workers.Wait()
	ledger, read := reset.NewLedger(), 0
	for e, err := range term.Log(t.Context(), r.ID, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if read++; read%50_000 == 0 {
			heap.look()
		}
		if e.Step == nil {
			ledger.Apply(e)
		}
	}
	if want := 2*n + 4; read != want {
		t.Errorf("%d entries, want %d", read, want)
	}
	targets := 0
	for _, err := range term.Targets(t.Context(), r.ID, 1, 1) {
		if err != nil {
			t.Fatal(err)
		}
		targets++
	}
	heap.look()
	if targets != n {
		t.Errorf("%d targets", targets)
	}
	MustClose(t, s)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d targets: %.1f MB in the file, %.1f MB of heap", n, float64(info.Size())/1e6, float64(heap.most)/1e6)
	if info.Size() > 200_000_000 {
		t.Errorf("the file has %d bytes", info.Size())
	}
	if heap.most > 64<<20 {
		t.Errorf("the heap grew to %d bytes", heap.most)
	}
}

// peak is the most live heap that was seen.
type peak struct {
	mu   sync.Mutex
	most uint64
}

func (p *peak) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.most = max(p.most, m.HeapAlloc)
}

// BenchmarkOpen is a start with many old requests: open, check, lead, and the first look at what is open.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "factorbot.db")
	s := MustOpen(b, path)
	s.file.DB.NoSync = true
	term := mustTerm(b, s)
	for range 1000 {
		r := mustRun(b, term, 100, t0)
		mustUpdate(b, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Verify(t0) })
		mustUpdate(b, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Finish(reset.Totals{}, t0) })
	}
	mustCreate(b, term, 1)
	MustClose(b, s)
	b.ResetTimer()
	for b.Loop() {
		s, err := Open(path, testOrg)
		if err != nil {
			b.Fatal(err)
		}
		if err := firstChange(b.Context(), mustTerm(b, s)); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func firstChange(ctx context.Context, term *Term) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for id, err := range term.Watch(ctx) {
		if err != nil || id != "FR-1001" {
			return fmt.Errorf("told of %s: %w", id, err)
		}
		return nil
	}
	return nil
}
