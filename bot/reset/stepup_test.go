package reset

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const oktaFirst = UserID("00uFIRST000000000001")

// proofOf is a confirmation of the request's plan as it is now.
func proofOf(r *Request, user UserID, transaction string) *StepUp {
	return &StepUp{User: user, Factor: "push", Transaction: transaction, At: start, For: r.ApprovalSubject()}
}

// A proof fits one person and one decision, and says all of itself.
func TestStepUp_Fits(t *testing.T) {
	whole := StepUp{User: oktaFirst, Factor: "push", Transaction: "v2.1", At: start, For: "approve FR-1"}
	for name, c := range map[string]struct {
		change  func(*StepUp)
		user    UserID
		subject string
		fits    bool
	}{
		"whole":             {func(*StepUp) {}, oktaFirst, "approve FR-1", true},
		"of nobody":         {func(s *StepUp) { s.User = "" }, "", "approve FR-1", false},
		"of somebody else":  {func(*StepUp) {}, "00uSECOND", "approve FR-1", false},
		"for nothing":       {func(s *StepUp) { s.For = "" }, oktaFirst, "", false},
		"for another":       {func(*StepUp) {}, oktaFirst, "approve FR-2", false},
		"no transaction":    {func(s *StepUp) { s.Transaction = "" }, oktaFirst, "approve FR-1", false},
		"no factor":         {func(s *StepUp) { s.Factor = "" }, oktaFirst, "approve FR-1", false},
		"no time of answer": {func(s *StepUp) { s.At = time.Time{} }, oktaFirst, "approve FR-1", false},
	} {
		s := whole
		c.change(&s)
		if err := s.Fits(c.user, c.subject); (err == nil) != c.fits || err != nil && !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is confirmed has a name of its own: another plan, pause or freeze has another.
func TestSubjects(t *testing.T) {
	r := &Request{ID: "FR-1", Plan: Plan{Revision: 2, Digest: "ab"}}
	if got := r.ResumeSubject(); got != "" {
		t.Errorf("nothing is paused: %q", got)
	}
	r.Pause = &Pause{Cause: CauseErrors, At: start}
	for want, got := range map[string]string{
		"approve FR-1 revision 2 ab":                   r.ApprovalSubject(),
		"resume FR-1 errors 2026-03-02T09:00:00Z":      r.ResumeSubject(),
		"thaw U_APPROVER1 2026-03-02T09:00:00.000001Z": (&Freeze{By: first, At: start.Add(time.Microsecond)}).ThawSubject(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if words := (&StepUpError{ID: "FR-1"}).Error(); !strings.Contains(words, "FR-1") {
		t.Error(words)
	}
}

// Where the terms ask for a confirmation no approval counts without one, and none counts twice.
func TestRequest_Approve_confirmed(t *testing.T) {
	r := mustPending(t, 3)
	r.Terms.StepUp = true
	var missing *StepUpError
	if _, err := r.Approve(Decision{By: first, Okta: oktaFirst, Digest: digest('a')}, 0, start); !errors.As(err, &missing) || missing.ID != r.ID {
		t.Fatalf("without a proof: %v", err)
	}
	f, err := r.Approve(Decision{By: first, Okta: oktaFirst, Digest: digest('a'), StepUp: proofOf(r, oktaFirst, "v2.1")}, 0, start)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"factor": "push", "transaction": "v2.1", "confirmed_as": string(oktaFirst)} {
		if f.Detail[key] != want {
			t.Errorf("%s is %q, want %q", key, f.Detail[key], want)
		}
	}
	if _, err := r.Approve(Decision{By: second, Okta: "00uSECOND", Digest: digest('a'), StepUp: proofOf(r, "00uSECOND", "v2.1")}, 0, start); !errors.Is(err, ErrProof) {
		t.Errorf("a proof that was used: %v", err)
	}
	if _, err := r.Approve(Decision{By: second, Okta: "00uSECOND", Digest: digest('a'), StepUp: proofOf(r, oktaFirst, "v2.2")}, 0, start); !errors.Is(err, ErrProof) {
		t.Errorf("the proof of somebody else: %v", err)
	}
	if _, err := r.Revoke(first, "left", start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(Decision{By: first, Okta: oktaFirst, Digest: digest('a'), StepUp: proofOf(r, oktaFirst, "v2.1")}, 0, start); !errors.Is(err, ErrProof) {
		t.Errorf("a proof of an approval that fell: %v", err)
	}
	// A decision without a proof, from before the terms asked for one, is no use of any proof.
	r = mustPending(t, 3)
	if _, err := r.Approve(Decision{By: first, Digest: digest('a')}, 0, start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(Decision{By: second, Okta: "00uSECOND", Digest: digest('a'), StepUp: proofOf(r, "00uSECOND", "v2.3")}, 0, start); err != nil {
		t.Errorf("a proof beside an approval without one: %v", err)
	}
}

// Where the terms come to ask for confirmations, approvals without one fall, the others stay.
func TestRequest_TightenTerms_stepUp(t *testing.T) {
	r := &Request{State: Pending, Terms: Terms{Approvals: 3}, Approved: []Decision{{By: first}, {By: second, StepUp: &StepUp{}}, {By: "U_THIRD"}}}
	f, grew := r.TightenTerms(Terms{Approvals: 1, StepUp: true}, start)
	if !grew || !r.Terms.StepUp || f.Detail["step_up"] != "true" || f.Detail["fell"] != "U_APPROVER1 U_THIRD" {
		t.Errorf("%+v, %+v", f, r.Terms)
	}
	if len(r.Approved) != 1 || r.Approved[0].By != second || len(r.Revoked) != 2 || r.Revoked[0].Why == "" {
		t.Errorf("approved %+v, fallen %+v", r.Approved, r.Revoked)
	}
	if _, grew := r.TightenTerms(Terms{Approvals: 1, StepUp: true}, start); grew || len(r.Approved) != 1 {
		t.Error("it asks already, and grew again")
	}
}

func TestFact_ConfirmedBy(t *testing.T) {
	proof := &StepUp{User: oktaFirst, Factor: "push", Transaction: "v2.1"}
	want := map[string]string{"factor": "push", "transaction": "v2.1", "confirmed_as": string(oktaFirst)}
	if f := (Fact{Name: "resumed"}).ConfirmedBy(proof); !maps.Equal(f.Detail, want) {
		t.Errorf("%+v", f)
	}
	if f := (Fact{Name: "resumed", Detail: map[string]string{"cause": "reported"}}).ConfirmedBy(proof); f.Detail["cause"] != "reported" || len(f.Detail) != 4 {
		t.Errorf("%+v", f)
	}
	if f := (Fact{Name: "resumed"}).ConfirmedBy(nil); f.Detail != nil {
		t.Errorf("without a proof: %+v", f)
	}
}

// A refused push takes away what the account has decided: by either of its names, and
// nobody else's decisions.
func TestRequest_Distrust(t *testing.T) {
	decisions := []Decision{{By: first, Okta: oktaFirst}, {By: second, Okta: "00uSECOND"}}
	for name, c := range map[string]struct {
		state State
		pause *Pause
		by    Person
		okta  UserID
		facts []string
		then  State
		left  []Person
	}{
		"pending, by Slack":              {Pending, nil, first, "", []string{"approval_fell"}, Pending, []Person{second}},
		"approved, by Okta":              {Approved, nil, "U_OTHER", oktaFirst, []string{"approval_fell"}, Pending, []Person{second}},
		"running":                        {Running, nil, first, "", []string{"paused"}, Paused, []Person{first, second}},
		"paused for errors":              {Paused, &Pause{Cause: CauseErrors}, first, "", []string{"paused"}, Paused, []Person{first, second}},
		"paused for a report already":    {Paused, &Pause{Cause: CauseReported}, first, "", nil, Paused, []Person{first, second}},
		"done":                           {Done, nil, first, "", nil, Done, []Person{first, second}},
		"somebody who has not decided":   {Pending, nil, "U_OTHER", "00uOTHER", nil, Pending, []Person{first, second}},
		"running, nothing was decided":   {Running, nil, "U_OTHER", "", nil, Running, []Person{first, second}},
		"an account without an Okta one": {Pending, nil, "U_OTHER", "", nil, Pending, []Person{first, second}},
	} {
		r := &Request{ID: "FR-1", State: c.state, Pause: c.pause, Approved: slices.Clone(decisions)}
		facts, err := r.Distrust(c.by, c.okta, start)
		var names []string
		for _, f := range facts {
			names = append(names, f.Name)
		}
		var left []Person
		for _, v := range r.Approved {
			left = append(left, v.By)
		}
		if err != nil || !slices.Equal(names, c.facts) || r.State != c.then || !slices.Equal(left, c.left) {
			t.Errorf("%s: %v, then %s with %v, %v", name, names, r.State, left, err)
		}
		if c.then == Paused && r.Pause.Cause != CauseReported {
			t.Errorf("%s: paused for %s", name, r.Pause.Cause)
		}
	}
}

// The org's facts about approvers say who it is, in Slack and in Okta.
func TestApproverFacts(t *testing.T) {
	proof := StepUp{User: oktaFirst, Factor: "push", Transaction: "v2.1", For: "approve FR-1"}
	for _, c := range []struct{ got, want Fact }{
		{ApproverBound(first, oktaFirst, "a@example.com", start), Fact{Name: "approver_bound", By: first, At: start, Detail: map[string]string{"okta": string(oktaFirst), "login": "a@example.com"}}},
		{ApproverMoved(first, "00uWAS", oktaFirst, "a@example.com", start), Fact{Name: "approver_moved", By: first, At: start, Detail: map[string]string{"was": "00uWAS", "okta": string(oktaFirst), "login": "a@example.com"}}},
		{ApproverRebound(first, "00uWAS", start), Fact{Name: "approver_rebound", At: start, Detail: map[string]string{"approver": string(first), "was": "00uWAS"}}},
		{PushRefused(first, proof, "FR-1", "a@example.com", start), Fact{Name: "push_refused", By: first, At: start, Detail: map[string]string{"request": "FR-1", "for": "approve FR-1", "okta": string(oktaFirst), "login": "a@example.com", "factor": "push", "transaction": "v2.1"}}},
		{ChainBroken("a.db", "FR-1, entry 2", 3, start), Fact{Name: "chain_broken", At: start, Detail: map[string]string{"file": "a.db", "what": "FR-1, entry 2", "findings": "3"}}},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Error(d)
		}
	}
}
