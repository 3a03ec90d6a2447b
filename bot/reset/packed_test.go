package reset

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var packedAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// What is packed when a target has its outcome is what was known of it.
func TestPacked(t *testing.T) {
	text := rapid.StringN(0, 6, 30)
	steps := rapid.Custom(func(t *rapid.T) Step {
		return Step{Row: 7, User: UserID(text.Draw(t, "user")), Kind: rapid.SampledFrom([]StepKind{StepReset, StepDelete, StepSessions}).Draw(t, "kind"),
			Factor: text.Draw(t, "factor"), Type: text.Draw(t, "type")}
	})
	times := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "none") {
			return time.Time{}
		}
		return packedAt.Add(time.Duration(rapid.Int64Range(-1e18, 1e18).Draw(t, "at")))
	})
	attempts := rapid.Custom(func(t *rapid.T) Attempt {
		return Attempt{Step: steps.Draw(t, "step"), At: times.Draw(t, "at"), OktaAt: times.Draw(t, "okta"), DoubtAt: times.Draw(t, "doubt at"),
			Doubt: rapid.Bool().Draw(t, "doubt"), Answered: rapid.Bool().Draw(t, "answered"), Restart: rapid.Bool().Draw(t, "restart"), Refuted: rapid.Bool().Draw(t, "refuted"), Term: rapid.Int64Range(0, 1<<40).Draw(t, "term")}
	})
	var s packed
	rapid.Check(t, func(t *rapid.T) {
		want := Progress{
			Outcome: rapid.SampledFrom(Outcomes()).Draw(t, "outcome"), Reason: Reason(text.Draw(t, "reason")), Proof: Proof(text.Draw(t, "proof")),
			Detail: text.Draw(t, "detail"), RequestID: text.Draw(t, "request"), Factors: rapid.SliceOfN(text, -1, 3).Draw(t, "factors"),
			FinishedAt: times.Draw(t, "finished"), Began: times.Draw(t, "began"),
			Retaken: rapid.IntRange(0, 300).Draw(t, "retaken"), Before: rapid.IntRange(0, 300).Draw(t, "before"), Attempts: rapid.IntRange(0, 300).Draw(t, "attempts"),
			Step: rapid.Ptr(steps, true).Draw(t, "step"), Sent: rapid.Ptr(attempts, true).Draw(t, "sent"), First: rapid.Ptr(attempts, true).Draw(t, "first"), Done: rapid.SliceOfN(steps, -1, 3).Draw(t, "done"),
			Listed: rapid.SliceOfN(text, -1, 3).Draw(t, "listed"),
		}
		if want.First == nil {
			want.First = want.Sent // a call that may have taken effect is the first, if there was none before
		}
		s.put(7, &want)
		got, ok := s.get(7)
		if len(want.Factors) == 0 {
			want.Factors = nil
		}
		if len(want.Done) == 0 {
			want.Done = nil
		}
		if len(want.Listed) == 0 {
			want.Listed = nil
		}
		if !ok || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v: packed\n%+v, got\n%+v", ok, want, got)
		}
		s.drop(7)
		if _, ok := s.get(7); ok {
			t.Fatal("a row that was taken out is still there")
		}
	})
}

// A field that somebody adds is packed, too, or stands among those that say nothing
// once there is an outcome.
func TestPacked_everyField(t *testing.T) {
	var want Progress
	n := int64(1)
	setAll(reflect.ValueOf(&want).Elem(), &n)
	for _, step := range []*Step{want.Step, &want.First.Step, &want.Sent.Step, &want.Done[0]} {
		step.Row = 7
	}
	want.Open, want.Last, want.Doubts = nil, nil, 0
	var s packed
	s.put(7, &want)
	if got, ok := s.get(7); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("packed\n%+v\n%+v\n%+v, got\n%+v\n%+v\n%+v", want, *want.First, *want.Sent, got, *got.First, *got.Sent)
	}
}

// setAll gives each field a value of its own.
func setAll(v reflect.Value, n *int64) {
	*n++
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = packedAt.Add(time.Duration(*n) * time.Second)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			setAll(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		setAll(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		setAll(v.Index(0), n)
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetInt(*n)
	}
}

// A target with an outcome takes a few bytes and no progress in memory.
func TestLedger_packs(t *testing.T) {
	l := NewLedger()
	var c Counter
	apply := func(e Entry) { l.Apply(e); c.Apply(e) }
	for _, row := range []int{0, 3, 6, -1} {
		apply(Entry{Kind: EntryStarted, At: packedAt, Step: &Step{Row: row, Kind: StepReset}})
		apply(Entry{Kind: EntryOutcome, At: packedAt, Step: &Step{Row: row, Kind: StepReset}, Outcome: OutcomeReset, Factors: []string{"sms"}, RequestID: "r1"})
	}
	if len(l.open) != 0 || c.Settled() != 3 || len(l.packed.rows) != 7 || len(c.rows) != 7 {
		t.Errorf("%d open, %d settled, %d and %d rows", len(l.open), c.Settled(), len(l.packed.rows), len(c.rows))
	}
	for row, want := range map[int]Outcome{-1: "", 0: OutcomeReset, 1: "", 6: OutcomeReset, 7: ""} {
		if got := l.Row(row).Outcome; got != want {
			t.Errorf("row %d: %q, want %q", row, got, want)
		}
	}
	// What is seen again, and an outcome that nobody knows, move nothing.
	apply(Entry{Seq: 9, Kind: EntryOutcome, Step: &Step{Row: 6}, Outcome: OutcomeFailed})
	apply(Entry{Seq: 9, Kind: EntryOutcome, Step: &Step{Row: 3}, Outcome: OutcomeFailed})
	apply(Entry{Seq: 8, Kind: EntryOutcome, Step: &Step{Row: 3}, Outcome: OutcomeFailed})
	if l.Row(6).Outcome != OutcomeFailed || l.Row(3).Outcome != OutcomeReset || c.Count(OutcomeFailed) != 1 || c.LastSeq() != 9 {
		t.Errorf("%s and %s, %d failed, up to %d", l.Row(6).Outcome, l.Row(3).Outcome, c.Count(OutcomeFailed), c.LastSeq())
	}
	if c.Apply(Entry{Kind: EntryOutcome, Step: &Step{Row: 1}, Outcome: "new"}); c.Settled() != 3 || c.Count("new") != 0 {
		t.Errorf("%d settled", c.Settled())
	}
}
