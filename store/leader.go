package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"factorbot/store/internal/kv"
)

// LeaseTTL is how long the lease of a process that died keeps others from leading; 10 s
// if it is not given. A record in a file has no use for it.
func LeaseTTL(d time.Duration) Option { return func(o *options) { o.ttl = d } }

// As names this process to others that have the record open: "host-4711".
func As(name string) Option { return func(o *options) { o.name = name } }

// holding is a term that has begun.
type holding struct {
	lease  kv.Lease
	tenure tenure
}

// tenure is what a record that several processes share remembers of its last term.
type tenure struct {
	Number int64  `json:"number"`
	By     string `json:"by"`
	Ended  bool   `json:"ended,omitempty"`  // its holder gave it back, after all its calls
	Unsure bool   `json:"unsure,omitempty"` // calls of earlier holders may go on
}

// Follow returns a term that has not begun: it reads, and every write fails with
// [ErrLost] until [Term.Begin] has returned.
func (s *Store) Follow() *Term {
	return &Term{Reader: s.Reader, store: s, creating: newTurn(), journal: newJournal()}
}

// Begin waits for the right to write, and begins the term.
func (t *Term) Begin(ctx context.Context) error {
	l, err := t.store.engine.Hold(ctx, leaderName, t.store.ttl)
	if err != nil {
		return fmt.Errorf("lead: %w", err)
	}
	t.held.Store(&holding{lease: l})
	if t.store.file == nil {
		if err := t.succeed(ctx, l); err != nil {
			return fmt.Errorf("lead: %w", err)
		}
	}
	t.abandoned.Store(true) // in an earlier term
	// Now, while no call waits for its record. An error is met again, and returned, when a step is started.
	_ = t.knowClaims(ctx)
	return nil
}

// succeed numbers the term. What the holder before has not ended may go on.
func (t *Term) succeed(ctx context.Context, l kv.Lease) error {
	last, err := t.lastTenure(ctx)
	if err != nil {
		return err
	}
	ours := tenure{Number: last.Number + 1, By: t.store.name, Unsure: last.Number > 0 && !last.Ended || last.Unsure}
	if err := t.putTenure(ctx, ours); err != nil {
		return err
	}
	t.held.Store(&holding{lease: l, tenure: ours})
	return nil
}

func (t *Term) putTenure(ctx context.Context, of tenure) error {
	b, err := json.Marshal(of)
	if err != nil {
		return err
	}
	_, err = t.commit(ctx, nil, kv.Put(tenureKey, b))
	return err
}

func (r *Reader) lastTenure(ctx context.Context) (last tenure, err error) {
	_, err = r.readJSON(ctx, tenureKey, &last)
	return last, err
}

// End ends the term, so that another process can begin one at once. Unsure says that
// calls of earlier holders may go on: see [Term.Unsure].
func (t *Term) End(ctx context.Context, unsure bool) error {
	h := t.held.Load()
	if h == nil {
		return nil
	}
	if t.store.file == nil {
		ended := h.tenure
		ended.Ended, ended.Unsure = true, unsure
		if err := t.putTenure(ctx, ended); err != nil {
			return fmt.Errorf("end the term: %w", err)
		}
	}
	return h.lease.Release(ctx)
}

// Lost is closed when the term, which has begun, is known to be over.
func (t *Term) Lost() <-chan struct{} { return t.held.Load().lease.Lost() }

// Begun reports whether the term has begun. It may be over again.
func (t *Term) Begun() bool { return t.held.Load() != nil }

// Number counts the terms of a record that several processes share; 0 of another one.
func (t *Term) Number() int64 {
	if h := t.held.Load(); h != nil {
		return h.tenure.Number
	}
	return 0
}

// Unsure reports whether a process that led earlier may still be sending calls that it
// has recorded as started: its term ended without its doing, and it may live.
func (t *Term) Unsure() bool {
	h := t.held.Load()
	return h != nil && h.tenure.Unsure
}

// Leader tells who leads a record that several processes share.
type Leader struct {
	By     string // as it was named with [As]
	Number int64  // of the term
	Now    bool   // the term lasts; else nobody leads at this moment
}

// Shared reports whether several processes can have the record open.
func (s *Store) Shared() bool { return s.file == nil }

// Leader tells who leads.
func (r *Reader) Leader(ctx context.Context) (Leader, error) {
	last, err := r.lastTenure(ctx)
	if err != nil {
		return Leader{}, fmt.Errorf("ask who leads: %w", err)
	}
	p, err := kv.Get(ctx, r.engine, kv.LeaseKey(leaderName))
	if err != nil {
		return Leader{}, fmt.Errorf("ask who leads: %w", err)
	}
	return Leader{By: last.By, Number: last.Number, Now: p.Rev != 0 && !last.Ended}, nil
}
