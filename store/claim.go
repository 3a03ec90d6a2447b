package store

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"factorbot/bot/reset"
)

// claims are the users that each request has claimed. The logs say so: a started entry
// takes its user, an outcome of the row gives them back. So a claim needs no key of its
// own: writing one for each user of a batch would rewrite pages all over the file. Only a
// term changes claims, holding the journal's turn, and it enters here what it commits.
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

// set records the claim on a user, nil for none.
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

// know replaces all claims; after nil they are read again.
func (c *claims) know(by map[reset.UserID]reset.Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = by
}

// releaseAll removes the claims of a settled request, as reading the logs would. The turn is held.
func (j *journal) releaseAll(id reset.ID) {
	j.claims.mu.Lock()
	defer j.claims.mu.Unlock()
	for u, c := range j.claims.by {
		if c.Request == id {
			delete(j.claims.by, u)
		}
	}
}

// fold adds what an entry says to the claims of its own request.
func fold(by map[reset.UserID]reset.Claim, id reset.ID, e entryKey) {
	if e.user == "" {
		return
	}
	c := userState{}
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
			return fmt.Errorf("read the claims: %w", err)
		}
		if head.State.Settled() {
			continue
		}
		own, err := t.claimsOf(ctx, head.ID)
		if err != nil {
			return fmt.Errorf("read the claims of %s: %w", head.ID, err)
		}
		maps.Copy(by, own) // no two requests have the same user
	}
	j.claims.know(by)
	return nil
}

// claimsOf folds the log of one request into the claims that it has by now. What other
// requests had between is in their logs, and no order is known among them.
func (t *Term) claimsOf(ctx context.Context, id reset.ID) (map[reset.UserID]reset.Claim, error) {
	own := map[reset.UserID]reset.Claim{}
	for e, err := range t.Log(ctx, id, 1) {
		if err != nil {
			return nil, err
		}
		fold(own, id, keyOf(e))
	}
	return own, nil
}

// knowClaims reads the claims unless they are known.
func (t *Term) knowClaims(ctx context.Context) error {
	if _, ok := t.journal.claims.of(""); ok {
		return nil
	}
	return t.inTurn(ctx, func() error { return t.journal.readClaims(ctx, t) })
}
