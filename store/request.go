package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"factorbot/bot/reset"
)

// Get returns a request, or ErrNotFound.
func (r *Reader) Get(ctx context.Context, id reset.ID) (*reset.Request, error) {
	n := id.Number()
	if n == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	p, err := get(ctx, r.engine, headKey(n))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	if p.rev == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return decodeHead(p)
}

func decodeHead(p pair) (*reset.Request, error) {
	r := &reset.Request{}
	if err := json.Unmarshal(p.value, r); err != nil {
		return nil, fmt.Errorf("read %s: %w", p.key, err)
	}
	r.Version = p.rev
	return r, nil
}

// Query says which requests are asked for; a zero field asks nothing.
type Query struct {
	States []reset.State
	By     reset.Person
	Since  time.Time // asked at or after
	Limit  int
}

func (q Query) wants(r *reset.Request) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(q.By == "" || q.By == r.Asked.By) &&
		!r.Asked.At.Before(q.Since)
}

// Requests yields the requests asked for, the newest first.
func (r *Reader) Requests(ctx context.Context, q Query) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		left := q.Limit
		for head, err := range r.heads(ctx) {
			if err != nil {
				yield(nil, fmt.Errorf("list requests: %w", err))
				return
			}
			if !q.wants(head) {
				continue
			}
			if left--; !yield(head, nil) || left == 0 {
				return
			}
		}
	}
}

func (r *Reader) heads(ctx context.Context) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		for p, err := range scan(ctx, r.engine, headPrefix, 100) {
			if err == nil && !isHead(p.key) {
				continue
			}
			var head *reset.Request
			if err == nil {
				head, err = decodeHead(p)
			}
			if !yield(head, err) || err != nil {
				return
			}
		}
	}
}

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
	select { // one at a time, so that the same op twice at once writes one roster
	case t.creating <- struct{}{}:
		defer func() { <-t.creating }()
	case <-ctx.Done():
		return nil, ctx.Err()
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
	if err := t.saveRoster(ctx, n, rows); err != nil {
		return nil, err
	}
	head := *r
	head.ID = id
	err = again(ctx, func() error { return t.open(ctx, n, &head, facts) })
	if err != nil {
		return nil, err
	}
	return t.Get(ctx, id)
}

// thawed refuses a request while everything is frozen, unless it is rejected anyway.
func (t *Term) thawed(ctx context.Context, r *reset.Request) error {
	if r.State == reset.Rejected {
		return nil
	}
	f, err := t.Frozen(ctx)
	if err == nil && f != nil {
		return ErrFrozen
	}
	return err
}

// reserve takes the next number, or the one that the op took before.
func (t *Term) reserve(ctx context.Context, cause string) (n int, err error) {
	err = again(ctx, func() error {
		n, err = t.reserved(ctx, cause)
		if err != nil || n != 0 {
			return err
		}
		p, last, err := t.number(ctx, countKey)
		if err != nil {
			return err
		}
		n = int(last) + 1
		conds, ops := []cond{{countKey, p.rev}}, []op{numberPut(countKey, int64(n))}
		if cause != "" {
			done, err := t.effect(opKey(0, createCause(cause)), n)
			if err != nil {
				return err
			}
			ops = append([]op{done}, ops...)
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
	e, err := t.effected(ctx, opKey(0, createCause(cause)))
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
	b, err := json.Marshal(head)
	if err != nil {
		return err
	}
	conds, ops := []cond{absent(headKey(n))}, []op{put(headKey(n), b)}
	if head.State != reset.Rejected {
		conds = append(conds, absent(freezeKey))
	}
	s, err := sheetOf(&logEnd{n: n}, facts)
	if err != nil {
		return err
	}
	logConds, logOps := s.parts()
	_, err = t.commit(ctx, append(conds, logConds...), append(ops, logOps...)...)
	if errors.Is(err, errConflict) {
		if _, err := t.Get(ctx, head.ID); !errors.Is(err, ErrNotFound) {
			return err // it is there: another try of the same op made it
		}
	}
	return err
}

// Update changes a request's head, and records the facts in the same commit. The
// closure is pure, gets a fresh copy and may run twice; its error changes nothing
// and is returned as it is. An op takes effect once on each request: the second
// time the request is returned as it is. The op "" is not remembered.
func (t *Term) Update(ctx context.Context, id reset.ID, op string, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	return t.update(ctx, id, op, change, false)
}

// UpdateThawed is Update on condition that nothing is frozen, else ErrFrozen: for
// an approval, a start and a resumption.
func (t *Term) UpdateThawed(ctx context.Context, id reset.ID, op string, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	return t.update(ctx, id, op, change, true)
}

func (t *Term) update(ctx context.Context, id reset.ID, cause string, change func(*reset.Request) ([]reset.Fact, error), thawed bool) (*reset.Request, error) {
	if err := t.journal.begin(ctx); err != nil {
		return nil, err
	}
	defer t.journal.end()
	var made *reset.Request
	err := again(ctx, func() (err error) {
		made, err = t.tryUpdate(ctx, id, cause, change, thawed)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (t *Term) tryUpdate(ctx context.Context, id reset.ID, cause string, change func(*reset.Request) ([]reset.Fact, error), thawed bool) (*reset.Request, error) {
	r, err := t.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if cause != "" {
		if e, err := t.effected(ctx, opKey(id.Number(), cause)); err != nil || e != nil {
			return r, err
		}
	}
	if thawed {
		if f, err := t.Frozen(ctx); err != nil {
			return nil, err
		} else if f != nil {
			return nil, ErrFrozen
		}
	}
	before, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	facts, err := change(r)
	if err != nil {
		return nil, err
	}
	r.ID = id
	after, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(before, after) && len(facts) == 0 && cause == "" {
		return r, nil
	}
	conds, ops := []cond{{headKey(id.Number()), r.Version}}, []op{put(headKey(id.Number()), after)}
	if thawed {
		conds = append(conds, absent(freezeKey))
	}
	rev, err := t.writeWithFacts(ctx, id.Number(), cause, conds, ops, facts)
	if err != nil {
		return nil, err
	}
	r.Version = rev
	t.journal.logs[id.Number()].head = footingOf(r)
	return r, nil
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
