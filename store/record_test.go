package store

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// mustTermOn begins a term on an engine, for a record without a file.
func mustTermOn(tb tester, e kv.Engine, o ...Option) *Term {
	tb.Helper()
	return mustTerm(tb, mustStoreOn(tb, e, o...))
}

// mustStoreOn opens a record without a file.
func mustStoreOn(tb tester, e kv.Engine, o ...Option) *Store {
	tb.Helper()
	set := options{now: func() time.Time { return t0 }, retain: 400 * 24 * time.Hour}
	for _, f := range o {
		f(&set)
	}
	s := newStore(e, testOrg, set)
	if err := s.identify(tb.Context(), "the record", "", migrations()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// meddler runs something before the next commit, as another process would.
type meddler struct {
	kv.Engine
	first func()
}

func (m *meddler) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	if f := m.first; f != nil {
		m.first = nil
		f()
	}
	return m.Engine.Commit(ctx, conds, ops...)
}

// broken fails every commit after some, as a process that dies there.
type broken struct {
	kv.Engine
	left int
}

var errBroken = errors.New("the process is gone")

func (b *broken) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	if b.left == 0 {
		return 0, errBroken
	}
	b.left--
	return b.Engine.Commit(ctx, conds, ops...)
}

func TestTerm_Create_frozen(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	mustFreeze(t, term)
	r, fact := asked("U_REQUESTER", 1)
	if _, err := term.Create(t.Context(), "op", r, rows(1), fact); !errors.Is(err, ErrFrozen) {
		t.Errorf("while everything is frozen: %v", err)
	}
	ask := reset.Ask{By: "U_REQUESTER", At: t0}
	rejected, fact := reset.OpenRejected(testOrg, ask, "no_roster", "there is no roster")
	made := must[*reset.Request](t)(term.Create(t.Context(), "op", rejected, nil, fact))
	if made.ID != "FR-1" || made.State != reset.Rejected {
		t.Errorf("made %s, %s", made.ID, made.State)
	}
}

func TestTerm_Create_otherOrg(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	r, fact := reset.Open("https://other.okta.com", reset.Ask{By: "U_REQUESTER", At: t0}, 1)
	_, err := term.Create(t.Context(), "op", r, rows(1), fact)
	if wrong := (*OrgError)(nil); !errors.As(err, &wrong) || wrong.Recorded != testOrg {
		t.Errorf("a request of another org: %v", err)
	}
}

// A process may die after any commit of a Create; the same op then finishes it,
// under the same number and with the whole roster.
func TestTerm_Create_interrupted(t *testing.T) {
	for left := 0; ; left++ {
		m := newMemEngine()
		dying := mustTermOn(t, m)
		dying.engine = &broken{Engine: m, left: left}
		r, fact := asked("U_REQUESTER", 700)
		_, err := dying.Create(t.Context(), "op", r, rows(700), fact)
		if err != nil && !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		term := mustTermOn(t, m)
		made := must[*reset.Request](t)(term.Create(t.Context(), "op", r, rows(700), fact))
		next := must[*reset.Request](t)(term.Create(t.Context(), "next", r, rows(1), fact))
		if got := len(collect(t, term.Roster(t.Context(), made.ID))); made.ID != "FR-1" || next.ID != "FR-2" || got != 700 {
			t.Errorf("after %d commits: %s with %d rows, then %s", left, made.ID, got, next.ID)
		}
		if err == nil {
			if left < 3 {
				t.Fatalf("only %d commits: nothing was interrupted", left)
			}
			return
		}
	}
}

func TestTerm_Update(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	r := mustCreate(t, term, 1)
	cancel := func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) }

	refused := errors.New("refused")
	if _, err := term.Update(t.Context(), r.ID, "a", false, func(r *reset.Request) ([]reset.Fact, error) {
		r.Refusal = "half done"
		return nil, refused
	}); err != refused {
		t.Errorf("the closure's error came back as %v", err)
	}
	if got := must[*reset.Request](t)(term.Get(t.Context(), r.ID)); got.Version != r.Version || got.Refusal != "" {
		t.Errorf("a refused update left %+v", got)
	}

	made := must[*reset.Request](t)(term.Update(t.Context(), r.ID, "a", false, one(cancel)))
	if made.State != reset.Cancelled || made.Version <= r.Version {
		t.Errorf("made %s at %d", made.State, made.Version)
	}
	again := must[*reset.Request](t)(term.Update(t.Context(), r.ID, "a", false, func(*reset.Request) ([]reset.Fact, error) {
		t.Error("the same op ran twice")
		return nil, nil
	}))
	if again.Version != made.Version {
		t.Errorf("the same op returned version %d, want %d", again.Version, made.Version)
	}
	if _, err := term.Update(t.Context(), r.ID, "b", false, one(cancel)); !errors.As(err, new(*reset.TransitionError)) {
		t.Errorf("cancelled twice: %v", err)
	}
	if names := factNames(t, term, r.ID); !slices.Equal(names, []string{"asked", "cancelled"}) {
		t.Errorf("facts %v", names)
	}
	if _, err := term.Update(t.Context(), "FR-9", "", false, one(cancel)); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such request: %v", err)
	}
}

