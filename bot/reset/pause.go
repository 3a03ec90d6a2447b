package reset

import "time"

// Cause says why a request is paused, and so who may lift the pause.
type Cause string

const (
	CauseErrors     Cause = "errors"     // too many failures in a row, or Okta refuses the bot
	CauseRequester  Cause = "requester"  // the requester pressed Pause
	CauseApprover   Cause = "approver"   // an approver pressed Pause
	CauseFreeze     Cause = "freeze"     // everything is frozen
	CauseReported   Cause = "reported"   // affected users said that it was not them
	CauseGap        Cause = "gap"        // over an hour since the last step, after a restart
	CauseProtection Cause = "protection" // who is protected could not be read
)

// clockSteps is by how much a clock may be set back without a pause that was just made
// being taken for one of long ago: by more, and nobody knows how old it is.
const clockSteps = 10 * time.Minute

// requesterPause is how long a requester may lift a pause of his own or one for errors.
const requesterPause = time.Hour

// Pause tells of a pause: its cause, since when, who made it, and what a person should do.
type Pause struct {
	Cause  Cause     `json:"cause"`
	At     time.Time `json:"at"`
	By     Person    `json:"by,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// weak causes replace nothing: the requester could lift what a stronger one stopped.
func (c Cause) weak() bool { return c == CauseErrors || c == CauseRequester }

// PauseFor pauses a running request, or gives a paused one a new cause. A weak
// cause leaves an earlier pause as it is, which is not an error.
func (r *Request) PauseFor(c Cause, by Person, detail string, now time.Time) (Fact, error) {
	if err := r.may(MovePause); err != nil {
		return Fact{}, err
	}
	if r.State == Paused && c.weak() {
		return Fact{}, r.refuse(MovePause)
	}
	r.Pause = &Pause{Cause: c, At: now, By: by, Detail: detail}
	return r.move(MovePause, Paused, fact("paused", by, now, "cause", string(c), "detail", detail))
}

// Resume lifts a pause. An approver who is not the requester always may; the
// requester only a recent pause for errors or by a requester. Nobody may while
// everything is frozen, which the caller checks in the same commit.
func (r *Request) Resume(by Person, approver bool, now time.Time) (Fact, error) {
	if err := r.may(MoveResume); err != nil {
		return Fact{}, err
	}
	own := by == r.Asked.By
	age := now.Sub(r.Pause.At)
	recent := age > -clockSteps && age < requesterPause
	if !(approver && !own) && !(own && r.Pause.Cause.weak() && recent) {
		return Fact{}, ErrNotTheirs
	}
	return r.run(by, now)
}

// Thawed lifts a pause whose cause is the freeze, by the thaw that completes it.
func (r *Request) Thawed(by Person, now time.Time) (Fact, error) {
	if err := r.may(MoveResume); err != nil {
		return Fact{}, err
	}
	if r.Pause.Cause != CauseFreeze {
		return Fact{}, ErrNotTheirs
	}
	return r.run(by, now)
}

func (r *Request) run(by Person, now time.Time) (Fact, error) {
	f := fact("resumed", by, now, "cause", string(r.Pause.Cause))
	r.Pause, r.ResumedAt = nil, now
	return r.move(MoveResume, Running, f)
}
