package store

import (
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

// Concurrent workers of two requests: numbers without gaps, and each entry once.
func TestTerm_Log_concurrent(t *testing.T) {
	term := MustLead(t)
	const workers, users = 8, 400
	running := []*reset.Request{mustRun(t, term, 1, t0), mustRun(t, term, 1, t0)}
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < users; i += workers {
				if err := journalOne(t.Context(), term, running[i%2], i+1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() { // a reader meanwhile never sees a gap
		for n := 0; n < users; {
			n = len(collect(t, term.Log(t.Context(), running[0].ID, 1)))
		}
	})
	all.Wait()
	for _, r := range running {
		seen := map[string]bool{}
		for i, e := range collect(t, term.Log(t.Context(), r.ID, 1)) {
			if e.Seq != int64(i+1) {
				t.Fatalf("%s: entry %d has number %d", r.ID, i+1, e.Seq)
			}
			if e.Step != nil {
				seen[fmt.Sprint(e.Kind, e.Step.Row)] = true
			}
		}
		if len(seen) != users {
			t.Errorf("%s: %d entries of steps, want %d", r.ID, len(seen), users)
		}
	}
}

func TestReader_Log_from(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	r := mustRun(t, term, 1, t0)
	const want = 2*series.BlockLen + 7
	for n := 4; n < want; {
		n = appendSome(t, term, r.ID, n)
	}
	last := len(collect(t, term.Log(t.Context(), r.ID, 1)))
	for _, from := range []int{-1, 0, 1, 2, 499, 500, 501, 502, 999, 1000, 1001, last - 1, last, last + 1, last + 5000} {
		got := collect(t, term.Log(t.Context(), r.ID, int64(from)))
		first := max(from, 1)
		if len(got) != max(0, last-first+1) || len(got) > 0 && got[0].Seq != int64(first) {
			t.Errorf("from %d of %d: %d entries", from, last, len(got))
		}
	}
}

// appendSome appends seven outcomes and returns the number of entries then.
func appendSome(tb testing.TB, term *Term, id reset.ID, n int) int {
	tb.Helper()
	var entries []reset.Entry
	for range 7 {
		n++
		entries = append(entries, outcome(n, userID(n), t0))
	}
	if err := term.Append(tb.Context(), id, entries...); err != nil {
		tb.Fatal(err)
	}
	return n
}

// A new term, or a new process, goes on in the middle of a block.
func TestTerm_Log_newTerm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	term := mustTerm(t, s)
	r := mustRun(t, term, 1, t0)
	n := 4
	for i := 0; n < 3*series.BlockLen; i++ {
		n = appendSome(t, term, r.ID, n)
		switch {
		case i%50 == 49:
			MustClose(t, s)
			s = MustOpen(t, path)
			term = mustTerm(t, s)
		case i%20 == 19:
			term = mustTerm(t, s)
		}
	}
	for i, e := range collect(t, term.Log(t.Context(), r.ID, 1)) {
		if e.Seq != int64(i+1) || i >= 4 && e.Step.Row != i+1 {
			t.Fatalf("entry %d: %+v", i+1, e)
		}
	}
}

// At a pace each entry is a commit of its own. A full block is still one value, so a log of
// 100,000 users does not take 100,000 keys, and a reader that began before reads on.
func TestTerm_Log_at_a_pace(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	r := mustRun(t, term, 1, t0)
	const rows = 2*series.BlockLen + 7
	var read []int64
	var next func() (reset.Entry, error, bool)
	for row := 2; row <= rows; row++ {
		if err := term.Append(t.Context(), r.ID, outcome(row, userID(row), t0)); err != nil {
			t.Fatal(err)
		}
		if row == 40 { // a reader that takes its values a page at a time
			var stop func()
			next, stop = iter.Pull2(term.Log(t.Context(), r.ID, 1))
			defer stop()
			e, err, _ := next()
			read = append(read, e.Seq)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for e, err, ok := next(); ok; e, err, ok = next() {
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, e.Seq)
	}
	for i, seq := range read {
		if seq != int64(i+1) {
			t.Fatalf("entry %d has number %d", i+1, seq)
		}
	}
	last := len(collect(t, term.Log(t.Context(), r.ID, 1)))
	values := len(collect(t, kv.Scan(t.Context(), m, logPrefix(1), 100)))
	if most := last/series.BlockLen + last%series.BlockLen; len(read) < 39 || values > most {
		t.Errorf("%d entries take %d values, want %d at most; %d were read meanwhile", last, values, most, len(read))
	}
}

// A log with a hole is damage, not the end.
func TestReader_Log_missing(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	r := mustRun(t, term, 1, t0)
	mustCommit(t, m, nil, kv.Remove(series.Key(logPrefix(1), 2)))
	err := firstError(term.Log(t.Context(), r.ID, 1))
	if err == nil || !strings.Contains(err.Error(), "entry 2 is missing") {
		t.Errorf("a hole in the log: %v", err)
	}
}
