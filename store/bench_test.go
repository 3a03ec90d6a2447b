package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"factorbot/bot/reset"
)

// BenchmarkJournal is a run without pacing: ten workers, for each user a started
// entry and an outcome, both durable. It reports the transactions of bbolt for
// ten users.
func BenchmarkJournal(b *testing.B) {
	for _, requests := range []int{1, 3} {
		b.Run(fmt.Sprintf("requests=%d", requests), func(b *testing.B) { benchJournal(b, requests) })
	}
}

func benchJournal(b *testing.B, requests int) {
	s := MustOpen(b, filepath.Join(b.TempDir(), "factorbot.db"))
	term := mustTerm(b, s)
	running := make([]*reset.Request, requests)
	for i := range running {
		running[i] = mustRun(b, term, 1, t0)
	}
	before := commits(b, s)
	b.ResetTimer()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 10 {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				if err := journalOne(b.Context(), term, running[i%requests], i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(commits(b, s)-before)*10/float64(b.N), "commits/10users")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "users/s")
	stats, err := s.Stats()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(stats.Bytes)/float64(b.N), "B/user")
}

func journalOne(ctx context.Context, term *Term, r *reset.Request, i int) error {
	refused, err := term.Start(ctx, r, started(i, userID(i)))
	if err == nil {
		err = refused[0]
	}
	if err != nil {
		return err
	}
	return term.Append(ctx, r.ID, outcome(i, userID(i), t0))
}

// commits counts the transactions of bbolt that were written.
func commits(tb testing.TB, s *Store) int {
	tb.Helper()
	tx, err := s.file.db.Begin(false)
	if err != nil {
		tb.Fatal(err)
	}
	defer tx.Rollback()
	return tx.ID()
}