func TestTerm_Update_nothing(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	r := mustCreate(t, term, 1)
	before := mustRev(t, m)
	made := must[*reset.Request](t)(term.Update(t.Context(), r.ID, "", false, func(*reset.Request) ([]reset.Fact, error) { return nil, nil }))
	if made.Version != r.Version || mustRev(t, m) != before {
		t.Error("an update of nothing was written")
	}
}

// The closure runs again, on what is there by then, when the head has moved.
func TestTerm_Update_twice(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	r := mustCreate(t, term, 1)
	meddle := &meddler{Engine: m}
	meddle.first = func() {
		head := must[kv.Pair](t)(kv.Get(t.Context(), m, headKey(1)))
		mustCommit(t, m, nil, kv.Put(head.Key, head.Value))
	}
	term.engine = meddle
	runs := 0
	made := must[*reset.Request](t)(term.Update(t.Context(), r.ID, "op", false, func(r *reset.Request) ([]reset.Fact, error) {
		if runs++; r.Refusal != "" {
			t.Error("not a fresh copy")
		}
		r.Refusal = "seen"
		return []reset.Fact{{Name: "noted", At: t0}}, nil
	}))
	if runs != 2 || made.Refusal != "seen" {
		t.Errorf("ran %d times, made %+v", runs, made)
	}
	if names := factNames(t, term, r.ID); !slices.Equal(names, []string{"asked", "noted"}) {
		t.Errorf("facts %v", names)
	}
}

func TestTerm_UpdateThawed(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	r := mustCreate(t, term, 1)
	note := func(r *reset.Request) ([]reset.Fact, error) {
		r.Code += "x"
		return nil, nil
	}
	must[*reset.Request](t)(term.Update(t.Context(), r.ID, "a", true, note))
	meddle := &meddler{Engine: m} // the freeze comes between the read and the commit
	meddle.first = func() { mustCommit(t, m, nil, kv.Put(freezeKey, []byte(`{"by":"U_APPROVER1"}`))) }
	term.engine = meddle
	if _, err := term.Update(t.Context(), r.ID, "b", true, note); !errors.Is(err, ErrFrozen) {
		t.Errorf("while everything is frozen: %v", err)
	}
	if made := must[*reset.Request](t)(term.Update(t.Context(), r.ID, "c", false, note)); made.Code != "xx" {
		t.Errorf("the refused update took effect: %q", made.Code)
	}
}

func TestTerm_lost(t *testing.T) {
	m := newMemEngine()
	old := mustTermOn(t, m)
	r := mustRun(t, old, 2, t0)
	must[[]error](t)(old.Start(t.Context(), r, started(1, userID(1))))
	mustTerm(t, old.store)
	select {
	case <-old.Lost():
	default:
		t.Error("the old term is not told")
	}
	fresh, fact := asked("U_REQUESTER", 1)
	nothing := func(*reset.Request) ([]reset.Fact, error) { return []reset.Fact{fact}, nil }
	for what, write := range map[string]func() error{
		"create":   func() error { _, err := old.Create(t.Context(), "", fresh, rows(1), fact); return err },
		"update":   func() error { _, err := old.Update(t.Context(), r.ID, "", false, nothing); return err },
		"start":    func() error { _, err := old.Start(t.Context(), r, started(2, userID(2))); return err },
		"append":   func() error { return old.Append(t.Context(), r.ID, outcome(1, userID(1), t0)) },
		"tell":     func() error { return old.AppendOrgFacts(t.Context(), fact) },
		"messages": func() error { return old.SaveMessages(t.Context(), r.ID, reset.Message{Slot: reset.SlotPlan}) },
		"seen":     func() error { return old.Seen(t.Context(), "C_FACTORS", "1.000000") },
		"freeze": func() error {
			_, err := old.Freeze(t.Context(), "", func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error) { return &reset.Freeze{}, nil, nil })
			return err
		},
	} {
		before := mustRev(t, m)
		if err := write(); !errors.Is(err, ErrLost) {
			t.Errorf("%s by a lost term: %v", what, err)
		}
		if mustRev(t, m) != before {
			t.Errorf("%s by a lost term wrote", what)
		}
	}
}

