package reset

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ConfirmError says that an approver has to type the number of users first, or typed another.
type ConfirmError struct {
	ID    ID
	Users int
}

func (e *ConfirmError) Error() string {
	return fmt.Sprintf("the approval of %s needs the number of its users", e.ID)
}

// Approve counts a decision: who, as which Okta user, standing for which
// quorums, for the plan with v's digest (or its first 12 digits). The one that
// completes what is asked approves the request. A digest of another revision,
// the requester, or a second approval by one person do not count, nor does one
// without the number of users where the terms ask for that.
func (r *Request) Approve(v Decision, confirmed int, now time.Time) (Fact, error) {
	if err := r.judge(MoveApprove, v.By, v.Digest, now); err != nil {
		return Fact{}, err
	}
	switch {
	case v.is(r.Asked.By, r.Asked.Okta):
		return Fact{}, ErrOwnRequest
	case slices.ContainsFunc(r.Approved, func(have Decision) bool { return v.is(have.By, have.Okta) }):
		return Fact{}, ErrAlreadyCounted
	case r.Terms.Confirm > 0 && confirmed != r.Terms.Confirm:
		return Fact{}, &ConfirmError{ID: r.ID, Users: r.Terms.Confirm}
	}
	if err := r.prove(v); err != nil {
		return Fact{}, err
	}
	v.At, v.Digest, v.Why = now, r.Plan.Digest, ""
	r.Approved = append(r.Approved, v)
	missing := r.MissingApprovals()
	if missing == 0 {
		r.ApprovedAt = now
		r.enter(Approved, v.By, now)
	}
	f := fact("approved", v.By, now, "digest", string(r.Plan.Digest), "missing", itoa(missing), "okta", string(v.Okta), "login", v.Login)
	return f.ConfirmedBy(v.StepUp), nil
}

// is reports whether the decision is that person's, by the Slack account or by the Okta user.
func (v Decision) is(by Person, okta UserID) bool {
	return v.By == by || v.Okta != "" && v.Okta == okta
}

// HasApproved reports whether the person's approval counts now.
func (r *Request) HasApproved(p Person) bool {
	return slices.ContainsFunc(r.Approved, func(v Decision) bool { return v.By == p })
}

// Deny ends a pending request.
func (r *Request) Deny(by Person, shown Digest, why string, now time.Time) (Fact, error) {
	if err := r.judge(MoveDeny, by, shown, now); err != nil {
		return Fact{}, err
	}
	r.Denial = &Decision{By: by, At: now, Digest: r.Plan.Digest, Why: why}
	return r.move(MoveDeny, Denied, fact("denied", by, now, "digest", string(r.Plan.Digest), "why", why))
}

// judge refuses a decision that is too late or was made on another plan.
func (r *Request) judge(m Move, by Person, shown Digest, now time.Time) error {
	if err := r.may(m); err != nil {
		return err
	}
	switch {
	case by == "":
		return ErrNotTheirs
	case shown.Short() != r.Plan.Digest.Short() || shown.Short() == "-":
		return ErrOtherPlan
	case !now.Before(r.ExpiresAt):
		return ErrExpired
	}
	return nil
}

// TakeOut sends a pending request back to planning without some of its rows;
// approvals fall away, visibly. The next plan is a new revision that skips them.
func (r *Request) TakeOut(by Person, shown Digest, rows []int, now time.Time) (Fact, error) {
	if err := r.judge(MoveTakeOut, by, shown, now); err != nil {
		return Fact{}, err
	}
	out := slices.Clone(r.TakenOut)
	for _, row := range rows {
		if row < 1 || row > r.Plan.Targets {
			return Fact{}, ErrNoRow
		}
		out = append(out, row)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	added := len(out) - len(r.TakenOut)
	if added == 0 {
		return Fact{}, ErrNoRow
	}
	r.revoke("the plan has changed", func(Decision) bool { return true })
	r.TakenOut = out
	return r.move(MoveTakeOut, Planning, fact("taken_out", by, now, "revision", itoa(r.Plan.Revision), "rows", itoa(added)))
}

// Revoke takes away an approval that no longer holds; an approved request asks again.
func (r *Request) Revoke(by Person, why string, now time.Time) (Fact, error) {
	if err := r.may(MoveRevoke); err != nil {
		return Fact{}, err
	}
	r.revoke(why, func(v Decision) bool { return v.By == by })
	r.ApprovedAt = time.Time{}
	r.enter(Pending, "", now)
	return fact("approval_fell", by, now, "why", why), nil
}

// revoke moves the approvals that match to those that fell away, and returns whose they were.
func (r *Request) revoke(why string, match func(Decision) bool) (whose []string) {
	var kept []Decision
	for _, v := range r.Approved {
		if !match(v) {
			kept = append(kept, v)
			continue
		}
		v.Why = why
		r.Revoked = append(r.Revoked, v)
		whose = append(whose, string(v.By))
	}
	r.Approved = kept
	return whose
}

// TightenTerms lets the terms of a pending request ask for more than when its plan was
// frozen, because the requester has asked for more meanwhile. They never ask
// for less. It reports whether they changed. Where they ask for an answer in Okta
// Verify now, approvals without one fall.
func (r *Request) TightenTerms(t Terms, now time.Time) (Fact, bool) {
	stepUp := t.StepUp && !r.Terms.StepUp
	if r.State != Pending || t.Approvals <= r.Terms.Approvals && (t.Confirm == 0 || r.Terms.Confirm != 0) && !stepUp {
		return Fact{}, false
	}
	var asks string
	var fell []string
	if stepUp {
		r.Terms.StepUp, asks = true, "true"
		fell = r.revoke("it wasn't confirmed in Okta Verify", func(v Decision) bool { return v.StepUp == nil })
	}
	r.Terms.Approvals = max(r.Terms.Approvals, t.Approvals)
	if r.Terms.Confirm == 0 {
		r.Terms.Confirm = t.Confirm
	}
	r.Terms.Large, r.Terms.Recent = r.Terms.Large || t.Large, max(r.Terms.Recent, t.Recent)
	return fact("terms_grew", "", now, "approvals", itoa(r.Terms.Approvals), "recent", itoa(r.Terms.Recent), "confirm", itoa(r.Terms.Confirm), "step_up", asks, "fell", strings.Join(fell, " ")), true
}
