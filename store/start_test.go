package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

func TestTerm_Start(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	r := mustRun(t, term, 3, t0)
	mustStart(t, term, r, 1, 2)
	if err := term.Append(t.Context(), r.ID, outcome(1, userID(1), t0.Add(time.Second))); err != nil {
		t.Fatal(err)
	}
	got := collect(t, term.Users(t.Context(), userID(1), userID(2), userID(3)))
	want := []reset.UserRecord{
		{User: userID(1), Notes: []reset.Note{{Request: r.ID, Revision: 1, Outcome: reset.OutcomeReset, At: t0.Add(time.Second), Seq: 2}}},
		{User: userID(2), Claim: &reset.Claim{Request: r.ID, Row: 2, At: t0}},
		{User: userID(3)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("users (-want +got):\n%s", d)
	}
	var kinds []string
	for _, e := range collect(t, term.Log(t.Context(), r.ID, 5)) {
		kinds = append(kinds, fmt.Sprint(e.Seq, e.Kind, e.Step.Row))
	}
	if want := []string{"5started1", "6started2", "7outcome1"}; !slices.Equal(kinds, want) {
		t.Errorf("log %v, want %v", kinds, want)
	}
}

// mustStart records started steps of rows, of the users with the same numbers.
func mustStart(tb testing.TB, term *Term, r *reset.Request, rows ...int) {
	tb.Helper()
	var entries []reset.Entry
	for _, row := range rows {
		entries = append(entries, started(row, userID(row)))
	}
	for i, err := range must[[]error](tb)(term.Start(tb.Context(), r, entries...)) {
		if err != nil {
			tb.Fatalf("row %d: %v", rows[i], err)
		}
	}
}

func TestTerm_Start_conditions(t *testing.T) {
	at := t0.Add(time.Minute)
	for name, c := range map[string]struct {
		meanwhile func(*testing.T, *Term, *reset.Request) *reset.Request
		want      error
	}{
		"nothing": {func(_ *testing.T, _ *Term, r *reset.Request) *reset.Request { return r }, nil},
		"paused": {func(t *testing.T, term *Term, r *reset.Request) *reset.Request {
			mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) {
				return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", at)
			})
			return r
		}, ErrChanged},
		"not running": {func(t *testing.T, term *Term, r *reset.Request) *reset.Request {
			return mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) {
				return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", at)
			})
		}, ErrChanged},
		"resumed": {func(t *testing.T, term *Term, r *reset.Request) *reset.Request {
			mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) {
				return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", at)
			})
			return mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, at) })
		}, nil},
		"frozen": {func(t *testing.T, term *Term, r *reset.Request) *reset.Request {
			mustFreeze(t, term)
			return r
		}, ErrFrozen},
		"another term": {func(t *testing.T, term *Term, r *reset.Request) *reset.Request {
			mustTerm(t, term.store)
			return r
		}, ErrLost},
	} {
		t.Run(name, func(t *testing.T) {
			term := mustTermOn(t, newMemEngine())
			r := c.meanwhile(t, term, mustRun(t, term, 1, t0))
			before := len(factNames(t, term, r.ID))
			_, err := term.Start(t.Context(), r, started(1, userID(1)))
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			claimed := collect(t, term.Users(t.Context(), userID(1)))[0].Claim != nil
			logged := len(collect(t, term.Log(t.Context(), r.ID, 1))) > before
			if claimed != (c.want == nil) || logged != (c.want == nil) {
				t.Errorf("claimed %t, logged %t", claimed, logged)
			}
		})
	}
}

// What Start depends on may change between what it reads and its commit; it then looks again.
func TestTerm_Start_meanwhile(t *testing.T) {
	rewrite := func(t *testing.T, m *memEngine, key string) {
		p := must[kv.Pair](t)(kv.Get(t.Context(), m, key))
		mustCommit(t, m, nil, kv.Put(key, p.Value))
	}
	for name, c := range map[string]struct {
		meanwhile func(*testing.T, *memEngine)
		all       error
		one       error
		seq       int64 // of the entry
	}{
		"frozen": {meanwhile: func(t *testing.T, m *memEngine) {
			mustCommit(t, m, nil, kv.Put(freezeKey, []byte(`{"by":"U_APPROVER1"}`)))
		}, all: ErrFrozen},
		"the head moves": {meanwhile: func(t *testing.T, m *memEngine) { rewrite(t, m, headKey(1)) }, all: ErrChanged},
		"the term ends":  {meanwhile: func(t *testing.T, m *memEngine) { rewrite(t, m, kv.LeaseKey("leader")) }, all: ErrLost},
		"another's note": {meanwhile: func(t *testing.T, m *memEngine) {
			note := reset.Note{Request: "FR-7", Revision: 1, Outcome: reset.OutcomeReset, At: t0.Add(time.Minute), Seq: 2}
			b := must[[]byte](t)(json.Marshal(reset.UserRecord{User: userID(1), Notes: []reset.Note{note}}))
			mustCommit(t, m, nil, kv.Put(userKey(userID(1)), b))
		}, one: &reset.ResetSinceError{User: userID(1), By: "FR-7", At: t0.Add(time.Minute)}},
		"a late commit of the log": {meanwhile: func(t *testing.T, m *memEngine) {
			mustCommit(t, m, nil, kv.Put(series.Key(logPrefix(1), 5), []byte(`={"seq":5,"kind":"fact"}`)), numberPut(tailKey(1), 5))
		}, seq: 6},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemEngine()
			term := mustTermOn(t, m)
			r := mustRun(t, term, 1, t0)
			term.engine = &meddler{Engine: m, first: func() { c.meanwhile(t, m) }}
			refused, err := term.Start(t.Context(), r, started(1, userID(1)))
			if !errors.Is(err, c.all) {
				t.Fatalf("all: %v, want %v", err, c.all)
			}
			if c.all != nil {
				return
			}
			if d := cmp.Diff(c.one, refused[0]); d != "" {
				t.Errorf("the entry (-want +got):\n%s", d)
			}
			if log := collect(t, term.Log(t.Context(), r.ID, 5)); c.seq != 0 && (len(log) != 2 || log[1].Seq != c.seq || log[1].Kind != reset.EntryStarted) {
				t.Errorf("log from 5 on: %+v", log)
			}
		})
	}
}

