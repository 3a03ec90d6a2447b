package reset_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"factorbot/bot/reset"
)

const (
	requester reset.Person = "U_REQUESTER"
	first     reset.Person = "U_APPROVER1"
	second    reset.Person = "U_APPROVER2"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func digest(c byte) reset.Digest {
	b := make([]byte, 64)
	for i := range b {
		b[i] = c
	}
	return reset.Digest(b)
}

// mustPending returns a request whose plan is frozen and asks for n approvals.
func mustPending(tb testing.TB, n int) *reset.Request {
	tb.Helper()
	r, f := reset.Open("https://example.okta.com", reset.Ask{By: requester, Channel: "C_FACTORS", At: start, Reason: "lost phone"}, 3)
	r.ID = reset.NewID(42)
	if f.Name != "asked" || f.By != requester {
		tb.Fatalf("fact of a new request: %+v", f)
	}
	plan := reset.Plan{Revision: 1, Digest: digest('a'), Targets: 3, Resets: 2, FrozenAt: start}
	terms := reset.Terms{Approvals: n, ExecuteWithin: time.Hour}
	if _, err := r.FreezePlan(plan, terms, start.Add(24*time.Hour), start); err != nil {
		tb.Fatal(err)
	}
	return r
}

// mustRunning returns a request that has begun to run.
func mustRunning(tb testing.TB) *reset.Request {
	tb.Helper()
	r := mustPending(tb, 1)
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 0, start); err != nil {
		tb.Fatal(err)
	}
	if _, err := r.Start(start); err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestRequest_Approve(t *testing.T) {
	soon, late := start.Add(time.Minute), start.Add(24*time.Hour)
	cases := []struct {
		name  string
		by    reset.Person
		shown reset.Digest
		at    time.Time
		want  error
		state reset.State
	}{
		{"an approver", first, digest('a'), soon, nil, reset.Approved},
		{"twelve digits suffice", first, digest('a')[:12], soon, nil, reset.Approved},
		{"self approval", requester, digest('a'), soon, reset.ErrOwnRequest, reset.Pending},
		{"another plan", first, digest('b'), soon, reset.ErrOtherPlan, reset.Pending},
		{"no plan shown", first, "-", soon, reset.ErrOtherPlan, reset.Pending},
		{"nobody", "", digest('a'), soon, reset.ErrNotTheirs, reset.Pending},
		{"the moment it expires", first, digest('a'), late, reset.ErrExpired, reset.Pending},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := mustPending(t, 1)
			_, err := r.Approve(reset.Decision{By: c.by, Digest: c.shown}, 0, c.at)
			if !errors.Is(err, c.want) || r.State != c.state {
				t.Fatalf("got %v in %s, want %v in %s", err, r.State, c.want, c.state)
			}
		})
	}
}

func TestRequest_Approve_two_are_needed(t *testing.T) {
	r := mustPending(t, 2)
	for _, step := range []struct {
		by    reset.Person
		want  error
		state reset.State
	}{{first, nil, reset.Pending}, {first, reset.ErrAlreadyCounted, reset.Pending}, {requester, reset.ErrOwnRequest, reset.Pending}, {second, nil, reset.Approved}} {
		if _, err := r.Approve(reset.Decision{By: step.by, Digest: digest('a')}, 0, start); !errors.Is(err, step.want) || r.State != step.state {
			t.Fatalf("%s: got %v in %s, want %v in %s", step.by, err, r.State, step.want, step.state)
		}
		for _, p := range []reset.Person{first, second, requester} {
			if counts := slices.ContainsFunc(r.Approved, func(v reset.Decision) bool { return v.By == p }); r.HasApproved(p) != counts {
				t.Errorf("after %s: %s has approved: %t", step.by, p, !counts)
			}
		}
	}
	_, err := r.Approve(reset.Decision{By: "U_THIRD", Digest: digest('a')}, 0, start)
	var moved *reset.TransitionError
	if !errors.As(err, &moved) || moved.Found != reset.Approved || moved.By != second {
		t.Fatalf("one who comes late is not told who was first: %v", err)
	}
}

func TestRequest_TakeOut_drops_approvals(t *testing.T) {
	r := mustPending(t, 2)
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 0, start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.TakeOut(second, r.Plan.Digest, []int{1}, start); err != nil {
		t.Fatal(err)
	}
	if r.State != reset.Planning || len(r.Approved) != 0 || len(r.Revoked) != 1 || r.Revoked[0].Why == "" {
		t.Fatalf("approvals did not fall away visibly: %+v", r)
	}
}

