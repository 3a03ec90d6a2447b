package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// Create records a new request with its roster and returns it with its ID: rows
// in chunks first, the head last. The same op gives the request that exists, and
// "" is no op. Unless it is rejected, a freeze refuses it with ErrFrozen.
func (t *Term) Create(ctx context.Context, op string, r *reset.Request, rows iter.Seq[reset.Row], facts ...reset.Fact) (*reset.Request, error) {
	made, err := t.create(ctx, op, r, rows, facts)
	if err != nil {
		return nil, fmt.Errorf("record a request: %w", err)
	}
	return made, nil
}

func (t *Term) create(ctx context.Context, cause string, r *reset.Request, rows iter.Seq[reset.Row], facts []reset.Fact) (*reset.Request, error) {
	if r.Org != t.org {
		return nil, &OrgError{Path: "the record", Recorded: t.org, Asked: r.Org}
	}
	if err := t.creating.take(ctx); err != nil { // one at a time, so that the same op twice at once writes one roster
		return nil, err
	}
	defer t.creating.giveBack()
	if n, err := t.reserved(ctx, cause); err != nil {
		return nil, err
	} else if n != 0 { // opened before a freeze: it exists anyway
		if made, err := t.Get(ctx, reset.NewID(n)); !errors.Is(err, ErrNotFound) {
			return made, err
		}
	}
	if err := t.thawed(ctx, r); err != nil {
		return nil, err
	}
	n, err := t.reserve(ctx, cause)
	if err != nil {
		return nil, err
	}
	id := reset.NewID(n)
	if made, err := t.Get(ctx, id); !errors.Is(err, ErrNotFound) {
		return made, err
	}
	head := *r
	head.ID = id
	err = t.saveRoster(ctx, n, rows)
	if err == nil {
		err = t.inTurn(ctx, func() error { return t.open(ctx, n, &head, facts) })
	}
	if err != nil {
		t.abandoned.Store(true)
		return nil, err
	}
	return t.Get(ctx, id)
}

// thawed returns ErrFrozen while everything is frozen, unless the request is rejected anyway.
func (t *Term) thawed(ctx context.Context, r *reset.Request) error {
	if r.State == reset.Rejected {
		return nil
	}
	return t.notFrozen(ctx)
}

// reserve takes the next number, or the one that the op took before.
func (t *Term) reserve(ctx context.Context, cause string) (n int, err error) {
	err = retryOnConflict(ctx, func() error {
		n, err = t.reserved(ctx, cause)
		if err != nil || n != 0 {
			return err
		}
		p, last, err := t.number(ctx, countKey)
		if err != nil {
			return err
		}
		n = int(last) + 1
		conds, ops := []kv.Cond{{Key: countKey, Rev: p.Rev}}, []kv.Op{numberPut(countKey, int64(n))}
		if cause != "" {
			done, err := t.applyOp(opKey(0, createCause(cause)), n)
			if err != nil {
				return err
			}
			ops = append([]kv.Op{done}, ops...)
		}
		_, err = t.commit(ctx, conds, ops...)
		return err
	})
	return n, err
}

// createCause keeps the ops of Create apart from those of the freeze, which have number 0 too.
func createCause(cause string) string { return "create " + cause }

// reserved returns the number that an op of Create took, 0 if it took none.
func (t *Term) reserved(ctx context.Context, cause string) (int, error) {
	if cause == "" {
		return 0, nil
	}
	e, err := t.applied(ctx, opKey(0, createCause(cause)))
	if err != nil || e == nil {
		return 0, err
	}
	return e.Number, nil
}

// open writes the head, and the facts with it.
func (t *Term) open(ctx context.Context, n int, head *reset.Request, facts []reset.Fact) error {
	if err := t.thawed(ctx, head); err != nil {
		return err
	}
	conds := []kv.Cond{kv.Absent(headKey(n))}
	if head.State != reset.Rejected {
		conds = append(conds, kv.Absent(freezeKey))
	}
	_, err := t.write(ctx, changeSet{n: n, fresh: true, conds: conds, facts: facts, ops: headOps(head, len(facts) > 0)})
	if errors.Is(err, kv.ErrConflict) {
		if _, err := t.Get(ctx, head.ID); !errors.Is(err, ErrNotFound) {
			return err // it is there: another try of the same op made it
		}
	}
	return err
}
