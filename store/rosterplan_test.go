package store

import (
	"errors"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

func TestTerm_SavePlan(t *testing.T) {
	term := MustLead(t)
	const n = 1203
	r := mustCreate(t, term, n)
	for range 2 { // a second try replaces the first
		if err := term.SavePlan(t.Context(), r.ID, 1, targets(n)); err != nil {
			t.Fatal(err)
		}
	}
	want := collect(t, targets(n))
	for _, from := range []int{0, 1, 2, 500, 501, 777, 1201, 1203, 1204, 9999} {
		got := collect(t, term.Targets(t.Context(), r.ID, 1, from))
		if d := cmp.Diff(want[min(max(from-1, 0), n):], got, equateEmpty()); d != "" {
			t.Errorf("from row %d (-want +got):\n%s", from, d)
		}
	}
	if err := term.SavePlan(t.Context(), r.ID, 1, targets(3)); err != nil {
		t.Fatal(err)
	}
	if got := len(collect(t, term.Targets(t.Context(), r.ID, 1, 1))); got != 3 {
		t.Errorf("a shorter plan has %d targets, want 3", got)
	}
	if err := term.SavePlan(t.Context(), r.ID, 2, targets(5)); err != nil {
		t.Fatal(err)
	}
	if got := len(collect(t, term.Targets(t.Context(), r.ID, 1, 1))); got != 3 {
		t.Errorf("another revision changed the first to %d targets", got)
	}
}

// equateEmpty takes nil and empty slices for the same.
func equateEmpty() cmp.Option {
	empty := func(a, b []reset.Target) bool { return len(a) == 0 && len(b) == 0 }
	return cmp.FilterValues(empty, cmp.Comparer(func(a, b []reset.Target) bool { return true }))
}

func TestTerm_SavePlan_refused(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	frozen := mustRun(t, term, 2, t0)
	if err := term.SavePlan(t.Context(), frozen.ID, 1, targets(9)); !errors.Is(err, ErrChanged) {
		t.Errorf("a frozen plan was saved: %v", err)
	}
	if got := len(collect(t, term.Targets(t.Context(), frozen.ID, 1, 1))); got != 2 {
		t.Errorf("the frozen plan has %d targets", got)
	}
	if err := term.SavePlan(t.Context(), "FR-9", 1, targets(1)); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such request: %v", err)
	}

	r := mustCreate(t, term, 3)
	failed := errors.New("Okta is away")
	err := term.SavePlan(t.Context(), r.ID, 1, func(yield func(reset.Target, error) bool) {
		_ = yield(reset.Target{Row: 1}, nil) && yield(reset.Target{}, failed)
	})
	if !errors.Is(err, failed) {
		t.Errorf("the targets' own error came back as %v", err)
	}
	err = term.SavePlan(t.Context(), r.ID, 1, func(yield func(reset.Target, error) bool) {
		for range 2 {
			if !yield(reset.Target{Row: 2}, nil) {
				return
			}
		}
	})
	if err == nil {
		t.Error("a row twice was saved")
	}
	cancelled := func(yield func(reset.Target, error) bool) {
		mustUpdate(t, term, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", t0) })
		yield(reset.Target{Row: 1}, nil)
	}
	if err := term.SavePlan(t.Context(), r.ID, 1, cancelled); !errors.Is(err, ErrChanged) {
		t.Errorf("cancelled meanwhile: %v", err)
	}
}

// Wide rows make shorter blocks, and what cannot be deflated into a value is refused.
func TestTerm_SavePlan_wide(t *testing.T) {
	term := mustTermOn(t, newMemEngine())
	r := mustCreate(t, term, 1)
	source := rand.NewChaCha8([32]byte{1})
	noise := func(n int) string {
		b := make([]byte, n)
		source.Read(b)
		return strings.ToValidUTF8(string(b), "?")
	}
	var want []reset.Target
	for row := 1; row <= 30; row++ {
		want = append(want, reset.Target{Row: row, Input: noise(20 << 10)})
	}
	if err := term.SavePlan(t.Context(), r.ID, 1, seqOf(want)); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int{1, 15, 30} {
		if d := cmp.Diff(want[from-1:], collect(t, term.Targets(t.Context(), r.ID, 1, from))); d != "" {
			t.Errorf("from %d: the wide rows came back otherwise", from)
		}
	}
	if err := term.SavePlan(t.Context(), r.ID, 1, seqOf([]reset.Target{{Row: 1, Input: noise(1 << 20)}})); !errors.Is(err, kv.ErrLimit) {
		t.Errorf("a row of 1 MB: %v", err)
	}
}

func seqOf(targets []reset.Target) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		for _, t := range targets {
			if !yield(t, nil) {
				return
			}
		}
	}
}
