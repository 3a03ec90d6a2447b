package store

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// model is the engine as simple as it can be: a map behind a lock. The record must
// not be able to tell it from bbolt.
type model struct {
	mu    sync.Mutex
	pairs map[string]pair
	rev   int64
	moved chan struct{} // closed and replaced at each commit
	holds map[string]*modelLease
}

func newModel() *model {
	return &model{pairs: map[string]pair{}, moved: make(chan struct{}), holds: map[string]*modelLease{}}
}

func (m *model) read(ctx context.Context, from, to string, limit int) ([]pair, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []pair
	for _, key := range slices.Sorted(maps.Keys(m.pairs)) {
		if key >= from && (to == "" || key < to) && len(found) < limit {
			p := m.pairs[key]
			p.value = bytes.Clone(p.value)
			found = append(found, p)
		}
	}
	return found, m.rev, ctx.Err()
}

func (m *model) commit(ctx context.Context, conds []cond, ops ...op) (int64, error) {
	if err := checkLimits(conds, ops); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range conds {
		if m.pairs[c.key].rev != c.rev {
			return 0, errConflict
		}
	}
	m.rev++
	for _, o := range ops {
		if !o.del {
			m.pairs[o.key] = pair{key: o.key, value: bytes.Clone(o.value), rev: m.rev}
			continue
		}
		maps.DeleteFunc(m.pairs, func(key string, _ pair) bool { return o.covers(key) })
	}
	close(m.moved)
	m.moved = make(chan struct{})
	return m.rev, nil
}

func (m *model) watch(ctx context.Context, prefix string, after int64) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		for {
			fresh, moved := m.since(prefix, after)
			for _, p := range fresh {
				after = p.rev
				if !yield(p, nil) {
					return
				}
			}
			select {
			case <-moved:
			case <-ctx.Done():
				yield(pair{}, ctx.Err())
				return
			}
		}
	}
}

func (m *model) since(prefix string, after int64) ([]pair, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var fresh []pair
	for _, p := range m.pairs {
		if under(p.key, prefix) && p.rev > after {
			fresh = append(fresh, p)
		}
	}
	slices.SortFunc(fresh, func(a, b pair) int { return cmp.Or(cmp.Compare(a.rev, b.rev), cmp.Compare(a.key, b.key)) })
	return fresh, m.moved
}

func (m *model) hold(ctx context.Context, name string, _ time.Duration) (lease, error) {
	key := leaseKey(name)
	rev, err := m.commit(ctx, nil, put(key, []byte("held")))
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if earlier := m.holds[name]; earlier != nil {
		earlier.end()
	}
	l := &modelLease{m: m, on: cond{key, rev}, over: make(chan struct{})}
	m.holds[name] = l
	return l, nil
}

type modelLease struct {
	m    *model
	on   cond
	once sync.Once
	over chan struct{}
}

func (l *modelLease) cond() cond            { return l.on }
func (l *modelLease) lost() <-chan struct{} { return l.over }
func (l *modelLease) end()                  { l.once.Do(func() { close(l.over) }) }

func (l *modelLease) release(ctx context.Context) error {
	l.end()
	_, err := l.m.commit(ctx, []cond{l.on}, remove(l.on.key))
	return err
}

// doubtful makes commits of unknown result: each call of unsure says what happens
// to one, and a commit that is not known to have failed may still have.
type doubtful struct {
	engine
	unsure func() doubt
}

type doubt int

const (
	sure   doubt = iota
	before       // the answer is lost, and so was the commit
	after        // the answer is lost, the commit took effect
)

func (d *doubtful) commit(ctx context.Context, conds []cond, ops ...op) (int64, error) {
	how := d.unsure()
	if how == before {
		return 0, errUnknown
	}
	rev, err := d.engine.commit(ctx, conds, ops...)
	if how == after && err == nil {
		return 0, errUnknown
	}
	return rev, err
}
