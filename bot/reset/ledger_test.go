package reset_test

import (
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/reset"
)

func step(row int) *reset.Step {
	return &reset.Step{Row: row, User: "00uaaaaaaaaaaaaaaaaa", Kind: reset.StepReset}
}

func TestLedger(t *testing.T) {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	started := func(s int) reset.Entry {
		return reset.Entry{Kind: reset.EntryStarted, At: at(s), OktaAt: at(s), Step: step(1)}
	}
	doubt := func(s int) reset.Entry { return reset.Entry{Kind: reset.EntryDoubt, At: at(s), Step: step(1)} }
	took := reset.Entry{Kind: reset.EntryOutcome, At: at(90), Step: step(1), Outcome: reset.OutcomeReset, RequestID: "req1"}
	cases := []struct {
		name  string
		log   []reset.Entry
		check func(p reset.Progress) bool
	}{
		{"in flight", []reset.Entry{started(1)}, func(p reset.Progress) bool { return p.InDoubt() && !p.Open.Doubt && p.Attempts == 1 }},
		{"not sent", []reset.Entry{started(1), {Kind: reset.EntryNotSent, At: at(2), Step: step(1)}}, func(p reset.Progress) bool { return !p.InDoubt() && p.Outcome == "" }},
		{"refused then done", []reset.Entry{started(1), {Kind: reset.EntryRefused, At: at(2), Step: step(1)}, started(3), took},
			func(p reset.Progress) bool {
				return p.Outcome == reset.OutcomeReset && p.Attempts == 2 && p.RequestID == "req1" && p.Sent.At.Equal(at(3))
			}},
		{"a refused resend leaves the doubt", []reset.Entry{started(1), doubt(2), started(3), {Kind: reset.EntryRefused, At: at(4), Step: step(1)}},
			func(p reset.Progress) bool {
				return p.InDoubt() && p.Open.Doubt && p.Open.DoubtAt.Equal(at(2)) && p.Doubts == 1
			}},
		{"two doubts keep the oldest and the youngest", []reset.Entry{started(1), doubt(2), started(3), doubt(4), started(5), {Kind: reset.EntryNotSent, At: at(6), Step: step(1)}},
			func(p reset.Progress) bool {
				return p.Doubts == 2 && p.First.At.Equal(at(1)) && p.Last.At.Equal(at(3)) && p.Open.At.Equal(at(3))
			}},
		{"an outcome ends the doubt and keeps the first call", []reset.Entry{started(1), doubt(2), started(3), took}, func(p reset.Progress) bool {
			return !p.InDoubt() && p.First.At.Equal(at(1)) && p.Sent.At.Equal(at(3)) && p.Doubts == 0
		}},
		{"a proof keeps the time", []reset.Entry{started(1), took, {Kind: reset.EntryOutcome, At: at(200), Step: step(1), Outcome: reset.OutcomeReset, Proof: reset.ProofLog}},
			func(p reset.Progress) bool {
				return p.Proof == reset.ProofLog && p.FinishedAt.Equal(at(90)) && p.RequestID == "req1"
			}},
		{"a reset that did not take is in doubt again", []reset.Entry{started(1), took, doubt(100)},
			func(p reset.Progress) bool {
				return p.InDoubt() && p.Outcome == "" && p.Retaken == 1 && p.First.At.Equal(at(1)) && p.Last.Refuted
			}},
		{"sent again, its first call stays the first", []reset.Entry{started(1), took, doubt(100), started(101), took, doubt(200)},
			func(p reset.Progress) bool {
				return p.Retaken == 2 && p.First.At.Equal(at(1)) && p.Last.At.Equal(at(101)) && p.Last.Refuted
			}},
		{"a call after a refuted one is not refuted", []reset.Entry{started(1), took, doubt(100), started(101), doubt(102)},
			func(p reset.Progress) bool { return !p.Last.Refuted && p.First.At.Equal(at(1)) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := reset.NewLedger()
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
	kinds := rapid.SampledFrom([]reset.EntryKind{reset.EntryStarted, reset.EntryOutcome, reset.EntryDoubt, reset.EntryRefused, reset.EntryNotSent})
	reasons := rapid.SampledFrom([]reset.Reason{"", reset.AlreadyClear, reset.Forbidden, reset.OktaError, reset.EnrolledMeanwhile, reset.ResetSincePlan, reset.InOtherRequest, reset.NotFound})
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 20).Draw(t, "rows")
		l := reset.NewLedger()
		var counter reset.Counter
		for range rapid.IntRange(0, 60).Draw(t, "entries") {
			e := reset.Entry{Kind: kinds.Draw(t, "kind"), At: start, Step: step(rapid.IntRange(1, rows).Draw(t, "row"))}
			if e.Kind == reset.EntryOutcome {
				e.Reason = reasons.Draw(t, "reason")
				e.Outcome = e.Reason.Outcome()
			}
			l.Apply(e)
			counter.Apply(e)
		}
		var sum reset.Totals
		byLog := map[reset.Outcome]int{}
		for row := 1; row <= rows; row++ {
			target := reset.Target{Row: row, Action: reset.ActionReset}
			if rapid.Bool().Draw(t, "skip") {
				target.Action, target.Reason = reset.ActionSkip, reset.Duplicate
			}
			sum.Add(reset.Final(target, l.Row(row)))
			byLog[l.Row(row).Outcome]++
		}
		if sum.Rows() != rows {
			t.Fatalf("%d rows, totals %+v", rows, sum)
		}
		for _, o := range reset.Outcomes() {
			if counter.Count(o) != byLog[o] || counter.Settled() != rows-byLog[""] {
				t.Fatalf("%s: counter has %d of %d, rows say %d of %d", o, counter.Count(o), counter.Settled(), byLog[o], rows-byLog[""])
			}
		}
	})
}

