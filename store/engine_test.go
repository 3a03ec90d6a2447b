package store

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/kvtest"
)

func TestMemEngine(t *testing.T) {
	kvtest.Run(t, func(testing.TB) kv.Engine { return newMemEngine() })
}

// Every third commit loses its answer, before it took effect or after.
func TestDoubtfulEngine(t *testing.T) {
	n := 0
	e := &doubtfulEngine{Engine: newMemEngine(), next: func() fate {
		n++
		return [...]fate{answered, answered, lostBefore, answered, answered, lostAfter}[n%6]
	}}
	kvtest.Unknown(t, e, 50)
}

// memEngine is the engine as simple as it can be: a map behind a lock. The record must
// not be able to tell it from bbolt.
type memEngine struct {
	mu    sync.Mutex
	pairs map[string]kv.Pair
	rev   int64
	moved chan struct{} // closed and replaced at each commit
	holds map[string]*memLease
}

// newMemEngine makes an empty engine in memory.
func newMemEngine() *memEngine {
	return &memEngine{pairs: map[string]kv.Pair{}, moved: make(chan struct{}), holds: map[string]*memLease{}}
}

func (m *memEngine) Read(ctx context.Context, from, to string, limit int) ([]kv.Pair, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []kv.Pair
	for _, key := range slices.Sorted(maps.Keys(m.pairs)) {
		if key >= from && (to == "" || key < to) && len(found) < limit {
			p := m.pairs[key]
			p.Value = bytes.Clone(p.Value)
			found = append(found, p)
		}
	}
	return found, m.rev, ctx.Err()
}

func (m *memEngine) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	if err := kv.CheckLimits(conds, ops); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range conds {
		if m.pairs[c.Key].Rev != c.Rev {
			return 0, kv.ErrConflict
		}
	}
	m.rev++
	for _, o := range ops {
		if !o.Del {
			m.pairs[o.Key] = kv.Pair{Key: o.Key, Value: bytes.Clone(o.Value), Rev: m.rev}
			continue
		}
		maps.DeleteFunc(m.pairs, func(key string, _ kv.Pair) bool { return o.Covers(key) })
	}
	close(m.moved)
	m.moved = make(chan struct{})
	return m.rev, nil
}

func (m *memEngine) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		for {
			fresh, moved := m.since(prefix, after)
			for _, p := range fresh {
				after = p.Rev
				if !yield(p, nil) {
					return
				}
			}
			select {
			case <-moved:
			case <-ctx.Done():
				yield(kv.Pair{}, ctx.Err())
				return
			}
		}
	}
}

func (m *memEngine) since(prefix string, after int64) ([]kv.Pair, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var fresh []kv.Pair
	for _, p := range m.pairs {
		if strings.HasPrefix(p.Key, prefix) && p.Rev > after {
			fresh = append(fresh, p)
		}
	}
	slices.SortFunc(fresh, func(a, b kv.Pair) int { return cmp.Or(cmp.Compare(a.Rev, b.Rev), cmp.Compare(a.Key, b.Key)) })
	return fresh, m.moved
}

func (m *memEngine) Hold(ctx context.Context, name string, _ time.Duration) (kv.Lease, error) {
	key := kv.LeaseKey(name)
	rev, err := m.Commit(ctx, nil, kv.Put(key, []byte("held")))
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if earlier := m.holds[name]; earlier != nil {
		earlier.end()
	}
	l := &memLease{m: m, on: kv.Cond{Key: key, Rev: rev}, over: make(chan struct{})}
	m.holds[name] = l
	return l, nil
}

type memLease struct {
	m    *memEngine
	on   kv.Cond
	once sync.Once
	over chan struct{}
}

func (l *memLease) Cond() kv.Cond         { return l.on }
func (l *memLease) Lost() <-chan struct{} { return l.over }
func (l *memLease) end()                  { l.once.Do(func() { close(l.over) }) }

func (l *memLease) Release(ctx context.Context) error {
	l.end()
	_, err := l.m.Commit(ctx, []kv.Cond{l.on}, kv.Remove(l.on.Key))
	return err
}

// doubtfulEngine makes commits of unknown result: each call of next says what happens to one.
type doubtfulEngine struct {
	kv.Engine
	next func() fate
}

// fate is what becomes of a commit and of its answer.
type fate int

const (
	answered   fate = iota
	lostBefore      // the answer is lost, and so was the commit
	lostAfter       // the answer is lost, the commit took effect
)

func (d *doubtfulEngine) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	how := d.next()
	if how == lostBefore {
		return 0, kv.ErrUnknown
	}
	rev, err := d.Engine.Commit(ctx, conds, ops...)
	if how == lostAfter && err == nil {
		return 0, kv.ErrUnknown
	}
	return rev, err
}
