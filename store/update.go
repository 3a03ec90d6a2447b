package store

import (
	"bytes"
	"context"
	"encoding/json"

	"factorbot/bot/reset"
)

// Update changes a request's head, and records the facts in the same commit. The
// closure is pure, gets a fresh copy and may run twice; its error changes nothing
// and is returned as it is. An op takes effect once on each request: the second
// time the request is returned as it is. The op "" is not remembered.
func (t *Term) Update(ctx context.Context, id reset.ID, op string, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	return t.update(ctx, edit{id: id, cause: op, change: change})
}

// UpdateThawed is Update on condition that nothing is frozen, else ErrFrozen: for
// an approval, a start and a resumption.
func (t *Term) UpdateThawed(ctx context.Context, id reset.ID, op string, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	return t.update(ctx, edit{id: id, cause: op, change: change, thawed: true})
}

// edit is one update of a head.
type edit struct {
	id     reset.ID
	cause  string
	change func(*reset.Request) ([]reset.Fact, error)
	thawed bool // only while nothing is frozen
}

func (t *Term) update(ctx context.Context, e edit) (*reset.Request, error) {
	if err := t.journal.begin(ctx); err != nil {
		return nil, err
	}
	defer t.journal.end()
	var made *reset.Request
	err := again(ctx, func() (err error) {
		made, err = t.tryUpdate(ctx, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (t *Term) tryUpdate(ctx context.Context, e edit) (*reset.Request, error) {
	r, err := t.Get(ctx, e.id)
	if err != nil {
		return nil, err
	}
	if done, err := t.took(ctx, e.id.Number(), e.cause); err != nil || done {
		return r, err
	}
	var conds []cond
	if e.thawed {
		if err := t.notFrozen(ctx); err != nil {
			return nil, err
		}
		conds = append(conds, absent(freezeKey))
	}
	before, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	version := r.Version
	facts, err := e.change(r)
	if err != nil {
		return nil, err
	}
	r.ID, r.Version = e.id, version
	after, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(before, after) && len(facts) == 0 && e.cause == "" {
		return r, nil
	}
	return r, t.saveHead(ctx, r, e.cause, conds, facts)
}

// saveHead writes a head over the version it was read at, and takes over the new one.
func (t *Term) saveHead(ctx context.Context, r *reset.Request, cause string, conds []cond, facts []reset.Fact) error {
	n := r.ID.Number()
	rev, err := t.write(ctx, deed{
		n: n, cause: cause, conds: append(conds, cond{headKey(n), r.Version}), facts: facts,
		ops: headOps(r, len(facts) > 0),
	})
	if err != nil {
		return err
	}
	r.Version = rev
	t.journal.logs[n].head = footingOf(r)
	if r.State.Settled() {
		t.journal.releaseAll(r.ID)
	}
	return nil
}

// headOps writes a head, with the org's head that its facts have led to.
func headOps(r *reset.Request, anchored bool) func(Head) ([]op, error) {
	return func(anchor Head) ([]op, error) {
		if anchored {
			r.Anchor = anchor.String()
		}
		b, err := json.Marshal(r)
		return []op{put(headKey(r.ID.Number()), b)}, err
	}
}