func TestReason_Outcome(t *testing.T) {
	for r, want := range map[reset.Reason]reset.Outcome{"": reset.OutcomeReset, reset.SettledAfterRestart: reset.OutcomeReset, reset.Duplicate: reset.OutcomeSkipped, reset.InvalidRow: reset.OutcomeSkipped, reset.Forbidden: reset.OutcomeFailed, reset.InOtherRequest: reset.OutcomeNotRun} {
		if got := r.Outcome(); got != want {
			t.Errorf("%q: got %s, want %s", r, got, want)
		}
	}
}

// A cancelled request is not read back: what was sent and answered, and that nobody
// looked at, has the proof none, not the empty one of what was never sent.
func TestFinal_proof_of_what_nobody_looked_at(t *testing.T) {
	target := reset.Target{Row: 1, User: "00u00000000000000001", Action: reset.ActionReset}
	step := &reset.Step{Row: 1, User: target.User, Kind: reset.StepReset}
	l := reset.NewLedger()
	l.Apply(reset.Entry{Seq: 1, Kind: reset.EntryStarted, Step: step})
	l.Apply(reset.Entry{Seq: 2, Kind: reset.EntryOutcome, Step: step, Outcome: reset.OutcomeReset})
	if p := reset.Final(target, l.Row(1)); p.Proof != reset.ProofNone {
		t.Errorf("sent, answered and not looked at: proof %q", p.Proof)
	}
	if p := reset.Final(target, reset.Progress{}); p.Proof != "" || p.Outcome != reset.OutcomeNotRun {
		t.Errorf("never sent: %s, proof %q", p.Outcome, p.Proof)
	}
}

