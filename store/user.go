package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// notesMax bounds a user's notes; the oldest go first.
const notesMax = 200

// Users yields what is known of each user asked for, in that order, an empty record where nothing is.
func (t *Term) Users(ctx context.Context, users ...reset.UserID) iter.Seq2[reset.UserRecord, error] {
	return func(yield func(reset.UserRecord, error) bool) {
		for _, u := range users {
			var c *userState
			err := t.knowClaims(ctx)
			if err == nil {
				c, err = t.userState(ctx, u)
			}
			if err != nil {
				yield(reset.UserRecord{}, fmt.Errorf("read users: %w", err))
				return
			}
			if !yield(c.user, nil) {
				return
			}
		}
	}
}

// userState is a user's record on its way into a commit.
type userState struct {
	user    reset.UserRecord
	rev     int64 // of the notes, as read
	needed  bool  // a started entry depends on them
	changed bool  // the notes
	passed  bool  // the claim changed hands
	known   bool  // whether anybody has a claim
}

// userState reads a user's notes, and the claim as it is known.
func (t *Term) userState(ctx context.Context, u reset.UserID) (*userState, error) {
	p, err := kv.Get(ctx, t.engine, userKey(u))
	if err != nil {
		return nil, err
	}
	c := &userState{user: reset.UserRecord{User: u}, rev: p.Rev}
	if p.Rev != 0 {
		if err := json.Unmarshal(p.Value, &c.user); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Key, err)
		}
	}
	c.user.Claim, c.known = t.journal.claims.of(u)
	return c, nil
}

// op writes the notes back; an empty record is removed.
func (c *userState) op() (kv.Op, error) {
	key := userKey(c.user.User)
	if len(c.user.Notes) == 0 {
		return kv.Remove(key), nil
	}
	kept := c.user
	kept.Claim = nil
	b, err := json.Marshal(kept)
	return kv.Put(key, b), err
}

// claim takes the user for a step of the request. It returns an error if another request
// holds the user, or has left a note that is newer than the plan of this one.
func (c *userState) claim(id reset.ID, plan reset.Plan, e entryKey) error {
	if held := c.user.Claim; held != nil && held.Request != id {
		return &reset.ClaimedError{User: c.user.User, By: held.Request}
	}
	for _, n := range slices.Backward(c.user.Notes) {
		if n.Request != id && n.NewerThan(plan) {
			return &reset.ResetSinceError{User: c.user.User, By: n.Request, At: n.At}
		}
	}
	c.hold(id, e)
	return nil
}

func (c *userState) hold(id reset.ID, e entryKey) {
	if held := c.user.Claim; held == nil || held.Row != e.row {
		c.user.Claim = &reset.Claim{Request: id, Row: e.row, At: e.at}
		c.passed = true
	}
}

func (c *userState) release(id reset.ID, e entryKey) {
	if held := c.user.Claim; held != nil && held.Request == id && held.Row == e.row {
		c.user.Claim = nil
		c.passed = true
	}
}

// settle gives the user back after an outcome, and leaves a note with the number if a call
// may have taken effect. A request's later note replaces its earlier one, and keeps that
// one's number if no step was started between them.
func (c *userState) settle(id reset.ID, revision int, seq int64, e entryKey) {
	held := c.user.Claim != nil && c.user.Claim.Request == id
	c.release(id, e)
	if !e.touched {
		return
	}
	if i := slices.IndexFunc(c.user.Notes, func(n reset.Note) bool { return n.Request == id }); i >= 0 {
		if !held && c.known {
			seq = c.user.Notes[i].Seq
		}
		c.user.Notes = slices.Delete(c.user.Notes, i, i+1)
	}
	notes := append(c.user.Notes, reset.Note{Request: id, Revision: revision, Outcome: e.outcome, At: e.at, Seq: seq})
	c.user.Notes = notes[max(0, len(notes)-notesMax):]
	c.changed = true
}
