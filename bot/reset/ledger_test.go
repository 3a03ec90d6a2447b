package reset

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
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
		var sum Totals
		byLog := map[Outcome]int{}
		for row := 1; row <= rows; row++ {
			target := Target{Row: row, Action: ActionReset}
			if rapid.Bool().Draw(t, "skip") {
				target.Action, target.Reason = ActionSkip, Duplicate
			}
			sum.Add(Final(target, l.Row(row)))
			byLog[l.Row(row).Outcome]++
		}
		if sum.Rows() != rows {
			t.Fatalf("%d rows, totals %+v", rows, sum)
		}
		for _, o := range Outcomes() {
			if counter.Count(o) != byLog[o] || counter.Settled() != rows-byLog[""] {
				t.Fatalf("%s: counter has %d of %d, rows say %d of %d", o, counter.Count(o), counter.Settled(), byLog[o], rows-byLog[""])
			}
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

// A target with an outcome takes a few bytes and no progress in memory.
func TestLedger_packs(t *testing.T) {
	l := NewLedger()
	var c Counter
	apply := func(e Entry) { l.Apply(e); c.Apply(e) }
	for _, row := range []int{0, 3, 6, -1} {
		apply(Entry{Kind: EntryStarted, At: start, Step: step(row)})
		apply(Entry{Kind: EntryOutcome, At: start, Step: step(row), Outcome: OutcomeReset, Factors: []string{"sms"}, RequestID: "r1"})
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
	apply(Entry{Seq: 9, Kind: EntryOutcome, Step: step(6), Outcome: OutcomeFailed})
	apply(Entry{Seq: 9, Kind: EntryOutcome, Step: step(3), Outcome: OutcomeFailed})
	apply(Entry{Seq: 8, Kind: EntryOutcome, Step: step(3), Outcome: OutcomeFailed})
	if l.Row(6).Outcome != OutcomeFailed || l.Row(3).Outcome != OutcomeReset || c.Count(OutcomeFailed) != 1 || c.LastSeq() != 9 {
		t.Errorf("%s and %s, %d failed, up to %d", l.Row(6).Outcome, l.Row(3).Outcome, c.Count(OutcomeFailed), c.LastSeq())
	}
	if c.Apply(Entry{Kind: EntryOutcome, Step: step(1), Outcome: "new"}); c.Settled() != 3 || c.Count("new") != 0 {
		t.Errorf("%d settled", c.Settled())
	}
}

// Clocks are read from attempts alone: the earliest, and the least by which Okta's is ahead
// in the last term.
func TestLedger_clocks(t *testing.T) {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	l := NewLedger()
	if _, known := l.Ahead(0); known || !l.Began().IsZero() || !l.LastStep().IsZero() {
		t.Error("clocks are known before the first attempt")
	}
	attempt := func(s, ahead int, term int64) {
		l.Apply(Entry{Kind: EntryStarted, At: at(s), OktaAt: at(s + ahead), Term: term, Step: step(s)})
	}
	attempt(10, 5, 1)
	attempt(11, 3, 1)
	attempt(12, 4, 1)
	l.Apply(Entry{Kind: EntryOutcome, At: at(13), OktaAt: at(0), Step: step(12), Outcome: OutcomeReset})
	if ahead, known := l.Ahead(1); !known || ahead != 3*time.Second || !l.Began().Equal(at(14)) {
		t.Errorf("%s ahead, %t, began %s", ahead, known, l.Began())
	}
	if _, known := l.Ahead(2); known {
		t.Error("the clock of a term without attempts is known")
	}
	attempt(5, 8, 2)
	if ahead, known := l.Ahead(2); !known || ahead != 8*time.Second || !l.Began().Equal(at(13)) {
		t.Errorf("in the next term: %s ahead, %t, began %s", ahead, known, l.Began())
	}
}

// What is said of a step afterwards is no step.
func TestLedger_LastStep(t *testing.T) {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for name, c := range map[string]struct {
		entry Entry
		want  time.Time
	}{
		"a doubt":                  {Entry{Kind: EntryDoubt}, at(9)},
		"a doubt of a restart":     {Entry{Kind: EntryDoubt, Reason: SettledAfterRestart}, at(1)},
		"an outcome":               {Entry{Kind: EntryOutcome, Outcome: OutcomeReset}, at(9)},
		"a proof":                  {Entry{Kind: EntryOutcome, Outcome: OutcomeReset, Proof: ProofLog}, at(1)},
		"an outcome for a restart": {Entry{Kind: EntryOutcome, Outcome: OutcomeReset, Reason: SettledAfterRestart}, at(9)},
		"a refusal with a proof":   {Entry{Kind: EntryRefused, Proof: ProofLog}, at(9)},
	} {
		l := NewLedger()
		l.Apply(Entry{Kind: EntryStarted, At: at(1), Step: step(1)})
		c.entry.At, c.entry.Step = at(9), step(1)
		if l.Apply(c.entry); !l.LastStep().Equal(c.want) {
			t.Errorf("%s: the last step is of %s", name, l.LastStep())
		}
		if restart := c.entry.Kind == EntryDoubt && c.entry.Reason == SettledAfterRestart; c.entry.Kind == EntryDoubt && l.Row(1).Open.Restart != restart {
			t.Errorf("%s: by a restart: %t", name, !restart)
		}
	}
}

// Steps of one target add up, and a later entry without factors or ID keeps those there are.
func TestLedger_stepped(t *testing.T) {
	l := NewLedger()
	first := &Step{Row: 1, Kind: StepDelete, Factor: "f1", Type: "sms"}
	l.Apply(Entry{Kind: EntryStarted, At: start, OktaAt: start, Step: first, Listed: []string{"f1", "f2"}})
	l.Apply(Entry{Kind: EntryStepped, At: start, Step: first, Factors: []string{"sms"}, RequestID: "r1"})
	if p := l.Row(1); !p.Touched() || p.InDoubt() || len(p.Done) != 1 || p.RequestID != "r1" {
		t.Errorf("after one step: %+v", p)
	}
	if got := l.Unfinished(); len(got) != 1 || got[0].Factor != "f1" {
		t.Errorf("unfinished: %+v", got)
	}
	second := &Step{Row: 1, Kind: StepDelete, Factor: "f2", Type: "call"}
	l.Apply(Entry{Kind: EntryStepped, At: start, Step: second, Factors: []string{"call"}})
	l.Apply(Entry{Kind: EntryStepped, At: start, Step: first, Factors: []string{"sms"}}) // done again: one factor still
	l.Apply(Entry{Kind: EntryOutcome, At: start, Step: second, Outcome: OutcomeReset})
	if p := l.Row(1); p.RequestID != "r1" || !slices.Equal(p.Factors, []string{"sms", "call"}) || len(p.Done) != 3 {
		t.Errorf("after the outcome: %+v", p)
	}
	// What was done before it was seen that it did not take is to be looked at again.
	l.Apply(Entry{Kind: EntryDoubt, At: start, Step: second})
	l.Apply(Entry{Kind: EntryStepped, At: start, Step: second, Factors: []string{"call"}})
	if p := l.Row(1); p.Before != 3 || len(p.Done) != 4 || len(p.Factors) != 2 {
		t.Errorf("after a retake: %+v", p)
	}
	sessions := NewLedger()
	ending := &Step{Row: 2, Kind: StepSessions}
	sessions.Apply(Entry{Kind: EntryStarted, At: start, Step: ending})
	if sessions.Apply(Entry{Kind: EntryStepped, At: start, Step: ending}); sessions.Row(2).Sent != nil {
		t.Error("the end of sessions is a call on factors")
	}
}

// Touched: a call may have taken effect before the one that is awaited.
func TestProgress_Touched(t *testing.T) {
	for want, all := range map[bool][]Progress{
		false: {{}, {Attempts: 3, Open: &Attempt{}}},
		true:  {{Doubts: 1}, {Done: make([]Step, 1)}, {Retaken: 1}},
	} {
		for _, p := range all {
			if p.Touched() != want {
				t.Errorf("%+v: %t", p, !want)
			}
		}
	}
}

// The rows that were started and have no end are told in order, those in doubt apart.
func TestLedger_Unfinished(t *testing.T) {
	l := NewLedger()
	for _, row := range []int{9, 2, 5, 7, 4} {
		l.Apply(Entry{Kind: EntryStarted, At: start, Step: step(row)})
	}
	l.Apply(Entry{Kind: EntryRefused, At: start, Step: step(9)})
	l.Apply(Entry{Kind: EntryNotSent, At: start, Step: step(2)})
	l.Apply(Entry{Kind: EntryRefused, At: start, Step: step(5)})
	l.Apply(Entry{Kind: EntryDoubt, At: start, Step: step(7)})
	l.Apply(Entry{Kind: EntryOutcome, At: start, Step: step(4), Outcome: OutcomeReset})
	l.Apply(Entry{Kind: EntryRefused, At: start, Step: step(4)})
	var rows []int
	for _, s := range l.Unfinished() {
		rows = append(rows, s.Row)
	}
	if !slices.Equal(rows, []int{2, 5, 9}) || !slices.Equal(l.Doubtful(), []int{7}) {
		t.Errorf("unfinished %v, in doubt %v", rows, l.Doubtful())
	}
}

// Totals count reasons and proofs where there are any, and name those that somebody has to
// look after.
func TestTotals(t *testing.T) {
	var sum Totals
	for _, p := range []Progress{{Outcome: OutcomeReset}, {Outcome: OutcomeReset, Proof: ProofLog}, {Outcome: OutcomeReset, Proof: ProofLog}, {Outcome: OutcomeFailed, Reason: Forbidden}, {Outcome: OutcomeFailed, Reason: Forbidden}} {
		sum.Add(p)
	}
	if sum.Rows() != 5 || len(sum.ByReason) != 1 || sum.ByReason[Forbidden] != 2 || len(sum.Proofs) != 1 || sum.Proofs[ProofLog] != 2 {
		t.Errorf("%+v", sum)
	}
	meant := Target{Row: 7, Input: "in", Login: "ana@example.com", Action: ActionReset}
	for name, c := range map[string]struct {
		target Target
		p      Progress
		named  bool
	}{
		"failed":                  {meant, Progress{Outcome: OutcomeFailed, Reason: Forbidden}, true},
		"reset":                   {meant, Progress{Outcome: OutcomeReset}, false},
		"reset in part":           {meant, Progress{Outcome: OutcomeReset, Reason: SessionsNotRevoked}, true},
		"reset, clear already":    {meant, Progress{Outcome: OutcomeReset, Reason: AlreadyClear}, false},
		"cancelled":               {meant, Progress{Outcome: OutcomeNotRun, Reason: NotRunCancelled}, false},
		"failed for no reason":    {meant, Progress{Outcome: OutcomeFailed}, false},
		"skipped by the plan":     {Target{Action: ActionSkip}, Progress{Outcome: OutcomeSkipped, Reason: NotFound}, false},
		"in the hands of another": {meant, Progress{Outcome: OutcomeNotRun, Reason: InOtherRequest}, true},
	} {
		var sum Totals
		if sum.AddNeed(c.target, c.p); (len(sum.Needs) == 1) != c.named {
			t.Errorf("%s: %+v", name, sum.Needs)
		}
		if c.named && sum.Needs[0] != (Need{Row: 7, Login: "ana@example.com", Reason: c.p.Reason}) {
			t.Errorf("%s: %+v", name, sum.Needs[0])
		}
	}
	var many Totals
	meant.Login = ""
	for range needsMost + 1 {
		many.AddNeed(meant, Progress{Outcome: OutcomeFailed, Reason: Forbidden})
	}
	if len(many.Needs) != needsMost || many.Needs[0].Login != "in" {
		t.Errorf("%d users are named, the first as %q", len(many.Needs), many.Needs[0].Login)
	}
}

// Final keeps what the log says of a reset that was looked at, or never sent.
func TestFinal(t *testing.T) {
	meant := Target{Action: ActionReset}
	for name, c := range map[string]struct{ p, want Progress }{
		"proved":     {Progress{Outcome: OutcomeReset, Proof: ProofLog, Sent: &Attempt{}}, Progress{Outcome: OutcomeReset, Proof: ProofLog}},
		"never sent": {Progress{Outcome: OutcomeReset}, Progress{Outcome: OutcomeReset}},
		"failed":     {Progress{Outcome: OutcomeFailed, Sent: &Attempt{}}, Progress{Outcome: OutcomeFailed}},
		"nothing":    {Progress{}, Progress{Outcome: OutcomeNotRun, Reason: NotRunCancelled}},
	} {
		if got := Final(meant, c.p); got.Outcome != c.want.Outcome || got.Proof != c.want.Proof || got.Reason != c.want.Reason {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// seq yields what it is given, and then the error, if there is one.
func seq[T any](err error, all ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range all {
			if !yield(x, nil) {
				return
			}
		}
		var none T
		if err != nil {
			yield(none, err)
		}
	}
}

// A log or a plan that cannot be read whole is never taken for a shorter one.
func TestResults(t *testing.T) {
	broken := errors.New("broken")
	log := []Entry{{Seq: 1, Kind: EntryStarted, Step: step(1)}, {Seq: 2, Kind: EntryOutcome, Step: step(1), Outcome: OutcomeReset}}
	targets := []Target{{Row: 1}, {Row: 2}}
	for name, c := range map[string]struct {
		log, plan error
		want      []Outcome
	}{
		"whole":         {nil, nil, []Outcome{OutcomeReset, OutcomeNotRun}},
		"a broken log":  {broken, nil, nil},
		"a broken plan": {nil, broken, []Outcome{OutcomeReset, OutcomeNotRun}},
	} {
		var got []Outcome
		var failed error
		for r, err := range Results(seq(c.log, log...), seq(c.plan, targets...)) {
			if failed = err; err == nil {
				got = append(got, r.Progress.Outcome)
			}
		}
		if wantErr := c.log != nil || c.plan != nil; !slices.Equal(got, c.want) || errors.Is(failed, broken) != wantErr {
			t.Errorf("%s: %q, %v", name, got, failed)
		}
	}
	for range Results(seq(nil, log...), seq(nil, targets...)) {
		break // no panic of a caller that has seen enough
	}
	for range Results(seq(broken, log...), seq(nil, targets...)) {
		break
	}
}
