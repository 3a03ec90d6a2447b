package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

func rowsOf(n int) series.Series[reset.Row] {
	return series.Series[reset.Row]{Prefix: rowsPrefix(n), Number: func(r reset.Row) int64 { return int64(r.Row) }}
}

func targetsOf(n, revision int) series.Series[reset.Target] {
	return series.Series[reset.Target]{Prefix: planPrefix(n, revision), Number: func(t reset.Target) int64 { return int64(t.Row) }}
}

// Roster yields the rows of a request's roster, in order.
func (r *Reader) Roster(ctx context.Context, id reset.ID) iter.Seq2[reset.Row, error] {
	return rowsOf(id.Number()).From(ctx, r.engine, 1)
}

// Targets yields the targets of a plan from a row on (from 1), in order.
func (r *Reader) Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error] {
	return targetsOf(id.Number(), revision).From(ctx, r.engine, int64(fromRow))
}

// saveRoster writes the rows of a request that has no head yet.
func (t *Term) saveRoster(ctx context.Context, n int, rows iter.Seq[reset.Row]) error {
	w := newTable(t, rowsOf(n), nil)
	if err := w.clear(ctx); err != nil || rows == nil {
		return err
	}
	for row := range rows {
		if err := w.add(ctx, row); err != nil {
			return err
		}
	}
	return w.close(ctx)
}

// SavePlan records the targets of a plan that is not frozen yet, in the order of
// their rows, in place of what was saved of that revision before. It stops with
// ErrChanged when the request is not in planning any more, and with the targets'
// own error.
func (t *Term) SavePlan(ctx context.Context, id reset.ID, revision int, targets iter.Seq2[reset.Target, error]) error {
	if err := t.savePlan(ctx, id, revision, targets); err != nil {
		return fmt.Errorf("save the plan of %s: %w", id, err)
	}
	return nil
}

func (t *Term) savePlan(ctx context.Context, id reset.ID, revision int, targets iter.Seq2[reset.Target, error]) error {
	r, err := t.Get(ctx, id)
	if err != nil {
		return err
	}
	if r.State != reset.Planning {
		return ErrChanged
	}
	n := id.Number()
	w := newTable(t, targetsOf(n, revision), []kv.Cond{{Key: headKey(n), Rev: r.Version}})
	if err := w.clear(ctx); err != nil {
		return err
	}
	for target, err := range targets {
		if err == nil {
			err = w.add(ctx, target)
		}
		if err != nil {
			return err
		}
	}
	return w.close(ctx)
}

// table writes a series, several blocks to a commit.
type table[T any] struct {
	series.Writer[T]
	out kv.Batch
}

func newTable[T any](t *Term, s series.Series[T], conds []kv.Cond) *table[T] {
	return &table[T]{Writer: series.Writer[T]{Series: s}, out: kv.Batch{Commit: t.commit, Conds: conds}}
}

// clear removes what an earlier try has left.
func (w *table[T]) clear(ctx context.Context) error {
	if err := w.out.Add(ctx, kv.RemovePrefix(w.Series.Prefix)); err != nil {
		return err
	}
	return changed(w.out.Flush(ctx))
}

func (w *table[T]) add(ctx context.Context, item T) error {
	return changed(w.Add(item, func(key string, block []byte) error { return w.out.Add(ctx, kv.Put(key, block)) }))
}

func (w *table[T]) close(ctx context.Context) error {
	err := w.Close(func(key string, block []byte) error { return w.out.Add(ctx, kv.Put(key, block)) })
	if err == nil {
		err = w.out.Flush(ctx)
	}
	return changed(err)
}

// changed names a conflict with the one condition that a table has: the head.
func changed(err error) error {
	if errors.Is(err, kv.ErrConflict) {
		return ErrChanged
	}
	return err
}
