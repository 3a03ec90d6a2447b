package reset

import (
	"errors"
	"time"
)

// Refusals of a decision. The desk turns them into words for the person.
var (
	ErrOwnRequest     = errors.New("the requester cannot approve")
	ErrAlreadyCounted = errors.New("this person's approval counts already")
	ErrOtherPlan      = errors.New("the plan has changed since it was shown")
	ErrExpired        = errors.New("the request has expired")
	ErrNotYet         = errors.New("it is not time")
	ErrNotTheirs      = errors.New("this person may not do that")
)

// Open makes a request in planning. The record gives it its ID.
func Open(org string, ask Ask, rows int) (*Request, Fact) {
	r := &Request{Org: org, Asked: ask, Rows: rows}
	r.enter(Planning, ask.By)
	return r, fact("asked", ask.By, ask.At, "reason", ask.Reason, "file", ask.Source.File, "sha256", string(ask.Source.SHA256))
}

// OpenRejected makes a request that is refused at once: no roster, or over a limit.
func OpenRejected(org string, ask Ask, rows int, code, why string) (*Request, Fact) {
	r, _ := Open(org, ask, rows)
	r.settle(Rejected, "", ask.At)
	r.Code, r.Refusal = code, why
	return r, fact("rejected", ask.By, ask.At, "code", code, "why", why, "file", ask.Source.File, "sha256", string(ask.Source.SHA256))
}

// FreezePlan binds the frozen plan and its terms and asks for approval until expires.
func (r *Request) FreezePlan(p Plan, t Terms, expires, now time.Time) (Fact, error) {
	if err := r.may(MoveFreeze); err != nil {
		return Fact{}, err
	}
	r.Plan, r.Terms, r.ExpiresAt = p, t, expires
	r.Approved = nil
	if r.Rows == 0 { // a group or a search: nobody knew before
		r.Rows = p.Targets
	}
	r.enter(Pending, "")
	return fact("planned", "", now, "digest", string(p.Digest), "file_sha", string(p.FileSHA), "revision", itoa(p.Revision), "resets", itoa(p.Resets)), nil
}

// Reject ends planning: nothing is left to reset, or a brake holds.
func (r *Request) Reject(code, why string, now time.Time) (Fact, error) {
	if err := r.may(MoveReject); err != nil {
		return Fact{}, err
	}
	r.Code, r.Refusal = code, why
	r.settle(Rejected, "", now)
	return fact("rejected", "", now, "code", code, "why", why), nil
}

// Cancel ends a request that has not begun, or stops one that has. Who may is the policy's business.
func (r *Request) Cancel(by Person, now time.Time) (Fact, error) {
	if err := r.may(MoveCancel); err != nil {
		return Fact{}, err
	}
	if r.State == Running || r.State == Paused {
		r.Pause = nil
		r.enter(Stopping, by)
		return fact("stopping", by, now), nil
	}
	r.settle(Cancelled, by, now)
	return fact("cancelled", by, now), nil
}

// Approve counts a decision for the plan with this digest. The last one needed approves the request.
// A digest of another revision, the requester, or a second approval by one person do not count.
func (r *Request) Approve(by Person, shown Digest, now time.Time) (Fact, error) {
	if err := r.may(MoveApprove); err != nil {
		return Fact{}, err
	}
	if err := r.judge(by, shown, now); err != nil {
		return Fact{}, err
	}
	if by == r.Asked.By {
		return Fact{}, ErrOwnRequest
	}
	if r.HasApproved(by) {
		return Fact{}, ErrAlreadyCounted
	}
	r.Approved = append(r.Approved, Voice{By: by, At: now, Digest: r.Plan.Digest})
	f := fact("approved", by, now, "digest", string(r.Plan.Digest), "missing", itoa(r.Missing()))
	if r.Missing() == 0 {
		r.ApprovedAt = now
		r.enter(Approved, by)
	}
	return f, nil
}

// Deny ends a pending request.
func (r *Request) Deny(by Person, shown Digest, why string, now time.Time) (Fact, error) {
	if err := r.may(MoveDeny); err != nil {
		return Fact{}, err
	}
	if err := r.judge(by, shown, now); err != nil {
		return Fact{}, err
	}
	r.Denial = &Voice{By: by, At: now, Digest: r.Plan.Digest, Why: why}
	r.settle(Denied, by, now)
	return fact("denied", by, now, "digest", string(r.Plan.Digest), "why", why), nil
}

