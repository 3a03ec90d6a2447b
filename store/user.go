package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"

	"factorbot/bot/reset"
	"factorbot/store/internal/claims"
	"factorbot/store/internal/kv"
)

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
			if !yield(c.UserRecord, nil) {
				return
			}
		}
	}
}

// userState is a user's record while a commit is being made.
type userState struct {
	claims.User
	rev    int64 // of the notes, as read
	needed bool  // a started entry depends on them
}

// userState reads a user's notes, and the claim as it is known.
func (t *Term) userState(ctx context.Context, u reset.UserID) (*userState, error) {
	c := &userState{}
	c.UserRecord.User = u
	var err error
	if c.rev, err = t.readJSON(ctx, userKey(u), &c.UserRecord); err != nil {
		return nil, err
	}
	c.Claim, c.Known = t.journal.claims.Of(u)
	return c, nil
}

// notesOp writes a user's notes; of a user without notes nothing is kept.
func notesOp(u reset.UserRecord) (kv.Op, error) {
	key := userKey(u.User)
	if len(u.Notes) == 0 {
		return kv.Remove(key), nil
	}
	u.Claim = nil
	b, err := json.Marshal(u)
	return kv.Put(key, b), err
}

// knowClaims reads the claims unless they are known.
func (t *Term) knowClaims(ctx context.Context) error {
	if t.journal.claims.Known() {
		return nil
	}
	return t.inTurn(ctx, func() error { return t.readClaims(ctx) })
}

// readClaims reads the claims from the logs of all requests that are not settled, unless
// they are known. The turn is held.
func (t *Term) readClaims(ctx context.Context) error {
	if t.journal.claims.Known() {
		return nil
	}
	all := claims.ByUser{}
	for head, err := range t.heads(ctx) {
		if err != nil {
			return fmt.Errorf("read the claims: %w", err)
		}
		if head.State.Settled() {
			continue
		}
		own, err := t.claimsOf(ctx, head.ID)
		if err != nil {
			return fmt.Errorf("read the claims of %s: %w", head.ID, err)
		}
		maps.Copy(all, own) // no two requests have the same user
	}
	t.journal.claims.Replace(all)
	return nil
}

// claimsOf reads the claims that a request has by now from its log. What other requests
// had between is in their logs, and no order is known among them.
func (t *Term) claimsOf(ctx context.Context, id reset.ID) (claims.ByUser, error) {
	own := claims.ByUser{}
	for e, err := range t.Log(ctx, id, 1) {
		if err != nil {
			return nil, err
		}
		own.Apply(id, e)
	}
	return own, nil
}
