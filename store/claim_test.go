package store

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

// A term that begins knows from the logs which request has which user.
func TestTerm_claims_of_an_earlier_term(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	first, second := mustClaims(t, mustTerm(t, s))
	MustClose(t, s)

	term := mustTerm(t, MustOpen(t, path))
	wantClaims(t, term, first.ID)
	for user, want := range map[int]error{
		1: &reset.ClaimedError{User: userID(1), By: first.ID},
		2: nil,
		3: &reset.ClaimedError{User: userID(3), By: first.ID},
		4: nil,
	} {
		refused := must[[]error](t)(term.Start(t.Context(), second, started(user, userID(user))))
		if d := cmp.Diff(want, refused[0]); d != "" {
			t.Errorf("user %d (-want +got):\n%s", user, d)
		}
	}
}

// A user that an older request released belongs to the newer one that has started
// since, in whatever order the logs are read.
func TestTerm_claims_passed_on(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	term := mustTerm(t, s)
	older, newer, third := mustRun(t, term, 5, t0), mustRun(t, term, 5, t0), mustRun(t, term, 5, t0)
	start := func(term *Term, r *reset.Request, row int) error {
		return must[[]error](t)(term.Start(t.Context(), r, started(row, userID(1))))[0]
	}
	if err := start(term, older, 3); err != nil {
		t.Fatal(err)
	}
	if err := term.Append(t.Context(), older.ID, untouched(3, userID(1))); err != nil {
		t.Fatal(err)
	}
	if err := start(term, newer, 5); err != nil {
		t.Fatal(err)
	}
	MustClose(t, s)

	term = mustTerm(t, MustOpen(t, path))
	for _, r := range []*reset.Request{older, third} {
		if d := cmp.Diff(error(&reset.ClaimedError{User: userID(1), By: newer.ID}), start(term, r, 4)); d != "" {
			t.Errorf("%s (-want +got):\n%s", r.ID, d)
		}
	}
}

// While the claims cannot be read, nobody is started; what came of earlier steps is still
// recorded.
func TestTerm_claims_unreadable(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	first, second := mustClaims(t, term)
	mustCommit(t, m, nil, kv.Put(series.Key(logPrefix(first.ID.Number()), 5), []byte("?")))

	next := mustTermOn(t, m)
	if _, err := next.Start(t.Context(), second, started(4, userID(4))); err == nil || !strings.Contains(err.Error(), string(first.ID)) {
		t.Errorf("started although %s cannot be read: %v", first.ID, err)
	}
	if err := next.Append(t.Context(), second.ID, outcome(4, userID(4), t0)); err != nil {
		t.Error(err)
	}
}

// mustClaims makes two running requests. The first has started the users 1 to 3, of
// which 2 has an outcome and 3 is in doubt.
func mustClaims(t *testing.T, term *Term) (first, second *reset.Request) {
	t.Helper()
	first, second = mustRun(t, term, 3, t0), mustRun(t, term, 4, t0)
	for i := range 3 {
		if refused := must[[]error](t)(term.Start(t.Context(), first, started(i+1, userID(i+1)))); refused[0] != nil {
			t.Fatal(refused[0])
		}
	}
	doubt := reset.Entry{Kind: reset.EntryDoubt, At: t0, Step: &reset.Step{Row: 3, User: userID(3), Kind: reset.StepReset}}
	if err := term.Append(t.Context(), first.ID, untouched(2, userID(2)), doubt); err != nil {
		t.Fatal(err)
	}
	return first, second
}

func wantClaims(t *testing.T, term *Term, by reset.ID) {
	t.Helper()
	for i, u := range collect(t, term.Users(t.Context(), userID(1), userID(2), userID(3), userID(4))) {
		row := i + 1
		var want *reset.Claim
		if row == 1 || row == 3 {
			want = &reset.Claim{Request: by, Row: row, At: t0}
		}
		if d := cmp.Diff(want, u.Claim); d != "" {
			t.Errorf("the claim on user %d (-want +got):\n%s", row, d)
		}
	}
}

// A record of schema version 2 has claims beside the notes: they go, the notes stay, and
// the logs tell the same.
func TestOpen_migratesSchema2(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	first, _ := mustClaims(t, mustTerm(t, s))
	note := reset.Note{Request: "FR-9", Revision: 1, Outcome: reset.OutcomeReset, At: t0}
	for _, old := range []reset.UserRecord{
		{User: userID(1), Claim: &reset.Claim{Request: first.ID, Row: 1, At: t0}},
		{User: userID(2), Notes: []reset.Note{note}},
		{User: userID(3), Claim: &reset.Claim{Request: first.ID, Row: 3, At: t0}, Notes: []reset.Note{note}},
	} {
		if _, err := s.engine.Commit(t.Context(), nil, kv.Put(userKey(old.User), must[[]byte](t)(json.Marshal(old)))); err != nil {
			t.Fatal(err)
		}
	}
	sign := must[[]byte](t)(json.Marshal(meta{Schema: 2, Org: testOrg}))
	if _, err := s.engine.Commit(t.Context(), nil, kv.Put(metaKey, sign)); err != nil {
		t.Fatal(err)
	}
	MustClose(t, s)

	s = MustOpen(t, path)
	term := mustTerm(t, s)
	wantClaims(t, term, first.ID)
	users := collect(t, term.Users(t.Context(), userID(1), userID(2), userID(3)))
	if len(users[0].Notes) != 0 || !cmp.Equal(users[1].Notes, []reset.Note{note}) || !cmp.Equal(users[2].Notes, []reset.Note{note}) {
		t.Errorf("%+v", users)
	}
	for p, err := range kv.Scan(t.Context(), s.engine, userPrefix, 10) {
		var kept reset.UserRecord
		if err == nil {
			err = json.Unmarshal(p.Value, &kept)
		}
		if err != nil || kept.Claim != nil || len(kept.Notes) == 0 {
			t.Errorf("%s has %s, %v", p.Key, p.Value, err)
		}
	}
	if kept := must[[]string](t)(filepath.Glob(path + ".schema-2-*")); len(kept) != 1 {
		t.Errorf("backups: %v", kept)
	}
}
