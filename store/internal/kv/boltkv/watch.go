package boltkv

import (
	"context"
	"iter"

	"factorbot/store/internal/kv"
)

// Watch implements kv.Engine.
func (b *Engine) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[kv.Pair, error] {
	return func(yield func(kv.Pair, error) bool) {
		if b.readOnly {
			yield(kv.Pair{}, errReadOnly)
			return
		}
		m := kv.NewMarks(prefix)
		b.watched(func() { b.watchers[m] = struct{}{} })
		defer b.watched(func() { delete(b.watchers, m) })
		if err := m.Existing(ctx, b, after); err != nil {
			yield(kv.Pair{}, err)
			return
		}
		m.Pairs(ctx, b, b.ended)(yield)
	}
}

// watched changes who watches.
func (b *Engine) watched(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// notify marks what a commit wrote, after it is durable and before the caller is answered.
func (b *Engine) notify(ops []kv.Op, rev int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for m := range b.watchers {
		for _, o := range ops {
			if !o.Del {
				m.Add(o.Key, rev)
			}
		}
	}
}
