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
	return r, t.saveHead(ctx, r, after, e.cause, conds, facts)
}

// saveHead writes a head over the version it was read at, and takes over the new one.
func (t *Term) saveHead(ctx context.Context, r *reset.Request, head []byte, cause string, conds []cond, facts []reset.Fact) error {
	n := r.ID.Number()
	conds = append(conds, cond{headKey(n), r.Version})
	rev, err := t.writeWithFacts(ctx, n, cause, conds, []op{put(headKey(n), head)}, facts)
	if err != nil {
		return err
	}
	r.Version = rev
	t.journal.logs[n].head = footingOf(r)
	return nil
}

// writeWithFacts commits operations, the facts that tell of them, and their
// cause. Whoever calls it has the turn.
func (t *Term) writeWithFacts(ctx context.Context, n int, cause string, conds []cond, ops []op, facts []reset.Fact) (int64, error) {
	log, err := t.journal.log(ctx, t, n)
	if err != nil {
		return 0, err
	}
	s, err := sheetOf(log, facts)
	if err != nil {
		return 0, err
	}
	logConds, all := s.parts() // the log's new key first: nobody else makes it
	conds, all = append(conds, logConds...), append(all, ops...)
	if cause != "" {
		done, err := t.effect(opKey(n, cause), 0)
		if err != nil {
			return 0, err
		}
		all, conds = append([]op{done}, all...), append(conds, absent(done.key))
	}
	rev, err := t.commit(ctx, conds, all...)
	sheets := []*sheet{s}
	if t.journal.wrote(sheets, err); err == nil {
		t.seal(ctx, sheets)
	}
	return rev, err
}
