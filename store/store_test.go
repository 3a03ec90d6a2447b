package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"go.uber.org/goleak"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/boltkv"
)

func TestMain(m *testing.M) {
	if !playRole() {
		goleak.VerifyTestMain(m)
	}
}

const testOrg = "https://example.okta.com"

var t0 = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// Clock gives the record another clock than the machine's.
func Clock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// Timeout is how long Open waits for another process to close the file; a second if it is not given.
func Timeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// tester is what the helpers need of a test, so that rapid's and another process can use them.
type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// MustOpen opens a record, and when the test ends closes it and checks its file.
func MustOpen(tb testing.TB, path string, o ...Option) *Store {
	tb.Helper()
	s, err := Open(path, testOrg, o...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { MustClose(tb, s) })
	return s
}

// MustClose closes a record and checks its file; a second time is fine.
func MustClose(tb testing.TB, s *Store) {
	tb.Helper()
	mustBeSound(tb, s.file)
	if err := s.Close(); err != nil {
		tb.Error(err)
	}
}

// mustBeSound runs bbolt's check and ours, unless the file is closed.
func mustBeSound(tb tester, b *boltkv.Engine) {
	tb.Helper()
	err := b.DB.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			tb.Errorf("bbolt finds: %v", err)
		}
		return nil
	})
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return
	}
	if err != nil {
		tb.Errorf("check: %v", err)
	}
	if err := boltkv.Check(b.DB, b.Path()); err != nil {
		tb.Errorf("we find: %v", err)
	}
}

// engines are those that the record is tested on.
func engines() map[string]func(testing.TB) kv.Engine {
	return map[string]func(testing.TB) kv.Engine{
		"bolt":  func(tb testing.TB) kv.Engine { return mustBolt(tb) },
		"model": func(testing.TB) kv.Engine { return newMemEngine() },
	}
}

