package reset

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Move is a verb that changes a request's state.
type Move string

const (
	MoveFreeze  Move = "freeze the plan of"
	MoveReject  Move = "reject"
	MoveCancel  Move = "cancel"
	MoveTakeOut Move = "remove users from"
	MoveDeny    Move = "deny"
	MoveExpire  Move = "expire"
	MoveApprove Move = "approve"
	MoveRevoke  Move = "revoke an approval of"
	MoveLapse   Move = "lapse"
	MoveStart   Move = "start"
	MovePause   Move = "pause"
	MoveResume  Move = "resume"
	MoveStop    Move = "stop"
	MoveVerify  Move = "verify"
	MoveRecheck Move = "reset again in"
	MoveFinish  Move = "finish"
	MoveReport  Move = "report"
	MoveRestart Move = "go on with"
)

// from says in which states a move may be made. A new request is made by [Open] and [OpenRejected].
var from = map[Move][]State{
	MoveFreeze:  {Planning},
	MoveReject:  {Planning},
	MoveCancel:  {Planning, Pending, Approved, Running, Paused},
	MoveTakeOut: {Pending},
	MoveDeny:    {Pending},
	MoveExpire:  {Pending},
	MoveApprove: {Pending},
	MoveRevoke:  {Pending, Approved},
	MoveLapse:   {Approved},
	MoveStart:   {Approved},
	MovePause:   {Running, Paused},
	MoveResume:  {Paused},
	MoveStop:    {Stopping},
	MoveVerify:  {Running},
	MoveRecheck: {Verifying},
	MoveFinish:  {Verifying},
	MoveReport:  {Running, Paused, Stopping, Verifying, Cancelled, Done},
	MoveRestart: {Running},
}

// TransitionError says that a move was not possible, and what was found.
type TransitionError struct {
	ID    ID
	Move  Move
	Found State
	By    Person // who brought the request into the state found; "" for the bot itself
}

func (e *TransitionError) Error() string {
	s := fmt.Sprintf("cannot %s %s: it is %s", e.Move, e.ID, e.Found)
	if e.By != "" {
		s += " by " + string(e.By)
	}
	return s
}

// may returns a *TransitionError unless the move is allowed in the request's state.
func (r *Request) may(m Move) error {
	if slices.Contains(from[m], r.State) {
		return nil
	}
	return r.refuse(m)
}

func (r *Request) refuse(m Move) error {
	return &TransitionError{ID: r.ID, Move: m, Found: r.State, By: r.MovedBy}
}

// enter is the only place that assigns a state.
func (r *Request) enter(s State, by Person, now time.Time) {
	r.State, r.MovedBy, r.Wait = s, by, nil
	if s.Settled() {
		r.SettledAt = now
	}
}

// move makes a move for which the state before is the only condition.
func (r *Request) move(m Move, to State, f Fact) (Fact, error) {
	if err := r.may(m); err != nil {
		return Fact{}, err
	}
	r.enter(to, f.By, f.At)
	return f, nil
}

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
	r.enter(Planning, ask.By, ask.At)
	src := ask.Source
	chosen := ""
	if src.Chosen > 0 {
		chosen = itoa(src.Chosen)
	}
	return r, fact("asked", ask.By, ask.At, "reason", ask.Reason, "file", src.File, "sha256", string(src.SHA256), "chosen_column", chosen, "column", src.Column, "result_of", string(src.Result))
}

// OpenRejected makes a request that is refused at once: no roster, or over a limit.
func OpenRejected(org string, ask Ask, code, why string) (*Request, Fact) {
	r, _ := Open(org, ask, 0)
	r.enter(Rejected, "", ask.At)
	r.Code, r.Refusal = code, why
	return r, fact("rejected", ask.By, ask.At, "code", code, "why", why, "file", ask.Source.File, "sha256", string(ask.Source.SHA256))
}

// FreezePlan binds the frozen plan and its terms and asks for approval until expires.
func (r *Request) FreezePlan(p Plan, t Terms, expires, now time.Time) (Fact, error) {
	f, err := r.move(MoveFreeze, Pending, fact("planned", "", now, "digest", string(p.Digest), "file_sha", string(p.FileSHA), "revision", itoa(p.Revision), "resets", itoa(p.Resets)))
	if err != nil {
		return f, err
	}
	r.Plan, r.Terms, r.ExpiresAt, r.Approved = p, t, expires, nil
	if r.Rows == 0 { // a group or a search: nobody knew before
		r.Rows = p.Targets
	}
	return f, nil
}

// Reject ends planning: nothing is left to reset, or a brake holds.
func (r *Request) Reject(code, why string, now time.Time) (Fact, error) {
	f, err := r.move(MoveReject, Rejected, fact("rejected", "", now, "code", code, "why", why))
	if err == nil {
		r.Code, r.Refusal = code, why
	}
	return f, err
}

// Cancel ends a request that has not begun, or stops one that has. Who may is the policy's business.
func (r *Request) Cancel(by Person, now time.Time) (Fact, error) {
	if r.State != Running && r.State != Paused {
		return r.move(MoveCancel, Cancelled, fact("cancelled", by, now))
	}
	r.Pause = nil
	return r.move(MoveCancel, Stopping, fact("stopping", by, now))
}

// Expire ends a request whose time for approval is over.
func (r *Request) Expire(now time.Time) (Fact, error) {
	return r.timeOut(MoveExpire, Expired, r.ExpiresAt, now)
}

// Lapse ends an approved request that was not started in time.
func (r *Request) Lapse(now time.Time) (Fact, error) {
	return r.timeOut(MoveLapse, Lapsed, r.ExecuteBy(), now)
}

func (r *Request) timeOut(m Move, to State, due, now time.Time) (Fact, error) {
	if r.may(m) == nil && now.Before(due) {
		return Fact{}, ErrNotYet
	}
	return r.move(m, to, fact(string(to), "", now))
}

// Start begins the run of an approved request, not before its time and not after it has lapsed.
func (r *Request) Start(now time.Time) (Fact, error) {
	if r.may(MoveStart) == nil && (now.Before(r.Asked.NotTill) || !now.Before(r.ExecuteBy())) {
		return Fact{}, ErrNotYet
	}
	f, err := r.move(MoveStart, Running, fact("running", "", now))
	if err == nil {
		r.StartedAt, r.ResumedAt = now, now
	}
	return f, err
}

// Verify follows the last outcome of a run: what was answered is read back.
func (r *Request) Verify(now time.Time) (Fact, error) {
	return r.move(MoveVerify, Verifying, fact("verifying", "", now))
}

// Recheck goes back to running because a reset did not take.
func (r *Request) Recheck(now time.Time) (Fact, error) {
	return r.move(MoveRecheck, Running, fact("running_again", "", now))
}

// Finish ends a verified run.
func (r *Request) Finish(t Totals, now time.Time) (Fact, error) {
	return r.end(MoveFinish, Done, "", t, now)
}

// Stopped ends a request that was cancelled while it ran: nothing is in flight, nothing in doubt.
func (r *Request) Stopped(t Totals, now time.Time) (Fact, error) {
	return r.end(MoveStop, Cancelled, r.MovedBy, t, now)
}

func (r *Request) end(m Move, to State, by Person, t Totals, now time.Time) (Fact, error) {
	f, err := r.move(m, to, fact(string(to), by, now, t.pairs()...))
	if err == nil {
		r.Totals = &t
	}
	return f, err
}
