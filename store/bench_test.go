package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

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

// What many workers have to write while a commit is made goes into the next one, whatever
// the number of their requests, and no more than fits into it.
func TestTerm_groups(t *testing.T) {
	for _, c := range []struct{ workers, requests, commits int }{{10, 1, 1}, {10, 3, 1}, {100, 1, 2}} {
		synctest.Test(t, func(t *testing.T) {
			term := mustTermOn(t, newMemEngine())
			running := make([]*reset.Request, c.requests)
			for i := range running {
				running[i] = mustRun(t, term, 1, t0)
			}
			if err := term.journal.turn.take(t.Context()); err != nil {
				t.Fatal(err)
			}
			var workers sync.WaitGroup
			for i := range c.workers {
				workers.Go(func() {
					refused, err := term.Start(t.Context(), running[i%c.requests], started(i+1, userID(i+1)))
					if err != nil || refused[0] != nil {
						t.Error(err, refused)
					}
				})
			}
			synctest.Wait()
			before := mustRev(t, term.engine)
			term.journal.end()
			workers.Wait()
			if n := int(mustRev(t, term.engine) - before); n != c.commits {
				t.Errorf("%d workers of %d requests: %d commits, want %d", c.workers, c.requests, n, c.commits)
			}
		})
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