// What is remembered of a user between the start and the outcome gives way to what
// somebody else wrote meanwhile, as the sweeper does.
func TestTerm_Append_meanwhile(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	r := mustRun(t, term, 1, t0)
	if _, err := term.Start(t.Context(), r, started(1, userID(1))); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, m, nil, kv.Put(userKey(userID(1)), []byte(`{"user":"`+string(userID(1))+
		`","claim":{"request":"FR-1","row":1},"notes":[{"request":"FR-9","revision":1,"outcome":"reset","at":"2026-01-01T00:00:00Z"}]}`)))
	done := outcome(1, userID(1), t0)
	done.Touched = true
	if err := term.Append(t.Context(), r.ID, done); err != nil {
		t.Fatal(err)
	}
	u := collect(t, term.Users(t.Context(), userID(1)))[0]
	if u.Claim != nil || len(u.Notes) != 2 || u.Notes[0].Request != "FR-9" || u.Notes[1].Request != r.ID {
		t.Errorf("%+v", u)
	}
}

// Claims and notes: what another request does to a user of ours, and when.
func TestTerm_Start_claims(t *testing.T) {
	const theirs, ours = reset.ID("FR-1"), reset.ID("FR-2")
	noted := func(touched bool, at time.Time) reset.Entry {
		e := outcome(1, userID(1), at)
		e.Touched = touched
		return e
	}
	for name, c := range map[string]struct {
		before []reset.Entry // of the other request, which has the user as row 1, before our plan
		others []reset.Entry // of the other request, after it
		mine   []reset.Entry // of ours, before the try
		want   error
	}{
		"free":                   {},
		"theirs":                 {others: []reset.Entry{started(1, userID(1))}, want: &reset.ClaimedError{User: userID(1), By: theirs}},
		"theirs and over":        {others: []reset.Entry{started(1, userID(1)), noted(false, t0.Add(1))}},
		"theirs and reset since": {others: []reset.Entry{started(1, userID(1)), noted(true, t0.Add(1))}, want: &reset.ResetSinceError{User: userID(1), By: theirs, At: t0.Add(1)}},
		"reset before our plan":  {before: []reset.Entry{started(1, userID(1)), noted(true, t0)}},
		"since, our clock back":  {others: []reset.Entry{started(1, userID(1)), noted(true, t0.Add(-time.Hour))}, want: &reset.ResetSinceError{User: userID(1), By: theirs, At: t0.Add(-time.Hour)}},
		"before, our clock back": {before: []reset.Entry{started(1, userID(1)), noted(true, t0.Add(time.Hour))}},
		"before, and proved":     {before: []reset.Entry{started(1, userID(1)), noted(true, t0)}, others: []reset.Entry{noted(true, t0.Add(time.Hour))}},
		"before, and once more":  {before: []reset.Entry{started(1, userID(1)), noted(true, t0)}, others: []reset.Entry{started(1, userID(1)), noted(true, t0)}, want: &reset.ResetSinceError{User: userID(1), By: theirs, At: t0}},
		"in doubt with them":     {others: []reset.Entry{started(1, userID(1)), {Kind: reset.EntryDoubt, At: t0, Step: &reset.Step{Row: 1, User: userID(1)}}}, want: &reset.ClaimedError{User: userID(1), By: theirs}},
		"refused to them":        {others: []reset.Entry{started(1, userID(1)), {Kind: reset.EntryRefused, At: t0, Step: &reset.Step{Row: 1, User: userID(1)}}}, want: &reset.ClaimedError{User: userID(1), By: theirs}},
		"ours":                   {mine: []reset.Entry{started(1, userID(1))}},
		"ours and reset":         {mine: []reset.Entry{started(1, userID(1)), noted(true, t0.Add(1))}},
		"another row's outcome":  {others: []reset.Entry{started(1, userID(1)), outcome(2, userID(1), t0)}, want: &reset.ClaimedError{User: userID(1), By: theirs}},
	} {
		t.Run(name, func(t *testing.T) {
			term := mustTermOn(t, newMemEngine())
			other := mustRun(t, term, 2, t0)
			mustJournal(t, term, other, c.before)
			mine := mustRun(t, term, 2, t0)
			mustJournal(t, term, other, c.others)
			mustJournal(t, term, mine, c.mine)
			refused := must[[]error](t)(term.Start(t.Context(), mine, started(1, userID(1)), started(2, userID(2))))
			if d := cmp.Diff(c.want, refused[0]); d != "" {
				t.Errorf("row 1 (-want +got):\n%s", d)
			}
			if refused[1] != nil {
				t.Errorf("row 2 suffered: %v", refused[1])
			}
			var held *reset.Claim
			if held = collect(t, term.Users(t.Context(), userID(1)))[0].Claim; c.want == nil && (held == nil || held.Request != ours) {
				t.Errorf("the claim is %+v", held)
			}
		})
	}
}

