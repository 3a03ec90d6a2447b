package kv

import "context"

// Batch puts operations into as many commits as their limits ask for, in order.
type Batch struct {
	Commit func(ctx context.Context, conds []Cond, ops ...Op) (int64, error)
	Conds  []Cond // of each commit
	ops    []Op
	size   int
}

// Add appends an operation, and first commits what is there if it would be too much.
func (b *Batch) Add(ctx context.Context, o Op) error {
	if len(b.ops) == MaxOps || b.size+o.Size() > MaxCommit {
		if err := b.Flush(ctx); err != nil {
			return err
		}
	}
	b.ops = append(b.ops, o)
	b.size += o.Size()
	return nil
}

// Flush commits what is left.
func (b *Batch) Flush(ctx context.Context) error {
	if len(b.ops) == 0 {
		return nil
	}
	_, err := b.Commit(ctx, b.Conds, b.ops...)
	b.ops, b.size = b.ops[:0], 0
	return err
}
