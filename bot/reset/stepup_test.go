package reset_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/reset"
)

const oktaFirst = reset.UserID("00uFIRST000000000001")

// proofOf is a confirmation of the request's plan as it is now.
func proofOf(r *reset.Request, user reset.UserID, transaction string) *reset.StepUp {
	return &reset.StepUp{User: user, Factor: "push", Transaction: transaction, At: start, For: r.ApprovalSubject()}
}

// A proof fits one person and one decision, and says all of itself.
func TestStepUp_Fits(t *testing.T) {
	whole := reset.StepUp{User: oktaFirst, Factor: "push", Transaction: "v2.1", At: start, For: "approve FR-1"}
	for name, c := range map[string]struct {
		change  func(*reset.StepUp)
		user    reset.UserID
		subject string
		fits    bool
	}{
		"whole":             {func(*reset.StepUp) {}, oktaFirst, "approve FR-1", true},
		"of nobody":         {func(s *reset.StepUp) { s.User = "" }, "", "approve FR-1", false},
		"of somebody else":  {func(*reset.StepUp) {}, "00uSECOND", "approve FR-1", false},
		"for nothing":       {func(s *reset.StepUp) { s.For = "" }, oktaFirst, "", false},
		"for another":       {func(*reset.StepUp) {}, oktaFirst, "approve FR-2", false},
		"no transaction":    {func(s *reset.StepUp) { s.Transaction = "" }, oktaFirst, "approve FR-1", false},
		"no factor":         {func(s *reset.StepUp) { s.Factor = "" }, oktaFirst, "approve FR-1", false},
		"no time of answer": {func(s *reset.StepUp) { s.At = time.Time{} }, oktaFirst, "approve FR-1", false},
	} {
		s := whole
		c.change(&s)
		if err := s.Fits(c.user, c.subject); (err == nil) != c.fits || err != nil && !errors.Is(err, reset.ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is confirmed has a name of its own: another plan, pause or freeze has another.
func TestSubjects(t *testing.T) {
	r := &reset.Request{ID: "FR-1", Plan: reset.Plan{Revision: 2, Digest: "ab"}}
	if got := r.ResumeSubject(); got != "" {
		t.Errorf("nothing is paused: %q", got)
	}
	r.Pause = &reset.Pause{Cause: reset.CauseErrors, At: start}
	for want, got := range map[string]string{
		"approve FR-1 revision 2 ab":                   r.ApprovalSubject(),
		"resume FR-1 errors 2026-03-02T09:00:00Z":      r.ResumeSubject(),
		"thaw U_APPROVER1 2026-03-02T09:00:00.000001Z": (&reset.Freeze{By: first, At: start.Add(time.Microsecond)}).ThawSubject(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if words := (&reset.StepUpError{ID: "FR-1"}).Error(); !strings.Contains(words, "FR-1") {
		t.Error(words)
	}
}

// Where the terms ask for a confirmation no approval counts without one, and none counts twice.
func TestRequest_Approve_confirmed(t *testing.T) {
	r := mustPending(t, 3)
	r.Terms.StepUp = true
	var missing *reset.StepUpError
	if _, err := r.Approve(reset.Decision{By: first, Okta: oktaFirst, Digest: digest('a')}, 0, start); !errors.As(err, &missing) || missing.ID != r.ID {
		t.Fatalf("without a proof: %v", err)
	}
	f, err := r.Approve(reset.Decision{By: first, Okta: oktaFirst, Digest: digest('a'), StepUp: proofOf(r, oktaFirst, "v2.1")}, 0, start)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"factor": "push", "transaction": "v2.1", "confirmed_as": string(oktaFirst)} {
		if f.Detail[key] != want {
			t.Errorf("%s is %q, want %q", key, f.Detail[key], want)
		}
	}
	if _, err := r.Approve(reset.Decision{By: second, Okta: "00uSECOND", Digest: digest('a'), StepUp: proofOf(r, "00uSECOND", "v2.1")}, 0, start); !errors.Is(err, reset.ErrProof) {
		t.Errorf("a proof that was used: %v", err)
	}
	if _, err := r.Approve(reset.Decision{By: second, Okta: "00uSECOND", Digest: digest('a'), StepUp: proofOf(r, oktaFirst, "v2.2")}, 0, start); !errors.Is(err, reset.ErrProof) {
		t.Errorf("the proof of somebody else: %v", err)
	}
	if _, err := r.Revoke(first, "left", start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(reset.Decision{By: first, Okta: oktaFirst, Digest: digest('a'), StepUp: proofOf(r, oktaFirst, "v2.1")}, 0, start); !errors.Is(err, reset.ErrProof) {
		t.Errorf("a proof of an approval that fell: %v", err)
	}
	// A decision without a proof, from before the terms asked for one, is no use of any proof.
	r = mustPending(t, 3)
	if _, err := r.Approve(reset.Decision{By: first, Digest: digest('a')}, 0, start); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(reset.Decision{By: second, Okta: "00uSECOND", Digest: digest('a'), StepUp: proofOf(r, "00uSECOND", "v2.3")}, 0, start); err != nil {
		t.Errorf("a proof beside an approval without one: %v", err)
	}
}

// Where the terms come to ask for confirmations, approvals without one fall, the others stay.
func TestRequest_TightenTerms_stepUp(t *testing.T) {
	r := &reset.Request{State: reset.Pending, Terms: reset.Terms{Approvals: 3}, Approved: []reset.Decision{{By: first}, {By: second, StepUp: &reset.StepUp{}}, {By: "U_THIRD"}}}
	f, grew := r.TightenTerms(reset.Terms{Approvals: 1, StepUp: true}, start)
	if !grew || !r.Terms.StepUp || f.Detail["step_up"] != "true" || f.Detail["fell"] != "U_APPROVER1 U_THIRD" {
		t.Errorf("%+v, %+v", f, r.Terms)
	}
	if len(r.Approved) != 1 || r.Approved[0].By != second || len(r.Revoked) != 2 || r.Revoked[0].Why == "" {
		t.Errorf("approved %+v, fallen %+v", r.Approved, r.Revoked)
	}
	if _, grew := r.TightenTerms(reset.Terms{Approvals: 1, StepUp: true}, start); grew || len(r.Approved) != 1 {
		t.Error("it asks already, and grew again")
	}
}

func TestFact_ConfirmedBy(t *testing.T) {
	proof := &reset.StepUp{User: oktaFirst, Factor: "push", Transaction: "v2.1"}
	want := map[string]string{"factor": "push", "transaction": "v2.1", "confirmed_as": string(oktaFirst)}
	if f := (reset.Fact{Name: "resumed"}).ConfirmedBy(proof); !maps.Equal(f.Detail, want) {
		t.Errorf("%+v", f)
	}
	if f := (reset.Fact{Name: "resumed", Detail: map[string]string{"cause": "reported"}}).ConfirmedBy(proof); f.Detail["cause"] != "reported" || len(f.Detail) != 4 {
		t.Errorf("%+v", f)
	}
	if f := (reset.Fact{Name: "resumed"}).ConfirmedBy(nil); f.Detail != nil {
		t.Errorf("without a proof: %+v", f)
	}
}

// A refused push takes away what the account has decided: by either of its names, and
// nobody else's decisions.
func TestRequest_Distrust(t *testing.T) {
	decisions := []reset.Decision{{By: first, Okta: oktaFirst}, {By: second, Okta: "00uSECOND"}}
	for name, c := range map[string]struct {
		state reset.State
		pause *reset.Pause
		by    reset.Person
		okta  reset.UserID
		facts []string
		then  reset.State
		left  []reset.Person
	}{
		"pending, by Slack":              {reset.Pending, nil, first, "", []string{"approval_fell"}, reset.Pending, []reset.Person{second}},
		"approved, by Okta":              {reset.Approved, nil, "U_OTHER", oktaFirst, []string{"approval_fell"}, reset.Pending, []reset.Person{second}},
		"pending, who approved last":     {reset.Pending, nil, second, "", []string{"approval_fell"}, reset.Pending, []reset.Person{first}},
		"running":                        {reset.Running, nil, first, "", []string{"paused"}, reset.Paused, []reset.Person{first, second}},
		"paused for errors":              {reset.Paused, &reset.Pause{Cause: reset.CauseErrors}, first, "", []string{"paused"}, reset.Paused, []reset.Person{first, second}},
		"paused for a report already":    {reset.Paused, &reset.Pause{Cause: reset.CauseReported}, first, "", nil, reset.Paused, []reset.Person{first, second}},
		"done":                           {reset.Done, nil, first, "", nil, reset.Done, []reset.Person{first, second}},
		"somebody who has not decided":   {reset.Pending, nil, "U_OTHER", "00uOTHER", nil, reset.Pending, []reset.Person{first, second}},
		"running, nothing was decided":   {reset.Running, nil, "U_OTHER", "", nil, reset.Running, []reset.Person{first, second}},
		"an account without an Okta one": {reset.Pending, nil, "U_OTHER", "", nil, reset.Pending, []reset.Person{first, second}},
	} {
		r := &reset.Request{ID: "FR-1", State: c.state, Pause: c.pause, Approved: slices.Clone(decisions)}
		facts, err := r.Distrust(c.by, c.okta, start)
		var names []string
		for _, f := range facts {
			names = append(names, f.Name)
		}
		var left []reset.Person
		for _, v := range r.Approved {
			left = append(left, v.By)
		}
		if err != nil || !slices.Equal(names, c.facts) || r.State != c.then || !slices.Equal(left, c.left) {
			t.Errorf("%s: %v, then %s with %v, %v", name, names, r.State, left, err)
		}
		if c.then == reset.Paused && r.Pause.Cause != reset.CauseReported {
			t.Errorf("%s: paused for %s", name, r.Pause.Cause)
		}
	}
}

// The org's facts about approvers say who it is, in Slack and in Okta.
func TestApproverFacts(t *testing.T) {
	proof := reset.StepUp{User: oktaFirst, Factor: "push", Transaction: "v2.1", For: "approve FR-1"}
	for _, c := range []struct{ got, want reset.Fact }{
		{reset.ApproverBound(first, oktaFirst, "a@example.com", start), reset.Fact{Name: "approver_bound", By: first, At: start, Detail: map[string]string{"okta": string(oktaFirst), "login": "a@example.com"}}},
		{reset.ApproverMoved(first, "00uWAS", oktaFirst, "a@example.com", start), reset.Fact{Name: "approver_moved", By: first, At: start, Detail: map[string]string{"was": "00uWAS", "okta": string(oktaFirst), "login": "a@example.com"}}},
		{reset.ApproverRebound(first, "00uWAS", start), reset.Fact{Name: "approver_rebound", At: start, Detail: map[string]string{"approver": string(first), "was": "00uWAS"}}},
		{reset.PushRefused(first, proof, "FR-1", "a@example.com", start), reset.Fact{Name: "push_refused", By: first, At: start, Detail: map[string]string{"request": "FR-1", "for": "approve FR-1", "okta": string(oktaFirst), "login": "a@example.com", "factor": "push", "transaction": "v2.1"}}},
		{reset.ChainBroken("a.db", "FR-1, entry 2", 3, start), reset.Fact{Name: "chain_broken", At: start, Detail: map[string]string{"file": "a.db", "what": "FR-1, entry 2", "findings": "3"}}},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Error(d)
		}
	}
}