// mustJournal records entries one by one, started ones by Start.
func mustJournal(tb testing.TB, term *Term, r *reset.Request, entries []reset.Entry) {
	tb.Helper()
	for _, e := range entries {
		if e.Kind != reset.EntryStarted {
			if err := term.Append(tb.Context(), r.ID, e); err != nil {
				tb.Fatal(err)
			}
			continue
		}
		if refused := must[[]error](tb)(term.Start(tb.Context(), r, e)); refused[0] != nil {
			tb.Fatal(refused[0])
		}
	}
}

// Two requests that start one user in one commit: one gets the claim.
func TestTerm_Start_sameUserAtOnce(t *testing.T) {
	term := MustLead(t)
	const requests, users = 4, 40
	running := make([]*reset.Request, requests)
	for i := range running {
		running[i] = mustRun(t, term, users, t0)
	}
	var mu sync.Mutex
	winners := map[reset.UserID]int{}
	var all sync.WaitGroup
	for _, r := range running {
		all.Go(func() {
			for i := 1; i <= users; i++ {
				refused, err := term.Start(t.Context(), r, started(i, userID(i)))
				if err != nil {
					t.Error(err)
					return
				}
				if refused[0] != nil && !errors.As(refused[0], new(*reset.ClaimedError)) {
					t.Errorf("refused with %v", refused[0])
				}
				mu.Lock()
				if refused[0] == nil {
					winners[userID(i)]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for i := 1; i <= users; i++ {
		if n := winners[userID(i)]; n != 1 {
			t.Errorf("user %d was started by %d requests", i, n)
		}
	}
}

func TestTerm_Start_wrongEntry(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	r := mustRun(t, term, 1, t0)
	for name, e := range map[string]reset.Entry{
		"outcome": outcome(1, userID(1), t0),
		"no step": {Kind: reset.EntryStarted},
		"no user": started(1, ""),
	} {
		if _, err := term.Start(t.Context(), r, e); !errors.Is(err, errKind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := term.Start(t.Context(), r, make([]reset.Entry, 0)...); err != nil {
		t.Errorf("nothing to start: %v", err)
	}
	many := make([]reset.Entry, 200)
	for i := range many {
		many[i] = started(i+1, userID(i+1))
	}
	if _, err := term.Start(t.Context(), r, many...); !errors.Is(err, kv.ErrLimit) {
		t.Errorf("too many at once: %v", err)
	}
}

// Append takes what it is given in any state of the request, and any amount.
func TestTerm_Append(t *testing.T) {
	term := MustLead(t)
	r := mustRun(t, term, 700, t0)
	mustStart(t, term, r, 1)
	mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	entries := []reset.Entry{outcome(1, userID(1), t0)}
	for row := 2; row <= 700; row++ {
		e := outcome(row, userID(row), t0)
		e.Detail = strings.Repeat("long ", 200) // 700 KB in all
		entries = append(entries, e)
	}
	if err := term.Append(t.Context(), r.ID, entries...); err != nil {
		t.Fatal(err)
	}
	got := collect(t, term.Log(t.Context(), r.ID, 1))[6:] // after five facts and the start
	for i := range entries {
		entries[i].Seq = int64(i + 7)
	}
	if d := cmp.Diff(entries, got); d != "" {
		t.Errorf("log (-want +got):\n%s", d)
	}
	huge := outcome(1, userID(1), t0)
	huge.Detail = strings.Repeat("x", kv.MaxCommit)
	if err := term.Append(t.Context(), r.ID, huge); !errors.Is(err, kv.ErrLimit) {
		t.Errorf("a huge entry: %v", err)
	}
}

// A request's later note replaces its earlier one.
func TestTerm_Append_notes(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	r := mustRun(t, term, 1, t0)
	for i := range 3 {
		e := outcome(1, userID(1), t0.Add(time.Duration(i)))
		if err := term.Append(t.Context(), r.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	notes := collect(t, term.Users(t.Context(), userID(1)))[0].Notes
	if len(notes) != 1 || !notes[0].At.Equal(t0.Add(2)) {
		t.Errorf("notes %+v", notes)
	}
}
