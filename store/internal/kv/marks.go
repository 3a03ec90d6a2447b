package kv

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Marks remembers the keys that were written since the owner of a watch last looked. A
// slow owner costs a key's name for each key, never a queue of values.
type Marks struct {
	prefix string
	wake   chan struct{} // holds one token while there are marks

	mu    sync.Mutex
	marks map[string]int64 // key -> revision of the last writing
}

// NewMarks returns the marks of a watch of a prefix.
func NewMarks(prefix string) *Marks {
	return &Marks{prefix: prefix, wake: make(chan struct{}, 1), marks: map[string]int64{}}
}

// Add marks a key that was written, if it has the prefix.
func (m *Marks) Add(key string, rev int64) {
	if !strings.HasPrefix(key, m.prefix) {
		return
	}
	m.mu.Lock()
	m.marks[key] = max(rev, m.marks[key])
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Existing marks the pairs that the engine has and that were written after a revision.
func (m *Marks) Existing(ctx context.Context, e Engine, after int64) error {
	for p, err := range Scan(ctx, e, m.prefix, 100) {
		if err != nil {
			return err
		}
		if p.Rev > after {
			m.Add(p.Key, p.Rev)
		}
	}
	return nil
}

// Pairs yields the pairs of the marked keys as they are when it comes to them, the oldest
// writing first, and waits for more. It ends with the context's error, with ErrClosed when
// ended is closed, and with an error of reading.
func (m *Marks) Pairs(ctx context.Context, e Engine, ended <-chan struct{}) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		for {
			select {
			case <-m.wake:
			case <-ctx.Done():
				yield(Pair{}, ctx.Err())
				return
			case <-ended:
				yield(Pair{}, ErrClosed)
				return
			}
			for _, key := range m.take() {
				p, err := Get(ctx, e, key)
				if err != nil {
					yield(Pair{}, err)
					return
				}
				if p.Rev != 0 && !yield(p, nil) {
					return
				}
			}
		}
	}
}

// take removes the marks, and returns their keys.
func (m *Marks) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	marks := m.marks
	m.marks = map[string]int64{}
	return slices.SortedFunc(maps.Keys(marks), func(a, b string) int {
		return cmp.Or(cmp.Compare(marks[a], marks[b]), cmp.Compare(a, b))
	})
}