// Clocks are read from attempts alone: the earliest, and the least by which Okta's is ahead
// in the last term.
func TestLedger_clocks(t *testing.T) {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	l := reset.NewLedger()
	if _, known := l.Ahead(0); known || !l.Began().IsZero() || !l.LastStep().IsZero() {
		t.Error("clocks are known before the first attempt")
	}
	attempt := func(s, ahead int, term int64) {
		l.Apply(reset.Entry{Kind: reset.EntryStarted, At: at(s), OktaAt: at(s + ahead), Term: term, Step: step(s)})
	}
	attempt(10, 5, 1)
	attempt(11, 3, 1)
	attempt(12, 4, 1)
	l.Apply(reset.Entry{Kind: reset.EntryOutcome, At: at(13), OktaAt: at(0), Step: step(12), Outcome: reset.OutcomeReset})
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
		entry reset.Entry
		want  time.Time
	}{
		"a doubt":                  {reset.Entry{Kind: reset.EntryDoubt}, at(9)},
		"a doubt of a restart":     {reset.Entry{Kind: reset.EntryDoubt, Reason: reset.SettledAfterRestart}, at(1)},
		"an outcome":               {reset.Entry{Kind: reset.EntryOutcome, Outcome: reset.OutcomeReset}, at(9)},
		"a proof":                  {reset.Entry{Kind: reset.EntryOutcome, Outcome: reset.OutcomeReset, Proof: reset.ProofLog}, at(1)},
		"an outcome for a restart": {reset.Entry{Kind: reset.EntryOutcome, Outcome: reset.OutcomeReset, Reason: reset.SettledAfterRestart}, at(9)},
		"a refusal with a proof":   {reset.Entry{Kind: reset.EntryRefused, Proof: reset.ProofLog}, at(9)},
	} {
		l := reset.NewLedger()
		l.Apply(reset.Entry{Kind: reset.EntryStarted, At: at(1), Step: step(1)})
		c.entry.At, c.entry.Step = at(9), step(1)
		if l.Apply(c.entry); !l.LastStep().Equal(c.want) {
			t.Errorf("%s: the last step is of %s", name, l.LastStep())
		}
		if restart := c.entry.Kind == reset.EntryDoubt && c.entry.Reason == reset.SettledAfterRestart; c.entry.Kind == reset.EntryDoubt && l.Row(1).Open.Restart != restart {
			t.Errorf("%s: by a restart: %t", name, !restart)
		}
	}
}

// Steps of one target add up, and a later entry without factors or ID keeps those there are.
func TestLedger_stepped(t *testing.T) {
	l := reset.NewLedger()
	first := &reset.Step{Row: 1, Kind: reset.StepDelete, Factor: "f1", Type: "sms"}
	l.Apply(reset.Entry{Kind: reset.EntryStarted, At: start, OktaAt: start, Step: first, Listed: []string{"f1", "f2"}})
	l.Apply(reset.Entry{Kind: reset.EntryStepped, At: start, Step: first, Factors: []string{"sms"}, RequestID: "r1"})
	if p := l.Row(1); !p.Touched() || p.InDoubt() || len(p.Done) != 1 || p.RequestID != "r1" {
		t.Errorf("after one step: %+v", p)
	}
	if got := l.Unfinished(); len(got) != 1 || got[0].Factor != "f1" {
		t.Errorf("unfinished: %+v", got)
	}
	second := &reset.Step{Row: 1, Kind: reset.StepDelete, Factor: "f2", Type: "call"}
	l.Apply(reset.Entry{Kind: reset.EntryStepped, At: start, Step: second, Factors: []string{"call"}})
	l.Apply(reset.Entry{Kind: reset.EntryStepped, At: start, Step: first, Factors: []string{"sms"}}) // done again: one factor still
	l.Apply(reset.Entry{Kind: reset.EntryOutcome, At: start, Step: second, Outcome: reset.OutcomeReset})
	if p := l.Row(1); p.RequestID != "r1" || !slices.Equal(p.Factors, []string{"sms", "call"}) || len(p.Done) != 3 {
		t.Errorf("after the outcome: %+v", p)
	}
	// What was done before it was seen that it did not take is to be looked at again.
	l.Apply(reset.Entry{Kind: reset.EntryDoubt, At: start, Step: second})
	l.Apply(reset.Entry{Kind: reset.EntryStepped, At: start, Step: second, Factors: []string{"call"}})
	if p := l.Row(1); p.Before != 3 || len(p.Done) != 4 || len(p.Factors) != 2 {
		t.Errorf("after a retake: %+v", p)
	}
	sessions := reset.NewLedger()
	ending := &reset.Step{Row: 2, Kind: reset.StepSessions}
	sessions.Apply(reset.Entry{Kind: reset.EntryStarted, At: start, Step: ending})
	if sessions.Apply(reset.Entry{Kind: reset.EntryStepped, At: start, Step: ending}); sessions.Row(2).Sent != nil {
		t.Error("the end of sessions is a call on factors")
	}
}