// mustBolt opens an empty file; at the end of the test it is checked and closed.
func mustBolt(tb testing.TB) *boltkv.Engine {
	tb.Helper()
	b, err := boltkv.Open(filepath.Join(tb.TempDir(), "factorbot.db"), time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		mustBeSound(tb, b)
		if err := b.Close(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

// mustRev returns the revision of the whole.
func mustRev(tb testing.TB, e kv.Engine) int64 {
	tb.Helper()
	_, rev, err := e.Read(context.Background(), "", "", 1)
	if err != nil {
		tb.Fatal(err)
	}
	return rev
}

func mustCommit(tb testing.TB, e kv.Engine, conds []kv.Cond, ops ...kv.Op) int64 {
	tb.Helper()
	return must[int64](tb)(e.Commit(context.Background(), conds, ops...))
}

// MustLead opens a fresh record and begins a term.
func MustLead(tb testing.TB, o ...Option) *Term {
	tb.Helper()
	return mustTerm(tb, MustOpen(tb, filepath.Join(tb.TempDir(), "factorbot.db"), o...))
}

func mustTerm(tb tester, s *Store) *Term {
	tb.Helper()
	term, err := s.Lead(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return term
}

// must fails the test on an error.
func must[T any](tb tester) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func collect[T any](tb tester, seq iter.Seq2[T, error]) []T {
	tb.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func asked(by reset.Person, rows int) (*reset.Request, reset.Fact) {
	return reset.Open(testOrg, reset.Ask{By: by, Channel: "C_FACTORS", At: t0, Reason: "lost phones"}, rows)
}

func rows(n int) iter.Seq[reset.Row] {
	return func(yield func(reset.Row) bool) {
		for i := 1; i <= n; i++ {
			if !yield(reset.Row{Row: i, Line: i + 1, Input: fmt.Sprintf("user%d@example.com", i), Kind: reset.RefLogin, Value: fmt.Sprintf("user%d@example.com", i)}) {
				return
			}
		}
	}
}

func userID(i int) reset.UserID { return reset.UserID(fmt.Sprintf("00u%017d", i)) }

func targets(n int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		for r := range rows(n) {
			t := reset.Target{Row: r.Row, Input: r.Input, User: userID(r.Row), Login: r.Value, Status: "ACTIVE", Action: reset.ActionReset}
			if !yield(t, nil) {
				return
			}
		}
	}
}

func mustCreate(tb tester, term *Term, n int) *reset.Request {
	tb.Helper()
	r, fact := asked("U_REQUESTER", n)
	return must[*reset.Request](tb)(term.Create(tb.Context(), "", r, rows(n), fact))
}

// mustRun brings a new request of n users into running; its plan is frozen at the given time.
func mustRun(tb tester, term *Term, n int, frozen time.Time) *reset.Request {
	tb.Helper()
	r := mustCreate(tb, term, n)
	if err := term.SavePlan(tb.Context(), r.ID, 1, targets(n)); err != nil {
		tb.Fatal(err)
	}
	digest, last := reset.Digest("0123456789abcdef"), must[int64](tb)(term.LastNote(tb.Context()))
	for _, change := range []func(*reset.Request) (reset.Fact, error){
		func(r *reset.Request) (reset.Fact, error) {
			return r.FreezePlan(reset.Plan{Revision: 1, Digest: digest, FrozenAt: frozen, LastNote: last, Targets: n, Resets: n},
				reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, frozen.Add(time.Hour), frozen)
		},
		func(r *reset.Request) (reset.Fact, error) {
			return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: digest}, 0, frozen)
		},
		func(r *reset.Request) (reset.Fact, error) { return r.Start(frozen) },
	} {
		r = mustUpdate(tb, term, r.ID, change)
	}
	return r
}

func mustUpdate(tb tester, term *Term, id reset.ID, change func(*reset.Request) (reset.Fact, error)) *reset.Request {
	tb.Helper()
	return must[*reset.Request](tb)(term.Update(tb.Context(), id, "", false, one(change)))
}

// one makes a move that tells one fact into a closure of an update.
func one(change func(*reset.Request) (reset.Fact, error)) func(*reset.Request) ([]reset.Fact, error) {
	return func(r *reset.Request) ([]reset.Fact, error) {
		f, err := change(r)
		return []reset.Fact{f}, err
	}
}

func started(row int, u reset.UserID) reset.Entry {
	return reset.Entry{Kind: reset.EntryStarted, At: t0, Step: &reset.Step{Row: row, User: u, Kind: reset.StepReset}}
}

func outcome(row int, u reset.UserID, at time.Time) reset.Entry {
	return reset.Entry{Kind: reset.EntryOutcome, At: at, Step: &reset.Step{Row: row, User: u, Kind: reset.StepReset},
		Outcome: reset.OutcomeReset, Touched: true, RequestID: "req-1"}
}

// untouched is an outcome of a row for which no call took effect.
func untouched(row int, u reset.UserID) reset.Entry {
	e := outcome(row, u, t0)
	e.Outcome, e.Reason, e.Touched = reset.OutcomeFailed, reset.Forbidden, false
	return e
}

func TestTerm_Create(t *testing.T) {
	term := MustLead(t)
	r, fact := asked("U_REQUESTER", 1200)
	made := must[*reset.Request](t)(term.Create(t.Context(), "command 1", r, rows(1200), fact))
	if made.ID != "FR-1" || made.Version == 0 || made.State != reset.Planning {
		t.Fatalf("made %+v", made)
	}
	again := must[*reset.Request](t)(term.Create(t.Context(), "command 1", r, rows(1200), fact))
	if again.ID != made.ID || again.Version != made.Version {
		t.Errorf("the same op made %s at %d, want %s at %d", again.ID, again.Version, made.ID, made.Version)
	}
	other := must[*reset.Request](t)(term.Create(t.Context(), "command 2", r, nil, fact))
	if other.ID != "FR-2" {
		t.Errorf("another op made %s", other.ID)
	}
	got := collect(t, term.Roster(t.Context(), "FR-1"))
	if want := slices.Collect(rows(1200)); !cmp.Equal(got, want) {
		t.Errorf("the roster came back with %d rows, want %d", len(got), len(want))
	}
	log := collect(t, term.Log(t.Context(), "FR-1", 1))
	if len(log) != 1 || log[0].Seq != 1 || log[0].Fact.Name != "asked" {
		t.Errorf("log %+v", log)
	}
}
