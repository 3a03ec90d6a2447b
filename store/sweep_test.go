package store

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

func TestTerm_Sweep(t *testing.T) {
	m := newMemEngine()
	now := t0
	term := mustTermOn(t, m, Clock(func() time.Time { return now }), Retain(30*24*time.Hour))
	sweep := func(d time.Duration) { t.Helper(); mustSweepTo(t, term, t0.Add(d)) }
	nothing := func(*reset.Request) ([]reset.Fact, error) { return nil, nil }
	old, open := mustRun(t, term, 2, t0), mustRun(t, term, 2, t0)
	mustStart(t, term, old, 1)
	if err := term.Append(t.Context(), old.ID, outcome(1, userID(1), t0)); err != nil {
		t.Fatal(err)
	}
	mustStart(t, term, open, 2)
	must[*reset.Request](t)(term.Update(t.Context(), old.ID, "op", false, nothing))
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

// mustSweepTo sweeps as often as it takes until the record's own time is there.
func mustSweepTo(tb testing.TB, term *Term, now time.Time) {
	tb.Helper()
	for {
		if err := term.Sweep(tb.Context(), now); err != nil {
			tb.Fatal(err)
		}
		if last := must[time.Time](tb)(term.swept(tb.Context())); !last.Before(now) {
			return
		}
	}
}

// A clock that jumps ahead, or was wrong when something was written, makes nothing go at
// once that is young.
func TestTerm_Sweep_wrong_clock(t *testing.T) {
	m := newMemEngine()
	now := t0
	term := mustTermOn(t, m, Clock(func() time.Time { return now }), Retain(30*24*time.Hour))
	if err := term.Sweep(t.Context(), t0); err != nil {
		t.Fatal(err)
	}
	old := mustCreate(t, term, 1)
	mustUpdate(t, term, old.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	mustReceive(t, term, "before")
	now = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC) // the machine starts again, and its clock is not set
	term = mustTermOn(t, m, Clock(func() time.Time { return now }), Retain(30*24*time.Hour))
	mustReceive(t, term, "meanwhile")
	must[*reset.Request](t)(term.Update(t.Context(), mustCreate(t, term, 1).ID, "click", false, func(*reset.Request) ([]reset.Fact, error) { return nil, nil }))
	if got := keys(collect(t, term.Pending(t.Context()))); !slices.Equal(got, []string{"before", "meanwhile"}) {
		t.Errorf("in the order of arrival: %v", got)
	}
	for _, key := range []string{"before", "meanwhile"} {
		if err := term.Finish(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 { // hours of a clock that is years ahead
		if err := term.Sweep(t.Context(), t0.AddDate(10, 0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if mustReceive(t, term, "before") || mustReceive(t, term, "meanwhile") || len(mustKeys(t, m, opPrefix)) != 1 {
		t.Error("what came within a day is forgotten")
	}
	if _, err := term.Get(t.Context(), old.ID); err != nil {
		t.Errorf("a request of this month: %v", err)
	}
	if err := term.Sweep(t.Context(), t0.Add(time.Hour)); err != nil { // the clock is right again
		t.Fatal(err)
	}
	mustSweepTo(t, term, t0.Add(keysKept+time.Minute))
	if !mustReceive(t, term, "meanwhile") {
		t.Error("a key is kept for ever")
	}
}

// What belongs to no request is removed: the roster of a Create that broke off, and messages
// saved after retention. The op may come again later.
func TestTerm_Sweep_abandoned(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m)
	kept := mustCreate(t, term, 3)
	r, fact := asked("U_REQUESTER", 700)
	term.engine = &broken{Engine: m, left: 3} // the number, the removal of old rows, the rows
	if _, err := term.Create(t.Context(), "op", r, rows(700), fact); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	term.engine = m
	if len(mustKeys(t, m, rowsPrefix(2))) == 0 {
		t.Fatal("the test abandons nothing")
	}
	mustCommit(t, m, nil, kv.Put(messagesPrefix(7)+"result", []byte("{}")))
	mustCommit(t, m, nil, kv.Put(messagesPrefix(0)+"org", []byte("{}")))
	if err := term.Sweep(t.Context(), t0); err != nil {
		t.Fatal(err)
	}
	left := append(mustKeys(t, m, rowsFamily), mustKeys(t, m, messagesFamily)...)
	if len(left) != 2 || !strings.HasPrefix(left[0], rowsPrefix(kept.ID.Number())) || left[1] != messagesPrefix(0)+"org" {
		t.Errorf("left: %v", left)
	}
	made := must[*reset.Request](t)(term.Create(t.Context(), "op", r, rows(700), fact))
	if got := len(collect(t, term.Roster(t.Context(), made.ID))); made.ID != "FR-2" || got != 700 {
		t.Errorf("%s with %d rows", made.ID, got)
	}
	if err := term.Sweep(t.Context(), t0); err != nil || len(mustKeys(t, m, rowsPrefix(2))) == 0 {
		t.Errorf("the roster of a request is gone, %v", err)
	}
}

// After retention nothing is recorded for a request any more.
func TestTerm_after_retention(t *testing.T) {
	m := newMemEngine()
	term := mustTermOn(t, m, Retain(time.Hour))
	r := mustCreate(t, term, 1)
	mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
	mustSweepTo(t, term, t0.Add(2*time.Hour))
	if err := term.SaveMessages(t.Context(), r.ID, reset.Message{Slot: reset.SlotResult, TS: "1.000000"}); err != nil {
		t.Error(err)
	}
	err := term.SaveExport(t.Context(), r.ID, func(w io.Writer) error { _, err := w.Write([]byte("a")); return err })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("an export: %v", err)
	}
	if err := term.Append(t.Context(), r.ID, outcome(1, userID(1), t0)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an outcome: %v", err)
	}
	for _, prefix := range []string{messagesPrefix(1), exportPrefix(1), logPrefix(1), requestKeys(1), userPrefix} {
		if left := mustKeys(t, m, prefix); len(left) != 0 {
			t.Errorf("left of it: %v", left)
		}
	}
}

func mustKeys(tb testing.TB, e kv.Engine, prefix string) []string {
	tb.Helper()
	var keys []string
	for _, p := range collect(tb, kv.Scan(tb.Context(), e, prefix, 100)) {
		keys = append(keys, p.Key)
	}
	return keys
}

func TestTerm_SaveMessages(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	mustCreate(t, term, 1)
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
	term := mustTermOn(t, newMemEngine())
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
	m := newMemEngine()
	term := mustTermOn(t, m)
	name := must[string](t)(term.Installation(t.Context()))
	again := must[string](t)(mustTerm(t, term.store).Installation(t.Context()))
	if len(name) < 20 || again != name {
		t.Errorf("named %q, then %q", name, again)
	}
	if other := must[string](t)(mustTermOn(t, newMemEngine()).Installation(t.Context())); other == name {
		t.Error("two records have one name")
	}
}