// judge refuses a decision that is too late or was made on another plan.
func (r *Request) judge(by Person, shown Digest, now time.Time) error {
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

// Expire ends a request whose time for approval is over.
func (r *Request) Expire(now time.Time) (Fact, error) {
	if err := r.may(MoveExpire); err != nil {
		return Fact{}, err
	}
	if now.Before(r.ExpiresAt) {
		return Fact{}, ErrNotYet
	}
	r.settle(Expired, "", now)
	return fact("expired", "", now), nil
}

// TakeOut sends a pending request back to planning; approvals fall away, visibly. The next plan is a new revision.
func (r *Request) TakeOut(by Person, now time.Time) (Fact, error) {
	if err := r.may(MoveTakeOut); err != nil {
		return Fact{}, err
	}
	for _, v := range r.Approved {
		v.Why = "the plan has changed"
		r.Fallen = append(r.Fallen, v)
	}
	r.Approved = nil
	r.enter(Planning, by)
	return fact("taken_out", by, now, "revision", itoa(r.Plan.Revision)), nil
}

// Revoke takes away an approval that no longer holds and asks again.
func (r *Request) Revoke(voice Person, why string, now time.Time) (Fact, error) {
	if err := r.may(MoveRevoke); err != nil {
		return Fact{}, err
	}
	kept := r.Approved[:0:0]
	for _, v := range r.Approved {
		if v.By != voice {
			kept = append(kept, v)
			continue
		}
		v.Why = why
		r.Fallen = append(r.Fallen, v)
	}
	r.Approved, r.ApprovedAt = kept, time.Time{}
	r.enter(Pending, "")
	return fact("approval_fell", voice, now, "why", why), nil
}

// Lapse ends an approved request that was not started in time.
func (r *Request) Lapse(now time.Time) (Fact, error) {
	if err := r.may(MoveLapse); err != nil {
		return Fact{}, err
	}
	if now.Before(r.ExecuteBy()) {
		return Fact{}, ErrNotYet
	}
	r.settle(Lapsed, "", now)
	return fact("lapsed", "", now), nil
}

// Start begins the run of an approved request, not before its time and not after it has lapsed.
func (r *Request) Start(now time.Time) (Fact, error) {
	if err := r.may(MoveStart); err != nil {
		return Fact{}, err
	}
	if now.Before(r.Asked.NotTill) || !now.Before(r.ExecuteBy()) {
		return Fact{}, ErrNotYet
	}
	r.StartedAt, r.ResumedAt = now, now
	r.enter(Running, "")
	return fact("running", "", now), nil
}

// Verify follows the last outcome of a run: what was answered is read back.
func (r *Request) Verify(now time.Time) (Fact, error) {
	if err := r.may(MoveVerify); err != nil {
		return Fact{}, err
	}
	r.enter(Verifying, "")
	return fact("verifying", "", now), nil
}

// Recheck goes back to running because a reset did not take.
func (r *Request) Recheck(now time.Time) (Fact, error) {
	if err := r.may(MoveRecheck); err != nil {
		return Fact{}, err
	}
	r.enter(Running, "")
	return fact("running_again", "", now), nil
}

// Finish ends a verified run.
func (r *Request) Finish(t Totals, now time.Time) (Fact, error) {
	if err := r.may(MoveFinish); err != nil {
		return Fact{}, err
	}
	r.Totals = &t
	r.settle(Done, "", now)
	return fact("done", "", now, t.pairs()...), nil
}

// Stopped ends a request that was cancelled while it ran: nothing is in flight, nothing in doubt.
func (r *Request) Stopped(t Totals, now time.Time) (Fact, error) {
	if err := r.may(MoveStop); err != nil {
		return Fact{}, err
	}
	r.Totals = &t
	r.settle(Cancelled, r.MovedBy, now)
	return fact("cancelled", r.MovedBy, now, t.pairs()...), nil
}

func (r *Request) settle(s State, by Person, now time.Time) {
	r.enter(s, by)
	r.SettledAt = now
}
