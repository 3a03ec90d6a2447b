// Package claims decides which request has which user. A request claims a user when it starts
// a step, and releases the user with the outcome of the row. An outcome that may have changed
// something at Okta leaves a note, which stops a plan that is older than the note.
//
// The package is pure: the store reads and writes what it decides about.
package claims

import (
	"slices"
	"sync"

	"factorbot/bot/reset"
)

// mostNotes bounds a user's notes; the oldest go first.
const mostNotes = 200

// User is a user's notes and claim while a commit is being made.
type User struct {
	reset.UserRecord
	Known   bool // all claims are known, so that no claim means that nobody has the user
	Claimed bool // the claim was taken or released
	Noted   bool // a note was left
}

// Start claims the user for a step of a request. It returns an error if another request has
// the user, or has left a note that is newer than the plan of this one.
func (u *User) Start(id reset.ID, plan reset.Plan, e reset.Entry) error {
	if held := u.Claim; held != nil && held.Request != id {
		return &reset.ClaimedError{User: u.User, By: held.Request}
	}
	for _, n := range slices.Backward(u.Notes) {
		if n.Request != id && n.NewerThan(plan) {
			return &reset.ResetSinceError{User: u.User, By: n.Request, At: n.At}
		}
	}
	u.take(id, e)
	return nil
}

func (u *User) take(id reset.ID, e reset.Entry) {
	if held := u.Claim; held == nil || held.Row != e.Step.Row {
		u.Claim = &reset.Claim{Request: id, Row: e.Step.Row, At: e.At}
		u.Claimed = true
	}
}

func (u *User) release(id reset.ID, e reset.Entry) {
	if held := u.Claim; held != nil && held.Request == id && held.Row == e.Step.Row {
		u.Claim = nil
		u.Claimed = true
	}
}

// Settle releases the user after an outcome, and leaves a note with the number if a call may
// have taken effect. A request's later note replaces its earlier one, and keeps that one's
// number if no step was started between them.
func (u *User) Settle(id reset.ID, revision int, number int64, e reset.Entry) {
	held := u.Claim != nil && u.Claim.Request == id
	u.release(id, e)
	if !e.Touched {
		return
	}
	if i := slices.IndexFunc(u.Notes, func(n reset.Note) bool { return n.Request == id }); i >= 0 {
		if !held && u.Known {
			number = u.Notes[i].Seq
		}
		u.Notes = slices.Delete(u.Notes, i, i+1)
	}
	notes := append(u.Notes, reset.Note{Request: id, Revision: revision, Outcome: e.Outcome, At: e.At, Seq: number})
	u.Notes = notes[max(0, len(notes)-mostNotes):]
	u.Noted = true
}

// ByUser is who has claimed each user.
type ByUser map[reset.UserID]reset.Claim

// Apply adds what an entry of a request's log says to the claims of this request.
func (by ByUser) Apply(id reset.ID, e reset.Entry) {
	if e.Step == nil || e.Step.User == "" {
		return
	}
	var u User
	if held, is := by[e.Step.User]; is {
		u.Claim = &held
	}
	switch e.Kind {
	case reset.EntryStarted:
		u.take(id, e)
	case reset.EntryOutcome:
		u.release(id, e)
	}
	if u.Claim == nil {
		delete(by, e.Step.User)
	} else {
		by[e.Step.User] = *u.Claim
	}
}

// Table is the claims of all requests, as the logs tell them. So a claim needs no key of its
// own: writing one for each user of a batch would rewrite pages all over the file. Only a
// term changes claims, and it enters here what it commits. It is safe for concurrent use.
type Table struct {
	mu sync.Mutex
	by ByUser // nil: not read yet
}

// Of returns the claim on a user, nil if there is none. It returns false if the claims are
// not read yet.
func (t *Table) Of(u reset.UserID) (held *reset.Claim, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if claim, is := t.by[u]; is {
		held = &claim
	}
	return held, t.by != nil
}

// Known reports whether the claims were read.
func (t *Table) Known() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.by != nil
}

// Set records the claim on a user, nil for none.
func (t *Table) Set(u reset.UserID, held *reset.Claim) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.by == nil:
	case held == nil:
		delete(t.by, u)
	default:
		t.by[u] = *held
	}
}

// Replace replaces all claims. After nil they have to be read again.
func (t *Table) Replace(by ByUser) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by = by
}

// ReleaseAll removes the claims of a settled request, as reading the logs would.
func (t *Table) ReleaseAll(id reset.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for u, c := range t.by {
		if c.Request == id {
			delete(t.by, u)
		}
	}
}