func TestRequest_Resume(t *testing.T) {
	soon, late := start.Add(30*time.Minute), start.Add(time.Hour)
	cases := []struct {
		name     string
		cause    reset.Cause
		by       reset.Person
		approver bool
		at       time.Time
		want     error
	}{
		{"approver lifts errors", reset.CauseErrors, first, true, late, nil},
		{"approver lifts an approver's", reset.CauseApprover, first, true, soon, nil},
		{"approver lifts reported", reset.CauseReported, first, true, soon, nil},
		{"requester lifts own", reset.CauseRequester, requester, false, soon, nil},
		{"requester lifts errors", reset.CauseErrors, requester, false, soon, nil},
		{"requester too late", reset.CauseErrors, requester, false, late, reset.ErrNotTheirs},
		{"requester not an approver's", reset.CauseApprover, requester, false, soon, reset.ErrNotTheirs},
		{"requester not a freeze", reset.CauseFreeze, requester, false, soon, reset.ErrNotTheirs},
		{"requester not what was reported", reset.CauseReported, requester, false, soon, reset.ErrNotTheirs},
		{"requester who is an approver", reset.CauseApprover, requester, true, soon, reset.ErrNotTheirs},
		{"somebody", reset.CauseRequester, "U_OTHER", false, soon, reset.ErrNotTheirs},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := mustRunning(t)
			if _, err := r.PauseFor(c.cause, first, "", start); err != nil {
				t.Fatal(err)
			}
			_, err := r.Resume(c.by, c.approver, c.at)
			if !errors.Is(err, c.want) || (err == nil) != (r.State == reset.Running) {
				t.Fatalf("got %v in %s, want %v", err, r.State, c.want)
			}
		})
	}
}

func TestRequest_PauseFor_weak_causes_replace_nothing(t *testing.T) {
	for _, weak := range []reset.Cause{reset.CauseErrors, reset.CauseRequester} {
		r := mustRunning(t)
		if _, err := r.PauseFor(reset.CauseApprover, first, "", start); err != nil {
			t.Fatal(err)
		}
		if _, err := r.PauseFor(weak, requester, "", start); err == nil || r.Pause.Cause != reset.CauseApprover {
			t.Fatalf("%s replaced a stronger cause: %+v", weak, r.Pause)
		}
		if _, err := r.PauseFor(reset.CauseFreeze, second, "", start); err != nil || r.Pause.Cause != reset.CauseFreeze {
			t.Fatalf("a freeze did not replace it: %v %+v", err, r.Pause)
		}
	}
}

func TestRequest_clock(t *testing.T) {
	r := mustPending(t, 1)
	if _, err := r.Expire(start.Add(24*time.Hour - 1)); !errors.Is(err, reset.ErrNotYet) {
		t.Fatalf("expired early: %v", err)
	}
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 0, start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Lapse(start.Add(time.Hour - 1)); !errors.Is(err, reset.ErrNotYet) {
		t.Fatalf("lapsed early: %v", err)
	}
	if _, err := r.Start(start.Add(time.Hour)); !errors.Is(err, reset.ErrNotYet) {
		t.Fatalf("started when it should lapse: %v", err)
	}
	if _, err := r.Lapse(start.Add(time.Hour)); err != nil || r.State != reset.Lapsed {
		t.Fatalf("did not lapse: %v", err)
	}
}

func TestRequest_ExecuteBy_counts_from_the_later(t *testing.T) {
	r := mustPending(t, 1)
	r.Asked.NotTill = start.Add(10 * time.Hour)
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 0, start); err != nil {
		t.Fatal(err)
	}
	if got, want := r.ExecuteBy(), start.Add(11*time.Hour); !got.Equal(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if _, err := r.Start(start.Add(9 * time.Hour)); !errors.Is(err, reset.ErrNotYet) {
		t.Fatalf("started before its time: %v", err)
	}
}