func mustFreeze(tb testing.TB, term *Term) {
	tb.Helper()
	must[*reset.Freeze](tb)(term.Freeze(tb.Context(), "", func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		return &reset.Freeze{By: "U_APPROVER1", At: t0}, []reset.Fact{{Name: "frozen", By: "U_APPROVER1", At: t0}}, nil
	}))
}

func TestTerm_Freeze(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	if f := must[*reset.Freeze](t)(term.Frozen(t.Context())); f != nil {
		t.Fatalf("frozen from the start: %+v", f)
	}
	mustFreeze(t, term)
	thaw := func(by reset.Person) func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		return func(f *reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
			facts := []reset.Fact{{Name: "thaw", By: by, At: t0}}
			lifted, err := f.Thaw(reset.Decision{By: by}, 3, t0)
			if lifted {
				return nil, facts, nil
			}
			return f, facts, err
		}
	}
	for range 2 { // the same click twice counts once
		if f := must[*reset.Freeze](t)(term.Freeze(t.Context(), "click 1", thaw("U_APPROVER1"))); f == nil || len(f.Thaws) != 1 {
			t.Errorf("after one thaw: %+v", f)
		}
	}
	if f := must[*reset.Freeze](t)(term.Freeze(t.Context(), "click 2", thaw("U_APPROVER2"))); f != nil {
		t.Errorf("after two thaws: %+v", f)
	}
	if f := must[*reset.Freeze](t)(term.Frozen(t.Context())); f != nil {
		t.Errorf("still frozen: %+v", f)
	}
	if err := term.AppendOrgFacts(t.Context(), reset.Fact{Name: "reloaded", At: t0}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, e := range collect(t, term.OrgLog(t.Context(), 1)) {
		names = append(names, e.Fact.Name)
		if e.Seq != int64(i+1) {
			t.Errorf("entry %d has number %d", i+1, e.Seq)
		}
	}
	if !slices.Equal(names, []string{"frozen", "thaw", "thaw", "reloaded"}) {
		t.Errorf("the org's log: %v", names)
	}
}

func TestReader_Requests(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	for i := range 5 {
		by := reset.Person("U_REQUESTER")
		if i%2 == 1 {
			by = "U_OTHER"
		}
		r, fact := reset.Open(testOrg, reset.Ask{By: by, At: t0.Add(time.Duration(i) * time.Hour)}, 0)
		must[*reset.Request](t)(term.Create(t.Context(), "", r, nil, fact))
	}
	mustUpdate(t, term, "FR-4", func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_OTHER", t0) })
	for name, c := range map[string]struct {
		q    reset.Query
		want []reset.ID
	}{
		"all":   {reset.Query{}, []reset.ID{"FR-5", "FR-4", "FR-3", "FR-2", "FR-1"}},
		"limit": {reset.Query{Limit: 2}, []reset.ID{"FR-5", "FR-4"}},
		"by":    {reset.Query{By: "U_OTHER"}, []reset.ID{"FR-4", "FR-2"}},
		"state": {reset.Query{States: []reset.State{reset.Planning}}, []reset.ID{"FR-5", "FR-3", "FR-2", "FR-1"}},
		"since": {reset.Query{Since: t0.Add(3 * time.Hour)}, []reset.ID{"FR-5", "FR-4"}},
		"both":  {reset.Query{By: "U_OTHER", States: []reset.State{reset.Cancelled}, Limit: 3}, []reset.ID{"FR-4"}},
	} {
		var got []reset.ID
		for _, r := range collect(t, term.Requests(t.Context(), c.q)) {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestReader_notFound(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	for _, id := range []reset.ID{"FR-1", "", "FR-0", "no ID"} {
		if _, err := term.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("get %q: %v", id, err)
		}
		if err := firstError(term.Log(t.Context(), id, 1)); !errors.Is(err, ErrNotFound) {
			t.Errorf("log of %q: %v", id, err)
		}
		if err := term.Append(t.Context(), id, outcome(1, userID(1), t0)); !errors.Is(err, ErrNotFound) {
			t.Errorf("append to %q: %v", id, err)
		}
		if _, err := term.Start(t.Context(), &reset.Request{ID: id}, started(1, userID(1))); !errors.Is(err, ErrNotFound) {
			t.Errorf("start steps of %q: %v", id, err)
		}
	}
}

func firstError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

func factNames(tb testing.TB, term *Term, id reset.ID) []string {
	tb.Helper()
	var names []string
	for _, e := range collect(tb, term.Log(tb.Context(), id, 1)) {
		if e.Fact != nil {
			names = append(names, e.Fact.Name)
		}
	}
	return names
}
