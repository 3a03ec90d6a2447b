package reset

import (
	"fmt"
	"slices"
	"time"
)

// State is how far a request has come. The zero value is not a state.
type State string

const (
	Planning  State = "planning"
	Rejected  State = "rejected"
	Pending   State = "pending"
	Denied    State = "denied"
	Expired   State = "expired"
	Cancelled State = "cancelled"
	Approved  State = "approved"
	Lapsed    State = "lapsed"
	Running   State = "running"
	Paused    State = "paused"
	Stopping  State = "stopping"
	Verifying State = "verifying"
	Done      State = "done"
)

// States lists the states in the order of a request's life.
func States() []State {
	return []State{Planning, Rejected, Pending, Denied, Expired, Cancelled, Approved, Lapsed, Running, Paused, Stopping, Verifying, Done}
}

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

// Settled reports whether nothing will happen to a request in this state any more.
func (s State) Settled() bool {
	switch s {
	case Rejected, Denied, Expired, Cancelled, Lapsed, Done:
		return true
	}
	return false
}

// Active reports whether a request in this state may have started steps.
func (s State) Active() bool {
	switch s {
	case Running, Paused, Stopping, Verifying:
		return true
	}
	return false
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
