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
		b.subscribe(m)
		defer b.unsubscribe(m)
		if err := m.Existing(ctx, b, after); err != nil {
			yield(kv.Pair{}, err)
			return
		}
		m.Pairs(ctx, b, b.ended)(yield)
	}
}

func (b *Engine) subscribe(m *kv.Marks) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[m] = struct{}{}
}

func (b *Engine) unsubscribe(m *kv.Marks) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.watchers, m)
}

// notify marks what the jobs wrote, after it is durable and before anybody is answered.
func (b *Engine) notify(jobs []*job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for m := range b.watchers {
		for _, j := range jobs {
			if j.err != nil {
				continue
			}
			for _, o := range j.ops {
				if !o.Del {
					m.Add(o.Key, j.rev)
				}
			}
		}
	}
}
