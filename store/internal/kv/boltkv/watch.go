package boltkv

import (
	"cmp"
	"context"
	"factorbot/store/internal/kv"
	"iter"
	"maps"
	"slices"
	"sync"
)

// watcher remembers the keys that were written since its owner last looked. A
// slow owner costs a key's name for each key, never a queue of values.
type watcher struct {
	prefix string
	wake   chan struct{} // holds one token while there are marks

	mu    sync.Mutex
	marks map[string]int64 // key -> revision of the last writing
}

// Watch implements kv.Engine.
func (b *Engine) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		if b.readOnly {
			yield(kv.Pair{}, errReadOnly)
			return
		}
		w := &watcher{prefix: prefix, wake: make(chan struct{}, 1), marks: map[string]int64{}}
		b.subscribe(w)
		defer b.unsubscribe(w)
		for p, err := range kv.Scan(ctx, b, prefix, 100) {
			if err != nil {
				yield(kv.Pair{}, err)
				return
			}
			if p.Rev > after {
				w.mark(p.Key, p.Rev)
			}
		}
		for {
			if err := w.wait(ctx, b.ended); err != nil {
				yield(kv.Pair{}, err)
				return
			}
			if !b.deliver(ctx, w.take(), yield) {
				return
			}
		}
	}
}

// deliver yields the pairs of the marked keys as they are now.
func (b *Engine) deliver(ctx context.Context, keys []string, yield func(kv.Pair, error) bool) bool {
	for _, key := range keys {
		p, err := kv.Get(ctx, b, key)
		if err != nil {
			yield(kv.Pair{}, err)
			return false
		}
		if p.Rev != 0 && !yield(p, nil) {
			return false
		}
	}
	return true
}

func (b *Engine) subscribe(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[w] = struct{}{}
}

func (b *Engine) unsubscribe(w *watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watchers, w)
}

// notify tells the watchers what the jobs wrote, after it is durable and before anybody is answered.
func (b *Engine) notify(jobs []*job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watchers {
		for _, j := range jobs {
			if j.err == nil {
				w.markAll(j.ops, j.rev)
			}
		}
	}
}

func (w *watcher) markAll(ops []kv.Op, rev int64) {
	for _, o := range ops {
		if !o.Del && kv.Under(o.Key, w.prefix) {
			w.mark(o.Key, rev)
		}
	}
}

func (w *watcher) mark(key string, rev int64) {
	w.mu.Lock()
	w.marks[key] = max(rev, w.marks[key])
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// wait blocks until there are marks, and fails when the context or the engine ends.
func (w *watcher) wait(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-w.wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-ended:
		return kv.ErrClosed
	}
}

// take empties the marks, the oldest writing first.
func (w *watcher) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	marks := w.marks
	w.marks = map[string]int64{}
	keys := slices.Collect(maps.Keys(marks))
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(marks[a], marks[b]), cmp.Compare(a, b))
	})
	return keys
}
