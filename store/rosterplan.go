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
	return replaceSeries(ctx, t, rowsOf(n), nil, func(yield func(reset.Row, error) bool) {
		if rows == nil {
			return
		}
		for row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
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
	return replaceSeries(ctx, t, targetsOf(n, revision), []kv.Cond{{Key: headKey(n), Rev: r.Version}}, targets)
}

// replaceSeries writes a series in place of what an earlier try has left, several blocks to a
// commit. Its conditions are about the request's head: ErrChanged where they do not hold.
func replaceSeries[T any](ctx context.Context, t *Term, s series.Series[T], conds []kv.Cond, items iter.Seq2[T, error]) error {
	out := kv.Batch{Commit: t.commit, Conds: conds}
	put := func(key string, block []byte) error { return changed(out.Add(ctx, kv.Put(key, block))) }
	err := out.Add(ctx, kv.RemovePrefix(s.Prefix))
	if err == nil {
		err = out.Flush(ctx)
	}
	if err != nil {
		return changed(err)
	}
	w := series.Writer[T]{Series: s}
	for item, err := range items {
		if err == nil {
			err = w.Add(item, put)
		}
		if err != nil {
			return err
		}
	}
	if err := w.Close(put); err != nil {
		return err
	}
	return changed(out.Flush(ctx))
}

// changed names a conflict with the request's head.
func changed(err error) error {
	if errors.Is(err, kv.ErrConflict) {
		return ErrChanged
	}
	return err
}
