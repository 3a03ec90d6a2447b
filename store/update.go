package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// Update changes a request's head, and records the facts in the same commit. The
// closure is pure, gets a fresh copy and may run twice; its error changes nothing
// and is returned as it is. An op takes effect once on each request: the second
// time the request is returned as it is. The op "" is not remembered. If unlessFrozen,
// as for an approval, a start and a resumption, a freeze refuses it with ErrFrozen.
func (t *Term) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	var made *reset.Request
	err := t.inTurn(ctx, func() (err error) {
		made, err = t.tryUpdate(ctx, id, op, unlessFrozen, change)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (t *Term) tryUpdate(ctx context.Context, id reset.ID, cause string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	r, err := t.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if done, err := t.alreadyApplied(ctx, id.Number(), cause); err != nil || done {
		return r, err
	}
	var conds []kv.Cond
	if unlessFrozen {
		if err := t.notFrozen(ctx); err != nil {
			return nil, err
		}
		conds = append(conds, kv.Absent(freezeKey))
	}
	before, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	version := r.Version
	facts, err := change(r)
	if err != nil {
		return nil, err
	}
	r.ID, r.Version = id, version
	after, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(before, after) && len(facts) == 0 && cause == "" {
		return r, nil
	}
	return r, t.saveHead(ctx, r, cause, conds, facts)
}

// saveHead writes a head over the version it was read at, and keeps the new version.
func (t *Term) saveHead(ctx context.Context, r *reset.Request, cause string, conds []kv.Cond, facts []reset.Fact) error {
	n := r.ID.Number()
	rev, err := t.write(ctx, changeSet{
		n: n, cause: cause, conds: append(conds, kv.Cond{Key: headKey(n), Rev: r.Version}), facts: facts,
		ops: headOps(r, len(facts) > 0),
	})
	if err != nil {
		return err
	}
	r.Version = rev
	t.journal.logs[n].head = *r
	if r.State.Settled() {
		t.journal.claims.ReleaseAll(r.ID)
	}
	return nil
}

// headOps writes a head, with the org's head that its facts have led to.
func headOps(r *reset.Request, anchored bool) func(Head) ([]kv.Op, error) {
	return func(anchor Head) ([]kv.Op, error) {
		if anchored {
			r.Anchor = anchor.String()
		}
		b, err := json.Marshal(r)
		return []kv.Op{kv.Put(headKey(r.ID.Number()), b)}, err
	}
}

// appliedOp remembers that a cause took effect. The key makes it happen once; the
// mark tells the try that made it from every other one.
type appliedOp struct {
	At     time.Time `json:"at"`
	Mark   string    `json:"mark"`
	Number int       `json:"number,omitempty"` // of the request that a Create made
}

// applyOp returns the operation that remembers a cause.
func (t *Term) applyOp(key string, number int) (kv.Op, error) {
	b, err := json.Marshal(appliedOp{At: t.store.stamp(), Mark: rand.Text(), Number: number})
	return kv.Put(key, b), err
}

// applied returns what is remembered of a cause, nil if nothing is.
func (r *Reader) applied(ctx context.Context, key string) (*appliedOp, error) {
	e := &appliedOp{}
	if rev, err := r.readJSON(ctx, key, e); err != nil || rev == 0 {
		return nil, err
	}
	return e, nil
}

// alreadyApplied reports whether a cause took effect on a request before; "" never did.
func (r *Reader) alreadyApplied(ctx context.Context, n int, cause string) (bool, error) {
	if cause == "" {
		return false, nil
	}
	e, err := r.applied(ctx, opKey(n, cause))
	return e != nil, err
}

// number reads a counter; 0 if it is not there.
func (r *Reader) number(ctx context.Context, key string) (kv.Pair, int64, error) {
	p, err := kv.Get(ctx, r.engine, key)
	if err != nil || p.Rev == 0 {
		return p, 0, err
	}
	n, err := strconv.ParseInt(string(p.Value), 10, 64)
	if err != nil {
		return p, 0, fmt.Errorf("read %s: %w", key, err)
	}
	return p, n, nil
}

// LastNote returns the number of the last note on any user, 1 if there is none. A planner
// asks before it looks at the users: a note with a higher number is newer than the plan.
func (r *Reader) LastNote(ctx context.Context) (int64, error) {
	_, last, err := r.lastNote(ctx)
	return last, err
}

func (r *Reader) lastNote(ctx context.Context) (kv.Pair, int64, error) {
	p, last, err := r.number(ctx, notesKey)
	return p, max(last, 1), err
}

func numberPut(key string, n int64) kv.Op { return kv.Put(key, strconv.AppendInt(nil, n, 10)) }