func TestParseID(t *testing.T) {
	for in, want := range map[string]reset.ID{"FR-42": "FR-42", " fr-7 ": "FR-7", "#FR-1": "FR-1"} {
		if got, err := reset.ParseID(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "FR-", "FR-0", "FR--1", "FR-01", "FR-1x", "42", "FR-+1"} {
		if got, err := reset.ParseID(in); err == nil {
			t.Errorf("%q was taken as %q", in, got)
		}
	}
}

func TestDigestPlan_covers_everything(t *testing.T) {
	base := func() (string, reset.ID, int, reset.Options, reset.Digest) {
		return "https://example.okta.com", "FR-1", 1, reset.Options{}, digest('a')
	}
	org, id, rev, o, file := base()
	seen := map[reset.Digest]string{}
	add := func(name string, d reset.Digest, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if was, ok := seen[d]; ok {
			t.Errorf("%s has the digest of %s", name, was)
		}
		seen[d] = name
	}
	d, err := reset.DigestPlan(org, id, rev, o, file)
	add("base", d, err)
	d, err = reset.DigestPlan(org+"x", id, rev, o, file)
	add("org", d, err)
	d, err = reset.DigestPlan(org, "FR-2", rev, o, file)
	add("request", d, err)
	d, err = reset.DigestPlan(org, id, 2, o, file)
	add("revision", d, err)
	d, err = reset.DigestPlan(org, id, rev, reset.Options{RevokeSessions: true}, file)
	add("options", d, err)
	d, err = reset.DigestPlan(org, id, rev, o, digest('b'))
	add("file", d, err)
}

// A requester resumes a pause of their own that is recent. Where the clock was set back
// by more than a few minutes nobody knows how old it is.
func TestRequest_Resume_after_the_clock_was_set(t *testing.T) {
	for since, may := range map[time.Duration]bool{time.Minute: true, -3 * time.Minute: true, -time.Hour: false, 61 * time.Minute: false,
		-10 * time.Minute: false, 1 - 10*time.Minute: true, time.Hour: false, time.Hour - 1: true} {
		r := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: "U_REQUESTER"}, State: reset.Paused, Pause: &reset.Pause{Cause: reset.CauseRequester, At: start}}
		if _, err := r.Resume("U_REQUESTER", false, start.Add(since)); (err == nil) != may {
			t.Errorf("%s after the pause: %v", since, err)
		}
	}
}

// A new request tells where its users come from, and the choice of a column only if there was one.
func TestOpen(t *testing.T) {
	for chosen, want := range map[int]string{0: "", 1: "1", 3: "3"} {
		_, f := reset.Open("https://example.okta.com", reset.Ask{By: requester, At: start, Source: reset.Source{File: "a.csv", Chosen: chosen}}, 3)
		if f.Detail["chosen_column"] != want || f.Detail["file"] != "a.csv" {
			t.Errorf("column %d: %+v", chosen, f)
		}
	}
	r, f := reset.OpenRejected("https://example.okta.com", reset.Ask{By: requester, At: start}, "empty", "The file is empty.")
	if r.State != reset.Rejected || r.Code != "empty" || f.Name != "rejected" || !r.SettledAt.Equal(start) {
		t.Errorf("%+v, %+v", r, f)
	}
	r, _ = reset.Open("https://example.okta.com", reset.Ask{By: requester, At: start}, 0)
	if _, err := r.FreezePlan(reset.Plan{Targets: 5}, reset.Terms{Approvals: 1}, start, start); err != nil || r.Rows != 5 {
		t.Errorf("a group of five: %d rows, %v", r.Rows, err)
	}
	if mustPending(t, 1).Rows != 3 {
		t.Error("the rows of a file are not those of its plan")
	}
}

