package reset

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func step(row int) *Step { return &Step{Row: row, User: "00uaaaaaaaaaaaaaaaaa", Kind: StepReset} }

func TestLedger(t *testing.T) {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	started := func(s int) Entry { return Entry{Kind: EntryStarted, At: at(s), OktaAt: at(s), Step: step(1)} }
	doubt := func(s int) Entry { return Entry{Kind: EntryDoubt, At: at(s), Step: step(1)} }
	took := Entry{Kind: EntryOutcome, At: at(90), Step: step(1), Outcome: OutcomeReset, RequestID: "req1"}
	cases := []struct {
		name  string
		log   []Entry
		check func(p Progress) bool
	}{
		{"in flight", []Entry{started(1)}, func(p Progress) bool { return p.InDoubt() && !p.Open.Doubt && p.Attempts == 1 }},
		{"not sent", []Entry{started(1), {Kind: EntryNotSent, At: at(2), Step: step(1)}}, func(p Progress) bool { return !p.InDoubt() && p.Outcome == "" }},
		{"refused then done", []Entry{started(1), {Kind: EntryRefused, At: at(2), Step: step(1)}, started(3), took},
			func(p Progress) bool {
				return p.Outcome == OutcomeReset && p.Attempts == 2 && p.RequestID == "req1" && p.Sent.At.Equal(at(3))
			}},
		{"a refused resend leaves the doubt", []Entry{started(1), doubt(2), started(3), {Kind: EntryRefused, At: at(4), Step: step(1)}},
			func(p Progress) bool {
				return p.InDoubt() && p.Open.Doubt && p.Open.DoubtAt.Equal(at(2)) && p.Doubts == 1
			}},
		{"two doubts keep the oldest and the youngest", []Entry{started(1), doubt(2), started(3), doubt(4), started(5), {Kind: EntryNotSent, At: at(6), Step: step(1)}},
			func(p Progress) bool {
				return p.Doubts == 2 && p.First.At.Equal(at(1)) && p.Last.At.Equal(at(3)) && p.Open.At.Equal(at(3))
			}},
		{"an outcome ends the doubt and keeps the first call", []Entry{started(1), doubt(2), started(3), took}, func(p Progress) bool {
			return !p.InDoubt() && p.First.At.Equal(at(1)) && p.Sent.At.Equal(at(3)) && p.Doubts == 0
		}},
		{"a proof keeps the time", []Entry{started(1), took, {Kind: EntryOutcome, At: at(200), Step: step(1), Outcome: OutcomeReset, Proof: ProofLog}},
			func(p Progress) bool {
				return p.Proof == ProofLog && p.FinishedAt.Equal(at(90)) && p.RequestID == "req1"
			}},
		{"a reset that did not take is in doubt again", []Entry{started(1), took, doubt(100)},
			func(p Progress) bool {
				return p.InDoubt() && p.Outcome == "" && p.Retaken == 1 && p.First.At.Equal(at(1)) && p.Last.Refuted
			}},
		{"sent again, its first call stays the first", []Entry{started(1), took, doubt(100), started(101), took, doubt(200)},
			func(p Progress) bool {
				return p.Retaken == 2 && p.First.At.Equal(at(1)) && p.Last.At.Equal(at(101)) && p.Last.Refuted
			}},
		{"a call after a refuted one is not refuted", []Entry{started(1), took, doubt(100), started(101), doubt(102)},
			func(p Progress) bool { return !p.Last.Refuted && p.First.At.Equal(at(1)) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := NewLedger()
			for i, e := range c.log {
				e.Seq = int64(i + 1)
				l.Apply(e)
				l.Apply(e) // seen before: passed over
			}
			if p := l.Row(1); !c.check(p) {
				t.Fatalf("progress: %+v open %+v first %+v last %+v", p, p.Open, p.First, p.Last)
			}
		})
	}
}

// TestTotals_add_up holds the promise that the four outcomes add up to the rows, whatever was logged.
func TestTotals_add_up(t *testing.T) {
	kinds := rapid.SampledFrom([]EntryKind{EntryStarted, EntryOutcome, EntryDoubt, EntryRefused, EntryNotSent})
	reasons := rapid.SampledFrom([]Reason{"", AlreadyClear, Forbidden, OktaError, EnrolledMeanwhile, ResetSincePlan, InOtherRequest, NotFound})
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 20).Draw(t, "rows")
		l := NewLedger()
		var counter Counter
		for range rapid.IntRange(0, 60).Draw(t, "entries") {
			e := Entry{Kind: kinds.Draw(t, "kind"), At: start, Step: step(rapid.IntRange(1, rows).Draw(t, "row"))}
			if e.Kind == EntryOutcome {
				e.Reason = reasons.Draw(t, "reason")
				e.Outcome = e.Reason.Outcome()
			}
			l.Apply(e)
			counter.Apply(e)
		}
		for _, o := range Outcomes() {
			if counter.Count(o) != l.Count(o) || counter.Settled() != l.Settled() {
				t.Fatalf("%s: counter has %d of %d, ledger %d of %d", o, counter.Count(o), counter.Settled(), l.Count(o), l.Settled())
			}
		}
		var sum Totals
		byLog := 0
		for row := 1; row <= rows; row++ {
			target := Target{Row: row, Action: ActionReset}
			if rapid.Bool().Draw(t, "skip") {
				target.Action, target.Reason = ActionSkip, Duplicate
			}
			sum.Add(Final(target, l.Row(row)))
			if l.Row(row).Outcome != "" {
				byLog++
			}
		}
		if sum.Rows() != rows {
			t.Fatalf("%d rows, totals %+v", rows, sum)
		}
		if l.Settled() != byLog {
			t.Fatalf("ledger counts %d settled, rows say %d", l.Settled(), byLog)
		}
	})
}

func TestReason_Outcome(t *testing.T) {
	for r, want := range map[Reason]Outcome{"": OutcomeReset, SettledAfterRestart: OutcomeReset, Duplicate: OutcomeSkipped, InvalidRow: OutcomeSkipped, Forbidden: OutcomeFailed, InOtherRequest: OutcomeNotRun} {
		if got := r.Outcome(); got != want {
			t.Errorf("%q: got %s, want %s", r, got, want)
		}
	}
}

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
		return start.Add(time.Duration(rapid.Int64Range(-1e18, 1e18).Draw(t, "at")))
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
			Retaken: rapid.IntRange(0, 300).Draw(t, "retaken"), Attempts: rapid.IntRange(0, 300).Draw(t, "attempts"),
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
		*x = start.Add(time.Duration(*n) * time.Second)
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

// A cancelled request is not read back: what was sent and answered, and that nobody
// looked at, has the proof none, not the empty one of what was never sent.
func TestFinal_proof_of_what_nobody_looked_at(t *testing.T) {
	target := Target{Row: 1, User: "00u00000000000000001", Action: ActionReset}
	step := &Step{Row: 1, User: target.User, Kind: StepReset}
	l := NewLedger()
	l.Apply(Entry{Seq: 1, Kind: EntryStarted, Step: step})
	l.Apply(Entry{Seq: 2, Kind: EntryOutcome, Step: step, Outcome: OutcomeReset})
	if p := Final(target, l.Row(1)); p.Proof != ProofNone {
		t.Errorf("sent, answered and not looked at: proof %q", p.Proof)
	}
	if p := Final(target, Progress{}); p.Proof != "" || p.Outcome != OutcomeNotRun {
		t.Errorf("never sent: %s, proof %q", p.Outcome, p.Proof)
	}
}
