package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"factorbot/bot/reset"
)

// notesMax bounds a user's notes; the oldest go first.
const notesMax = 200

// claims is who acts on which user. The logs say it: a started entry takes its user, an
// outcome of the row gives them back. So a claim costs no key of its own: writing one
// for each user of a batch would rewrite pages all over the file. Only a term changes
// claims, with the journal's turn, and what it commits it notes here.
type claims struct {
	mu sync.Mutex
	by map[reset.UserID]reset.Claim // nil: not read yet
}

// of returns the claim on a user, nil if there is none; ok is false if they are not read yet.
func (c *claims) of(u reset.UserID) (held *reset.Claim, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if claim, is := c.by[u]; is {
		held = &claim
	}
	return held, c.by != nil
}

// set notes who has a user by now, nil for nobody.
func (c *claims) set(u reset.UserID, held *reset.Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.by == nil:
	case held == nil:
		delete(c.by, u)
	default:
		c.by[u] = *held
	}
}

// know replaces all; nil makes them be read again.
func (c *claims) know(by map[reset.UserID]reset.Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = by
}

// fold adds what an entry of a request's log says.
func fold(by map[reset.UserID]reset.Claim, id reset.ID, e gist) {
	if e.user == "" {
		return
	}
	c := card{}
	if held, is := by[e.user]; is {
		c.user.Claim = &held
	}
	switch e.kind {
	case reset.EntryStarted:
		c.hold(id, e)
	case reset.EntryOutcome:
		c.release(id, e)
	}
	if c.user.Claim == nil {
		delete(by, e.user)
	} else {
		by[e.user] = *c.user.Claim
	}
}

// readClaims reads the claims from the logs of all requests that are not settled, unless
// they are known. The turn is held.
func (j *journal) readClaims(ctx context.Context, t *Term) error {
	if _, ok := j.claims.of(""); ok {
		return nil
	}
	by := map[reset.UserID]reset.Claim{}
	for head, err := range t.heads(ctx) {
		if err != nil {
			return err
		}
		if head.State.Settled() {
			continue
		}
		for e, err := range t.Log(ctx, head.ID, 1) {
			if err != nil {
				return err
			}
			fold(by, head.ID, gistOf(e))
		}
	}
	j.claims.know(by)
	return nil
}

// Users yields what is known of each user asked for, in that order, an empty record where nothing is.
func (t *Term) Users(ctx context.Context, users ...reset.UserID) iter.Seq2[reset.UserRecord, error] {
	return func(yield func(reset.UserRecord, error) bool) {
		for i, u := range users {
			user, err := t.user(ctx, u, i == 0)
			if err != nil {
				yield(reset.UserRecord{}, fmt.Errorf("read users: %w", err))
				return
			}
			if !yield(user, nil) {
				return
			}
		}
	}
}

// user reads a user's record; first: the claims may have to be read before.
func (t *Term) user(ctx context.Context, u reset.UserID, first bool) (reset.UserRecord, error) {
	if first {
		if err := t.journal.begin(ctx); err != nil {
			return reset.UserRecord{}, err
		}
		err := t.journal.readClaims(ctx, t)
		t.journal.end()
		if err != nil {
			return reset.UserRecord{}, err
		}
	}
	c, err := t.card(ctx, u)
	if err != nil {
		return reset.UserRecord{}, err
	}
	return c.user, nil
}

// card is a user's record on its way into a commit.
type card struct {
	user    reset.UserRecord
	rev     int64 // of the notes, as read
	needed  bool  // a started entry depends on them
	changed bool  // the notes
	passed  bool  // the claim changed hands
}

// card reads a user's notes, and has the claim as it is known.
func (t *Term) card(ctx context.Context, u reset.UserID) (*card, error) {
	p, err := get(ctx, t.engine, userKey(u))
	if err != nil {
		return nil, err
	}
	c := &card{user: reset.UserRecord{User: u}, rev: p.rev}
	if p.rev != 0 {
		if err := json.Unmarshal(p.value, &c.user); err != nil {
			return nil, fmt.Errorf("%s: %w", p.key, err)
		}
	}
	c.user.Claim, _ = t.journal.claims.of(u)
	return c, nil
}

// clone returns a copy to change; a claim is never changed in place.
func (c *card) clone() *card {
	made := &card{user: c.user, rev: c.rev}
	made.user.Notes = slices.Clone(c.user.Notes)
	return made
}

// op writes the notes back; a record that says nothing goes.
func (c *card) op() (op, error) {
	key := userKey(c.user.User)
	if len(c.user.Notes) == 0 {
		return remove(key), nil
	}
	kept := c.user
	kept.Claim = nil
	b, err := json.Marshal(kept)
	return put(key, b), err
}

// claim takes the user for a step of the request, or says who stands in the way:
// another request that holds the user, or one that acted on them after the plan
// of this one was frozen.
func (c *card) claim(id reset.ID, frozenAt time.Time, e gist) error {
	if held := c.user.Claim; held != nil && held.Request != id {
		return &reset.ClaimedError{User: c.user.User, By: held.Request}
	}
	for _, n := range slices.Backward(c.user.Notes) {
		if n.Request != id && n.At.After(frozenAt) {
			return &reset.ResetSinceError{User: c.user.User, By: n.Request, At: n.At}
		}
	}
	c.hold(id, e)
	return nil
}

func (c *card) hold(id reset.ID, e gist) {
	if held := c.user.Claim; held == nil || held.Row != e.row {
		c.user.Claim = &reset.Claim{Request: id, Row: e.row, At: e.at}
		c.passed = true
	}
}

func (c *card) release(id reset.ID, e gist) {
	if held := c.user.Claim; held != nil && held.Request == id && held.Row == e.row {
		c.user.Claim = nil
		c.passed = true
	}
}

// settle gives the user back after an outcome, and leaves a note if a call may
// have taken effect; a request's later note replaces its earlier one.
func (c *card) settle(id reset.ID, revision int, e gist) {
	c.release(id, e)
	if !e.touched {
		return
	}
	notes := slices.DeleteFunc(c.user.Notes, func(n reset.Note) bool { return n.Request == id })
	notes = append(notes, reset.Note{Request: id, Revision: revision, Outcome: e.outcome, At: e.at})
	c.user.Notes = notes[max(0, len(notes)-notesMax):]
	c.changed = true
}
