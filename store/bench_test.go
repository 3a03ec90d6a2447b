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
	term, running := mustRunAll(b, s, requests)
	before := commits(b, s)
	b.ResetTimer()
	journalAll(b, term, running, b.N)
	b.StopTimer()
	b.ReportMetric(float64(commits(b, s)-before)*10/float64(b.N), "commits/10users")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "users/s")
	stats, err := s.Stats()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(stats.Bytes)/float64(b.N), "B/user")
}

// mustRunAll brings new requests into running.
func mustRunAll(tb testing.TB, s *Store, requests int) (*Term, []*reset.Request) {
	tb.Helper()
	term := mustTerm(tb, s)
	running := make([]*reset.Request, requests)
	for i := range running {
		running[i] = mustRun(tb, term, 1, t0)
	}
	return term, running
}

// journalAll has ten workers start and finish users in turn with the requests.
func journalAll(tb testing.TB, term *Term, running []*reset.Request, users int) {
	tb.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 10 {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= users; i = int(next.Add(1)) {
				if err := journalOne(tb.Context(), term, running[i%len(running)], i); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
}

// Ten workers need at most four transactions for ten users, whatever the number of their requests.
func TestTerm_groups(t *testing.T) {
	const users = 1000
	for _, requests := range []int{1, 3} {
		s := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"))
		term, running := mustRunAll(t, s, requests)
		before := commits(t, s)
		journalAll(t, term, running, users)
		if n := commits(t, s) - before; n*10 > 4*users {
			t.Errorf("%d requests: %d transactions for %d users", requests, n, users)
		}
	}
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
	tx, err := s.file.DB.Begin(false)
	if err != nil {
		tb.Fatal(err)
	}
	defer tx.Rollback()
	return tx.ID()
}
