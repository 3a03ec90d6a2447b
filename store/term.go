package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"factorbot/store/internal/kv"
)

// leaseTTL is how long a lease outlives a holder that died; bbolt's ends with its process.
const leaseTTL = 10 * time.Second

// leaderName is the name of the lease of the process that leads.
const leaderName = "leader"

// unknownTries is how often a commit whose result is not known is looked into and
// tried again; the pauses between add up to about ten seconds.
const (
	unknownTries = 10
	unknownPause = 20 * time.Millisecond
)

// Term is the right to write. One lasts at a time; before and after it every write
// fails with [ErrLost]. It is safe for concurrent use.
type Term struct {
	Reader
	store *Store
	held  atomic.Pointer[holding] // nil before it begins

	creating  turn        // of whoever makes a request
	abandoned atomic.Bool // a request may have been begun that nobody will finish
	journal   *journal
}

// Lead begins a term, and ends the earlier one.
func (s *Store) Lead(ctx context.Context) (*Term, error) {
	t := s.Follow()
	if err := t.Begin(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// commit applies the operations while the term lasts and the conditions hold;
// otherwise it returns ErrLost or kv.ErrConflict. The first operation is a put that nobody else
// makes: where an answer is lost, finding it there shows that the commit took effect.
func (t *Term) commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	h := t.held.Load()
	if h == nil {
		return 0, ErrLost
	}
	conds = append(conds[:len(conds):len(conds)], h.lease.Cond())
	asked, pause := false, unknownPause
	for range unknownTries {
		rev, err := t.engine.Commit(ctx, conds, ops...)
		if asked && errors.Is(err, kv.ErrConflict) || errors.Is(err, kv.ErrUnknown) {
			asked = true
			p, readErr := kv.Get(ctx, t.engine, ops[0].Key)
			if readErr == nil && p.Rev != 0 && bytes.Equal(p.Value, ops[0].Value) {
				return p.Rev, nil
			}
		}
		switch {
		case errors.Is(err, kv.ErrConflict):
			return 0, t.conflict(ctx, h.lease.Cond())
		case !errors.Is(err, kv.ErrUnknown):
			return rev, err
		}
		if err := wait(ctx, pause); err != nil {
			return 0, err
		}
		pause = min(2*pause, 2*time.Second)
	}
	return 0, fmt.Errorf("write to the record: %w", kv.ErrUnknown)
}

// conflict returns ErrLost if the term is over, otherwise kv.ErrConflict.
func (t *Term) conflict(ctx context.Context, on kv.Cond) error {
	p, err := kv.Get(ctx, t.engine, on.Key)
	if err != nil {
		return err
	}
	if p.Rev != on.Rev {
		return ErrLost
	}
	return kv.ErrConflict
}

// retryOnConflict repeats read, closure and commit until the conditions of the commit held.
func retryOnConflict(ctx context.Context, try func() error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := try(); !errors.Is(err, kv.ErrConflict) {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