// Rows are taken out once each; the last of the plan is one, the one after it is none.
func TestRequest_TakeOut_rows(t *testing.T) {
	r := mustPending(t, 1)
	for _, row := range []int{0, 4} {
		if _, err := r.TakeOut(first, r.Plan.Digest, []int{row}, start); !errors.Is(err, reset.ErrNoRow) {
			t.Errorf("row %d of 3: %v", row, err)
		}
	}
	f, err := r.TakeOut(first, r.Plan.Digest, []int{3, 1, 3}, start)
	if err != nil || f.Detail["rows"] != "2" {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := r.FreezePlan(reset.Plan{Revision: 2, Digest: digest('b'), Targets: 3}, r.Terms, start.Add(time.Hour), start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.TakeOut(first, r.Plan.Digest, []int{1}, start); !errors.Is(err, reset.ErrNoRow) {
		t.Errorf("a row that is out: %v", err)
	}
	if f, err := r.TakeOut(first, r.Plan.Digest, []int{1, 2}, start); err != nil || f.Detail["rows"] != "1" {
		t.Errorf("one more: %+v, %v", f, err)
	}
}

// A number that nobody asked for is no reason to refuse.
func TestRequest_Approve_without_a_number(t *testing.T) {
	r := mustPending(t, 1)
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 7, start); err != nil {
		t.Error(err)
	}
	wrong := &reset.ConfirmError{ID: "FR-1", Users: 7}
	if words := wrong.Error(); words != "the approval of FR-1 needs the number of its users" {
		t.Error(words)
	}
}

// Only what a freeze has stopped goes on by its end.
func TestRequest_Thawed(t *testing.T) {
	for cause, want := range map[reset.Cause]error{reset.CauseFreeze: nil, reset.CauseErrors: reset.ErrNotTheirs, reset.CauseReported: reset.ErrNotTheirs} {
		r := mustRunning(t)
		if _, err := r.PauseFor(cause, "", "", start); err != nil {
			t.Fatal(err)
		}
		f, err := r.Thawed(first, start)
		if !errors.Is(err, want) || (r.State == reset.Running) != (want == nil) || want == nil && (f.Detail["cause"] != "freeze" || r.Pause != nil) {
			t.Errorf("%s: %v, in %s, %+v", cause, err, r.State, f)
		}
	}
	if _, err := mustRunning(t).Thawed(first, start); !errors.As(err, new(*reset.TransitionError)) {
		t.Errorf("what runs: %v", err)
	}
}

func TestRequest_Exported(t *testing.T) {
	r := mustRunning(t)
	facts, err := r.Exported(reset.Export{Users: 2, Bytes: 70, SHA256: digest('c')}, start)
	if err != nil || len(facts) != 2 || facts[0].Name != "exported" || facts[0].Detail["users"] != "2" || facts[0].Detail["bytes"] != "70" || r.Export.Users != 2 || r.State != reset.Verifying {
		t.Errorf("%+v, %v, %+v", facts, err, r.Export)
	}
	if _, err := mustPending(t, 1).Exported(reset.Export{}, start); !errors.As(err, new(*reset.TransitionError)) {
		t.Errorf("what does not run: %v", err)
	}
}

func TestID_Number(t *testing.T) {
	for id, want := range map[reset.ID]int{"FR-1": 1, "FR-42": 42, "FR-0": 0, "FR--1": 0, "FR-x": 0, "": 0} {
		if got := id.Number(); got != want {
			t.Errorf("%q: %d, want %d", id, got, want)
		}
	}
}

func TestRow_Refs(t *testing.T) {
	if refs := (reset.Row{Also: []reset.Ref{{Value: "x"}}}).Refs(); refs != nil {
		t.Errorf("a row that names nobody: %+v", refs)
	}
	row := reset.Row{Kind: reset.RefLogin, Value: "ana@example.com", Column: "login", Loose: true, Also: []reset.Ref{{Kind: reset.RefEmail, Value: "a@example.com"}}}
	want := []reset.Ref{{Kind: reset.RefLogin, Value: "ana@example.com", Column: "login", Loose: true}, {Kind: reset.RefEmail, Value: "a@example.com"}}
	if got := row.Refs(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// A field of a query that says nothing leaves nobody out.
func TestQuery_Matches(t *testing.T) {
	r := &reset.Request{State: reset.Running, Asked: reset.Ask{By: requester, At: start}}
	for _, c := range []struct {
		q    reset.Query
		want bool
	}{
		{reset.Query{}, true}, {reset.Query{States: []reset.State{reset.Done, reset.Running}}, true}, {reset.Query{States: []reset.State{reset.Done}}, false},
		{reset.Query{By: requester}, true}, {reset.Query{By: first}, false}, {reset.Query{Since: start}, true}, {reset.Query{Since: start.Add(1)}, false},
	} {
		if got := c.q.Matches(r); got != c.want {
			t.Errorf("%+v: %t", c.q, got)
		}
	}
}

// One person by either account; two without an Okta user are two.
func TestAsk_SamePerson(t *testing.T) {
	for _, c := range []struct {
		one, other reset.Ask
		want       bool
	}{
		{reset.Ask{By: first}, reset.Ask{By: first}, true}, {reset.Ask{By: first}, reset.Ask{By: second}, false},
		{reset.Ask{By: first, Okta: "00u1"}, reset.Ask{By: second, Okta: "00u1"}, true}, {reset.Ask{By: first, Okta: "00u1"}, reset.Ask{By: second, Okta: "00u2"}, false},
	} {
		if got := c.one.SamePerson(c.other); got != c.want {
			t.Errorf("%+v and %+v: %t", c.one, c.other, got)
		}
	}
	for _, s := range []reset.Source{{Group: "g"}, {Search: "s"}, {Filter: "f"}, {Query: "q"}} {
		if !s.Asks() {
			t.Errorf("%+v asks nothing", s)
		}
	}
	if (reset.Source{File: "a.csv"}).Asks() {
		t.Error("a file asks Okta who is meant")
	}
}

func TestTransitionError(t *testing.T) {
	for want, e := range map[string]*reset.TransitionError{
		"cannot pause FR-1: it is done":                {ID: "FR-1", Move: reset.MovePause, Found: reset.Done},
		"cannot pause FR-1: it is done by U_APPROVER1": {ID: "FR-1", Move: reset.MovePause, Found: reset.Done, By: first},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A move that is made is recorded on the head with what it tells, one that is refused leaves no trace.
func TestRequest_endings(t *testing.T) {
	planning := func(testing.TB) *reset.Request {
		r, _ := reset.Open("https://example.okta.com", reset.Ask{By: requester, At: start}, 3)
		return r
	}
	pending := func(tb testing.TB) *reset.Request { return mustPending(tb, 1) }
	verifying := func(tb testing.TB) *reset.Request {
		r := mustRunning(tb)
		if _, err := r.Verify(start); err != nil {
			tb.Fatal(err)
		}
		return r
	}
	totals := reset.Totals{ByOutcome: map[reset.Outcome]int{reset.OutcomeReset: 2}}
	reject := func(r *reset.Request) (reset.Fact, error) { return r.Reject("nothing_left", "Nobody is left.", start) }
	deny := func(r *reset.Request) (reset.Fact, error) { return r.Deny(first, digest('a'), "not now", start) }
	finish := func(r *reset.Request) (reset.Fact, error) { return r.Finish(totals, start) }
	cancel := func(r *reset.Request) (reset.Fact, error) { return r.Cancel(first, start) }
	for name, c := range map[string]struct {
		make func(testing.TB) *reset.Request
		move func(*reset.Request) (reset.Fact, error)
		then reset.State
		fact string // "": refused
	}{
		"reject while planning": {planning, reject, reset.Rejected, "rejected"},
		"reject what is asked":  {pending, reject, reset.Pending, ""},
		"deny what is asked":    {pending, deny, reset.Denied, "denied"},
		"deny while planning":   {planning, deny, reset.Planning, ""},
		"finish when verified":  {verifying, finish, reset.Done, "done"},
		"finish what runs":      {mustRunning, finish, reset.Running, ""},
		"cancel before the run": {pending, cancel, reset.Cancelled, "cancelled"},
		"cancel in the run":     {mustRunning, cancel, reset.Stopping, "stopping"},
		"cancel after the run":  {verifying, cancel, reset.Verifying, ""},
	} {
		r := c.make(t)
		f, err := c.move(r)
		if (err == nil) != (c.fact != "") || f.Name != c.fact || r.State != c.then {
			t.Errorf("%s: %q in %s, %v", name, f.Name, r.State, err)
		}
		if rejected := r.State == reset.Rejected; (r.Code == "nothing_left") != rejected || (r.Refusal == "Nobody is left.") != rejected {
			t.Errorf("%s: %q, %q", name, r.Code, r.Refusal)
		}
		if (r.Totals != nil) != (r.State == reset.Done) {
			t.Errorf("%s: %+v", name, r.Totals)
		}
	}
}

// Of several backups that a record was restored from the oldest counts.
func TestRequest_Restore(t *testing.T) {
	r := mustRunning(t)
	for _, c := range []struct{ taken, want time.Duration }{{2, 2}, {3, 2}, {2, 2}, {1, 1}} {
		taken, want := start.Add(c.taken*time.Hour), start.Add(c.want*time.Hour)
		f := r.Restore(taken, taken.Add(time.Second), start)
		if !r.RestoredFrom.Equal(want) || !r.RestoredOkta.Equal(want.Add(time.Second)) || f.Detail["taken"] != taken.Format(time.RFC3339) {
			t.Errorf("after the one of %v: %v, by Okta %v, %+v", taken, r.RestoredFrom, r.RestoredOkta, f)
		}
	}
}

// Numbers have commas from ten thousand on, each three digits.
func TestPlural(t *testing.T) {
	for n, want := range map[int]string{
		0: "0 users", 1: "1 user", 2: "2 users", 9999: "9999 users", 10000: "10,000 users", 100000: "100,000 users", 1234567: "1,234,567 users",
	} {
		if got := reset.Plural(n, "user"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
