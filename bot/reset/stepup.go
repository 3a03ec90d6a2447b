package reset

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// StepUp is the proof that a person has answered a number challenge in their own Okta
// Verify. It holds for the one decision that it was asked for, and is made only by the
// part of the program that asked Okta.
type StepUp struct {
	User        UserID    `json:"user"`        // of Okta, who was asked
	Factor      string    `json:"factor"`      // Okta's factorType: "push"
	Transaction string    `json:"transaction"` // Okta's ID of the challenge
	At          time.Time `json:"at"`          // when Okta said SUCCESS
	For         string    `json:"for"`         // the decision: [Request.ApprovalSubject] and the like
}

// ErrProof refuses a confirmation that is of another person, or of another decision, or
// was used before.
var ErrProof = errors.New("the confirmation is not for this decision")

// StepUpError says that a decision takes an answer in Okta Verify.
type StepUpError struct {
	ID ID // "": to lift the freeze
}

func (e *StepUpError) Error() string {
	return fmt.Sprintf("the decision on %s needs an answer in Okta Verify", e.ID)
}

// ApprovalSubject names what an approval of the request's plan confirms: another
// revision has another subject.
func (r *Request) ApprovalSubject() string {
	return fmt.Sprintf("approve %s revision %d %s", r.ID, r.Plan.Revision, r.Plan.Digest)
}

// ResumeSubject names what resuming the request confirms: another pause has another subject.
func (r *Request) ResumeSubject() string {
	if r.Pause == nil {
		return ""
	}
	return fmt.Sprintf("resume %s %s %s", r.ID, r.Pause.Cause, r.Pause.At.UTC().Format(time.RFC3339Nano))
}

// ThawSubject names what a wish to lift this freeze confirms.
func (f *Freeze) ThawSubject() string {
	return fmt.Sprintf("thaw %s %s", f.By, f.At.UTC().Format(time.RFC3339Nano))
}

// Fits returns ErrProof unless the proof is of that Okta user, for that decision.
func (s *StepUp) Fits(user UserID, subject string) error {
	if s.User == "" || s.User != user || subject == "" || s.For != subject || s.Transaction == "" || s.Factor == "" || s.At.IsZero() {
		return ErrProof
	}
	return nil
}

// ConfirmedBy adds to a fact what confirmed it.
func (f Fact) ConfirmedBy(s *StepUp) Fact {
	if s == nil {
		return f
	}
	if f.Detail == nil {
		f.Detail = map[string]string{}
	}
	f.Detail["factor"], f.Detail["transaction"], f.Detail["confirmed_as"] = s.Factor, s.Transaction, string(s.User)
	return f
}

// prove judges the proof of an approval: none is asked for and none given, or one that
// fits and was not used in this request before.
func (r *Request) prove(v Decision) error {
	if v.StepUp == nil {
		if r.Terms.StepUp {
			return &StepUpError{ID: r.ID}
		}
		return nil
	}
	used := func(have Decision) bool { return have.StepUp != nil && have.StepUp.Transaction == v.StepUp.Transaction }
	if slices.ContainsFunc(r.Approved, used) || slices.ContainsFunc(r.Revoked, used) {
		return ErrProof
	}
	return v.StepUp.Fits(v.Okta, r.ApprovalSubject())
}

// Distrust takes away what an account has decided, because its owner answered a push
// with "No, it's not me": its approvals fall, and a request that runs by one of them
// is paused. It returns no facts where the account has decided nothing.
func (r *Request) Distrust(by Person, okta UserID, now time.Time) ([]Fact, error) {
	theirs := func(v Decision) bool { return v.is(by, okta) }
	if !slices.ContainsFunc(r.Approved, theirs) {
		return nil, nil
	}
	switch r.State {
	case Pending, Approved:
		var facts []Fact
		for _, v := range slices.Clone(r.Approved) {
			if !theirs(v) {
				continue
			}
			f, err := r.Revoke(v.By, "a push about it was refused in Okta Verify", now)
			if err != nil {
				return nil, err
			}
			facts = append(facts, f)
		}
		return facts, nil
	case Running, Paused:
		if r.State == Paused && r.Pause.Cause == CauseReported {
			return nil, nil
		}
		f, err := r.PauseFor(CauseReported, "", "An approver's push was refused in Okta Verify.", now)
		return []Fact{f}, err
	}
	return nil, nil
}

// Names of the org's facts about approvers, and of what alerts tell.
const (
	FactApproverBound   = "approver_bound"
	FactApproverMoved   = "approver_moved"
	FactApproverRebound = "approver_rebound"
	FactPushRefused     = "push_refused"
	FactChainBroken     = "chain_broken"
)

// ApproverBound tells that an approver was seen for the first time, as this Okta user.
func ApproverBound(p Person, okta UserID, login string, now time.Time) Fact {
	return fact(FactApproverBound, p, now, "okta", string(okta), "login", login)
}

// ApproverMoved tells that an approver's Slack account leads to another Okta user.
func ApproverMoved(p Person, was, okta UserID, login string, now time.Time) Fact {
	return fact(FactApproverMoved, p, now, "was", string(was), "okta", string(okta), "login", login)
}

// ApproverRebound tells that an operator lets an approver's account be bound again.
func ApproverRebound(p Person, was UserID, now time.Time) Fact {
	return fact(FactApproverRebound, "", now, "approver", string(p), "was", string(was))
}

// PushRefused tells that an approver's Okta user refused a push: "No, it's not me".
func PushRefused(p Person, proof StepUp, id ID, login string, now time.Time) Fact {
	return fact(FactPushRefused, p, now, "request", string(id), "for", proof.For, "okta", string(proof.User), "login", login, "factor", proof.Factor, "transaction", proof.Transaction)
}

// ChainBroken tells that the audit trail in a backup did not verify; what is the first finding.
func ChainBroken(file, what string, findings int, now time.Time) Fact {
	return fact(FactChainBroken, "", now, "file", file, "what", what, "findings", itoa(findings))
}