// Touched: a call may have taken effect before the one that is awaited.
func TestProgress_Touched(t *testing.T) {
	for want, all := range map[bool][]reset.Progress{
		false: {{}, {Attempts: 3, Open: &reset.Attempt{}}},
		true:  {{Doubts: 1}, {Done: make([]reset.Step, 1)}, {Retaken: 1}},
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
	l := reset.NewLedger()
	for _, row := range []int{9, 2, 5, 7, 4} {
		l.Apply(reset.Entry{Kind: reset.EntryStarted, At: start, Step: step(row)})
	}
	l.Apply(reset.Entry{Kind: reset.EntryRefused, At: start, Step: step(9)})
	l.Apply(reset.Entry{Kind: reset.EntryNotSent, At: start, Step: step(2)})
	l.Apply(reset.Entry{Kind: reset.EntryRefused, At: start, Step: step(5)})
	l.Apply(reset.Entry{Kind: reset.EntryDoubt, At: start, Step: step(7)})
	l.Apply(reset.Entry{Kind: reset.EntryOutcome, At: start, Step: step(4), Outcome: reset.OutcomeReset})
	l.Apply(reset.Entry{Kind: reset.EntryRefused, At: start, Step: step(4)})
	want := []int{2, 5, 9}
	for row := 10; row < 40; row++ { // so many are in order by no accident
		l.Apply(reset.Entry{Kind: reset.EntryStarted, At: start, Step: step(row)})
		l.Apply(reset.Entry{Kind: reset.EntryRefused, At: start, Step: step(row)})
		want = append(want, row)
	}
	var rows []int
	for _, s := range l.Unfinished() {
		rows = append(rows, s.Row)
	}
	if !slices.Equal(rows, want) || !slices.Equal(l.Doubtful(), []int{7}) {
		t.Errorf("unfinished %v, in doubt %v", rows, l.Doubtful())
	}
}

// Totals count reasons and proofs where there are any, and name those that somebody has to
// look after.
func TestTotals(t *testing.T) {
	var sum reset.Totals
	for _, p := range []reset.Progress{{Outcome: reset.OutcomeReset}, {Outcome: reset.OutcomeReset, Proof: reset.ProofLog}, {Outcome: reset.OutcomeReset, Proof: reset.ProofLog}, {Outcome: reset.OutcomeFailed, Reason: reset.Forbidden}, {Outcome: reset.OutcomeFailed, Reason: reset.Forbidden}} {
		sum.Add(p)
	}
	if sum.Rows() != 5 || len(sum.ByReason) != 1 || sum.ByReason[reset.Forbidden] != 2 || len(sum.Proofs) != 1 || sum.Proofs[reset.ProofLog] != 2 {
		t.Errorf("%+v", sum)
	}
	meant := reset.Target{Row: 7, Input: "in", Login: "ana@example.com", Action: reset.ActionReset}
	for name, c := range map[string]struct {
		target reset.Target
		p      reset.Progress
		named  bool
	}{
		"failed":                  {meant, reset.Progress{Outcome: reset.OutcomeFailed, Reason: reset.Forbidden}, true},
		"reset":                   {meant, reset.Progress{Outcome: reset.OutcomeReset}, false},
		"reset in part":           {meant, reset.Progress{Outcome: reset.OutcomeReset, Reason: reset.SessionsNotRevoked}, true},
		"reset, clear already":    {meant, reset.Progress{Outcome: reset.OutcomeReset, Reason: reset.AlreadyClear}, false},
		"cancelled":               {meant, reset.Progress{Outcome: reset.OutcomeNotRun, Reason: reset.NotRunCancelled}, false},
		"failed for no reason":    {meant, reset.Progress{Outcome: reset.OutcomeFailed}, false},
		"skipped by the plan":     {reset.Target{Action: reset.ActionSkip}, reset.Progress{Outcome: reset.OutcomeSkipped, Reason: reset.NotFound}, false},
		"in the hands of another": {meant, reset.Progress{Outcome: reset.OutcomeNotRun, Reason: reset.InOtherRequest}, true},
	} {
		var sum reset.Totals
		if sum.AddNeed(c.target, c.p); (len(sum.Needs) == 1) != c.named {
			t.Errorf("%s: %+v", name, sum.Needs)
		}
		if c.named && sum.Needs[0] != (reset.Need{Row: 7, Login: "ana@example.com", Reason: c.p.Reason}) {
			t.Errorf("%s: %+v", name, sum.Needs[0])
		}
	}
	var many reset.Totals
	meant.Login = ""
	for range 10 + 1 {
		many.AddNeed(meant, reset.Progress{Outcome: reset.OutcomeFailed, Reason: reset.Forbidden})
	}
	if len(many.Needs) != 10 || many.Needs[0].Login != "in" {
		t.Errorf("%d users are named, the first as %q", len(many.Needs), many.Needs[0].Login)
	}
}

// Final keeps what the log says of a reset that was looked at, or never sent.
func TestFinal(t *testing.T) {
	meant := reset.Target{Action: reset.ActionReset}
	for name, c := range map[string]struct{ p, want reset.Progress }{
		"proved":     {reset.Progress{Outcome: reset.OutcomeReset, Proof: reset.ProofLog, Sent: &reset.Attempt{}}, reset.Progress{Outcome: reset.OutcomeReset, Proof: reset.ProofLog}},
		"never sent": {reset.Progress{Outcome: reset.OutcomeReset}, reset.Progress{Outcome: reset.OutcomeReset}},
		"failed":     {reset.Progress{Outcome: reset.OutcomeFailed, Sent: &reset.Attempt{}}, reset.Progress{Outcome: reset.OutcomeFailed}},
		"nothing":    {reset.Progress{}, reset.Progress{Outcome: reset.OutcomeNotRun, Reason: reset.NotRunCancelled}},
	} {
		if got := reset.Final(meant, c.p); got.Outcome != c.want.Outcome || got.Proof != c.want.Proof || got.Reason != c.want.Reason {
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
	log := []reset.Entry{{Seq: 1, Kind: reset.EntryStarted, Step: step(1)}, {Seq: 2, Kind: reset.EntryOutcome, Step: step(1), Outcome: reset.OutcomeReset}}
	targets := []reset.Target{{Row: 1}, {Row: 2}}
	for name, c := range map[string]struct {
		log, plan error
		want      []reset.Outcome
	}{
		"whole":         {nil, nil, []reset.Outcome{reset.OutcomeReset, reset.OutcomeNotRun}},
		"a broken log":  {broken, nil, nil},
		"a broken plan": {nil, broken, []reset.Outcome{reset.OutcomeReset, reset.OutcomeNotRun}},
	} {
		var got []reset.Outcome
		var failed error
		for r, err := range reset.Results(seq(c.log, log...), seq(c.plan, targets...)) {
			if failed = err; err == nil {
				got = append(got, r.Progress.Outcome)
			}
		}
		if wantErr := c.log != nil || c.plan != nil; !slices.Equal(got, c.want) || errors.Is(failed, broken) != wantErr {
			t.Errorf("%s: %q, %v", name, got, failed)
		}
	}
	for range reset.Results(seq(nil, log...), seq(nil, targets...)) {
		break // no panic of a caller that has seen enough
	}
	for range reset.Results(seq(broken, log...), seq(nil, targets...)) {
		break
	}
}
