package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
)

func TestTerm_Sweep(t *testing.T) {
	m := newModel()
	now := t0
	term := mustTermOn(t, m, Clock(func() time.Time { return now }), Retain(30*24*time.Hour))
	sweep := func(d time.Duration) {
		t.Helper()
		if err := term.Sweep(t.Context(), t0.Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(*reset.Request) ([]reset.Fact, error) { return nil, nil }
	old, open := mustRun(t, term, 2, t0), mustRun(t, term, 2, t0)
	mustStart(t, term, old, 1)
	if err := term.Append(t.Context(), old.ID, outcome(1, userID(1), t0)); err != nil {
		t.Fatal(err)
	}
	mustStart(t, term, open, 2)
	must[*reset.Request](t)(term.Update(t.Context(), old.ID, "op", nothing))
	mustUpdate(t, term, old.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	mustUpdate(t, term, old.ID, func(r *reset.Request) (reset.Fact, error) { return r.Stopped(reset.Totals{}, t0) })
	if err := term.SaveMessages(t.Context(), old.ID, reset.Message{Slot: reset.SlotPlan}); err != nil {
		t.Fatal(err)
	}
	mustReceive(t, term, "finished")
	mustReceive(t, term, "waiting")
	if err := term.Finish(t.Context(), "finished"); err != nil {
		t.Fatal(err)
	}

	sweep(keysKept - time.Minute)
	if mustReceive(t, term, "finished") || len(mustKeys(t, m, opPrefix)) != 1 {
		t.Error("forgotten before the time")
	}
	sweep(keysKept + time.Minute)
	if mustReceive(t, term, "waiting") || len(mustKeys(t, m, opPrefix)) != 0 {
		t.Error("the key of a waiting envelope was forgotten, or an old cause was not")
	}
	if !mustReceive(t, term, "finished") {
		t.Error("the key of a finished envelope is kept for ever")
	}

	sweep(30*24*time.Hour - time.Minute)
	if _, err := term.Get(t.Context(), old.ID); err != nil {
		t.Errorf("a settled request before the time: %v", err)
	}
	sweep(30 * 24 * time.Hour)
	if _, err := term.Get(t.Context(), old.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a settled request after the time: %v", err)
	}
	for _, prefix := range []string{rowsPrefix(1), plansPrefix(1), logPrefix(1), messagesPrefix(1), requestKeys(1)} {
		if left := mustKeys(t, m, prefix); len(left) != 0 {
			t.Errorf("left of it: %v", left)
		}
	}
	want := []reset.UserRecord{{User: userID(1)}, {User: userID(2), Claim: &reset.Claim{Request: open.ID, Row: 2, At: t0}}}
	if d := cmp.Diff(want, collect(t, term.Users(t.Context(), userID(1), userID(2)))); d != "" {
		t.Errorf("users (-want +got):\n%s", d)
	}
	if got := factNames(t, term, open.ID); !slices.Equal(got, []string{"asked", "planned", "approved", "running"}) {
		t.Errorf("the open request has %v", got)
	}
	if r := mustCreate(t, term, 1); r.ID != "FR-3" {
		t.Errorf("a number was used again: %s", r.ID)
	}
}

func mustKeys(tb testing.TB, e engine, prefix string) []string {
	tb.Helper()
	var keys []string
	for _, p := range collect(tb, scan(tb.Context(), e, prefix, 100)) {
		keys = append(keys, p.key)
	}
	return keys
}

func TestTerm_SaveMessages(t *testing.T) {
	term := mustTermOn(t, newModel())
	plan := reset.Message{Slot: reset.SlotPlan, Channel: "C_FACTORS", TS: "1.000000", At: t0}
	later := reset.Message{Slot: reset.SlotPlan, Channel: "C_FACTORS", TS: "1.000000", File: "F1", At: t0}
	other := reset.Message{Slot: "plan-2", Channel: "C_FACTORS", At: t0}
	for _, batch := range [][]reset.Message{{plan, other}, {plan, later}, nil} {
		if err := term.SaveMessages(t.Context(), "FR-1", batch...); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]reset.Message{later, other}, must[[]reset.Message](t)(term.Messages(t.Context(), "FR-1"))); d != "" {
		t.Errorf("messages (-want +got):\n%s", d)
	}
	if got := must[[]reset.Message](t)(term.Messages(t.Context(), "FR-10")); len(got) != 0 {
		t.Errorf("another request has %v", got)
	}
}

func TestTerm_Seen(t *testing.T) {
	term := mustTermOn(t, newModel())
	for _, c := range []struct{ ts, want string }{
		{"999999999.000200", "999999999.000200"},
		{"1000000000.000100", "1000000000.000100"},
		{"999999999.000300", "1000000000.000100"},
		{"1000000000.000099", "1000000000.000100"},
		{"1000000000.000101", "1000000000.000101"},
	} {
		if err := term.Seen(t.Context(), "C_FACTORS", c.ts); err != nil {
			t.Fatal(err)
		}
		if got := must[string](t)(term.LastSeen(t.Context(), "C_FACTORS")); got != c.want {
			t.Errorf("after %s: %s, want %s", c.ts, got, c.want)
		}
	}
	if got := must[string](t)(term.LastSeen(t.Context(), "C_OTHER")); got != "" {
		t.Errorf("another channel: %s", got)
	}
}

func TestTerm_Installation(t *testing.T) {
	m := newModel()
	term := mustTermOn(t, m)
	name := must[string](t)(term.Installation(t.Context()))
	again := must[string](t)(mustTerm(t, term.store).Installation(t.Context()))
	if len(name) < 20 || again != name {
		t.Errorf("named %q, then %q", name, again)
	}
	if other := must[string](t)(mustTermOn(t, newModel()).Installation(t.Context())); other == name {
		t.Error("two records have one name")
	}
}
