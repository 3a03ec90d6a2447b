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
	ErrNoRow          = errors.New("the plan has no such row to take out")
)

// Open makes a request in planning. The record gives it its ID.
func Open(org string, ask Ask, rows int) (*Request, Fact) {
	r := &Request{Org: org, Asked: ask, Rows: rows}
	r.enter(Planning, ask.By)
	src := ask.Source
	chosen := ""
	if src.Chosen > 0 {
		chosen = itoa(src.Chosen)
	}
	return r, fact("asked", ask.By, ask.At, "reason", ask.Reason, "file", src.File, "sha256", string(src.SHA256), "chosen_column", chosen, "column", src.Column, "result_of", string(src.Result))
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
