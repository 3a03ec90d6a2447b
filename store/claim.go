package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"factorbot/bot/reset"
)

// notesMax bounds a user's notes; the oldest go first.
const notesMax = 200

// Users yields what is known of each user asked for, in that order, an empty record where nothing is.
func (r *Reader) Users(ctx context.Context, users ...reset.UserID) iter.Seq2[reset.UserRecord, error] {
	return func(yield func(reset.UserRecord, error) bool) {
		for _, u := range users {
			c, err := r.card(ctx, u)
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

// card is a user's record on its way into a commit.
type card struct {
	user    reset.UserRecord
	rev     int64 // as read
	changed bool
}

func (r *Reader) card(ctx context.Context, u reset.UserID) (*card, error) {
	p, err := get(ctx, r.engine, userKey(u))
	if err != nil {
		return nil, err
	}
	c := &card{user: reset.UserRecord{User: u}, rev: p.rev}
	if p.rev == 0 {
		return c, nil
	}
	if err := json.Unmarshal(p.value, &c.user); err != nil {
		return nil, fmt.Errorf("%s: %w", p.key, err)
	}
	return c, nil
}

// op writes the card back; one that says nothing goes.
func (c *card) op() (op, error) {
	key := userKey(c.user.User)
	if c.user.Claim == nil && len(c.user.Notes) == 0 {
		return remove(key), nil
	}
	b, err := json.Marshal(c.user)
	return put(key, b), err
}

// claim takes the user for a step of the request, or says who stands in the way:
// another request that holds the user, or one that acted on them after the plan
// of this one was frozen.
func (c *card) claim(r *reset.Request, e reset.Entry) error {
	if held := c.user.Claim; held != nil && held.Request != r.ID {
		return &reset.ClaimedError{User: c.user.User, By: held.Request}
	}
	for _, n := range slices.Backward(c.user.Notes) {
		if n.Request != r.ID && n.At.After(r.Plan.FrozenAt) {
			return &reset.ResetSinceError{User: c.user.User, By: n.Request, At: n.At}
		}
	}
	if held := c.user.Claim; held == nil || held.Row != e.Step.Row {
		c.user.Claim = &reset.Claim{Request: r.ID, Row: e.Step.Row, At: e.At}
		c.changed = true
	}
	return nil
}

// settle gives the user back after an outcome, and leaves a note if a call may
// have taken effect; a request's later note replaces its earlier one.
func (c *card) settle(id reset.ID, revision int, e reset.Entry) {
	if held := c.user.Claim; held != nil && held.Request == id && held.Row == e.Step.Row {
		c.user.Claim = nil
		c.changed = true
	}
	if !e.Touched {
		return
	}
	notes := slices.DeleteFunc(c.user.Notes, func(n reset.Note) bool { return n.Request == id })
	notes = append(notes, reset.Note{Request: id, Revision: revision, Outcome: e.Outcome, At: e.At})
	c.user.Notes = notes[max(0, len(notes)-notesMax):]
	c.changed = true
}

// composer builds one commit of a journal from what its callers want.
type composer struct {
	t        *Term
	id       reset.ID
	head     *reset.Request // as it is now
	frozen   bool
	started  bool // there is an entry that depends on head and freeze
	cards    map[reset.UserID]*card
	order    []reset.UserID
	composed *sheet
}

// compose reads what the asks depend on, refuses what may not be, and numbers the rest.
func (t *Term) compose(ctx context.Context, j *journal, asks []*ask) (*sheet, error) {
	c := &composer{t: t, id: reset.NewID(j.n), cards: map[reset.UserID]*card{}, composed: newSheet(j.n, j.last)}
	if j.n != 0 {
		if err := c.readHead(ctx); err != nil {
			return nil, err
		}
	}
	for _, a := range asks {
		if err := c.take(ctx, a); err != nil {
			return nil, err
		}
	}
	return c.composed, c.finish()
}

func (c *composer) readHead(ctx context.Context) (err error) {
	if c.head, err = c.t.Get(ctx, c.id); err != nil {
		return err
	}
	f, err := c.t.Frozen(ctx)
	c.frozen = f != nil
	return err
}

func (c *composer) take(ctx context.Context, a *ask) error {
	a.err = nil
	if a.req == nil {
		return c.append(ctx, a)
	}
	switch {
	case c.frozen:
		a.err = ErrFrozen
		return nil
	case c.head.Version != a.req.Version || c.head.State != reset.Running:
		a.err = ErrChanged
		return nil
	}
	a.refused = make([]error, len(a.entries))
	for i, e := range a.entries {
		user, err := c.card(ctx, e.Step.User)
		if err != nil {
			return err
		}
		if a.refused[i] = user.claim(c.head, e); a.refused[i] == nil {
			c.composed.add(e)
			c.started = true
		}
	}
	return nil
}

func (c *composer) append(ctx context.Context, a *ask) error {
	for _, e := range a.entries {
		c.composed.add(e)
		if e.Kind != reset.EntryOutcome || e.Step == nil || e.Step.User == "" {
			continue
		}
		user, err := c.card(ctx, e.Step.User)
		if err != nil {
			return err
		}
		user.settle(c.id, c.head.Plan.Revision, e)
	}
	return nil
}

// card reads each user once, so that several entries of one user add up.
func (c *composer) card(ctx context.Context, u reset.UserID) (*card, error) {
	if known := c.cards[u]; known != nil {
		return known, nil
	}
	user, err := c.t.card(ctx, u)
	if err != nil {
		return nil, err
	}
	c.cards[u] = user
	c.order = append(c.order, u)
	return user, nil
}

// finish adds the conditions: a started entry depends on head and freeze, a changed card on itself as read.
func (c *composer) finish() error {
	s := c.composed
	if err := s.finish(); err != nil {
		return err
	}
	if c.started {
		s.conds = append(s.conds, cond{headKey(s.n), c.head.Version}, absent(freezeKey))
	}
	for _, u := range c.order {
		user := c.cards[u]
		if !user.changed && !c.started {
			continue
		}
		s.conds = append(s.conds, cond{userKey(u), user.rev})
		if !user.changed {
			continue
		}
		o, err := user.op()
		if err != nil {
			return err
		}
		s.ops = append(s.ops, o)
	}
	return nil
}

// Start records that calls are about to leave, and takes the claims on their
// users, in one commit: on condition that the term lasts, that the head is the
// one given and running, and that nothing is frozen; else ErrLost, ErrChanged or
// ErrFrozen for all. For each entry the first result tells whether it was
// recorded (nil), or who stands in its way: *reset.ClaimedError or
// *reset.ResetSinceError. Every started entry is closed by a later [Term.Append].
func (t *Term) Start(ctx context.Context, r *reset.Request, entries ...reset.Entry) ([]error, error) {
	for _, e := range entries {
		if e.Kind != reset.EntryStarted || e.Step == nil || e.Step.User == "" {
			return nil, fmt.Errorf("start steps of %s: %q: %w", r.ID, e.Kind, errKind)
		}
	}
	asks, err := split(entries)
	if err == nil && len(asks) > 1 {
		err = fmt.Errorf("%w: %d entries at once", errLimit, len(entries))
	}
	if err != nil {
		return nil, fmt.Errorf("start steps of %s: %w", r.ID, err)
	}
	for _, a := range asks {
		a.req = r
		if err := t.journal(r.ID.Number()).submit(ctx, t, a); err != nil {
			return nil, fmt.Errorf("start steps of %s: %w", r.ID, err)
		}
		return a.refused, nil
	}
	return nil, nil
}

// Append records what came of started steps, or outcomes of targets for which
// nothing was sent. It is durable when it returns, and never refused for a moved
// head. An outcome gives back the claim of its row; if Touched, the user gets a note.
func (t *Term) Append(ctx context.Context, id reset.ID, entries ...reset.Entry) error {
	asks, err := split(entries)
	if err != nil {
		return fmt.Errorf("append to the log of %s: %w", id, err)
	}
	if id.Number() == 0 {
		return fmt.Errorf("append to the log of %s: %w", id, ErrNotFound)
	}
	for _, a := range asks {
		if err := t.journal(id.Number()).submit(ctx, t, a); err != nil {
			return fmt.Errorf("append to the log of %s: %w", id, err)
		}
	}
	return nil
}

// split makes asks that fit into a commit each.
func split(entries []reset.Entry) ([]*ask, error) {
	var asks []*ask
	for _, e := range entries {
		b, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		if len(b) > groupBytes {
			return nil, fmt.Errorf("%w: an entry of %d bytes", errLimit, len(b))
		}
		last := len(asks) - 1
		if last < 0 || len(asks[last].entries) == groupEntries || asks[last].size+len(b) > groupBytes {
			asks = append(asks, &ask{})
			last++
		}
		asks[last].entries = append(asks[last].entries, e)
		asks[last].size += len(b)
	}
	return asks, nil
}
