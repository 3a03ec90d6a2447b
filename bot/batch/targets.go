package batch

import (
	"context"
	"fmt"
	"iter"

	"factorbot/bot/reset"
)

// plannedTargets reads the targets of a request's frozen plan.
type plannedTargets struct {
	record   Record
	id       reset.ID
	revision int
}

// from streams the targets from a row on.
func (p plannedTargets) from(ctx context.Context, row int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		for t, err := range p.record.Targets(ctx, p.id, p.revision, row) {
			if err != nil {
				yield(t, fmt.Errorf("read the plan of %s: %w", p.id, err))
				return
			}
			if !yield(t, nil) {
				return
			}
		}
	}
}

// resets streams the targets to reset but for the first skip of them, up to the last one
// let through: see reset.Request.WaveEnd.
func (p plannedTargets) resets(ctx context.Context, skip, last int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		no := 0
		for t, err := range p.from(ctx, 1) {
			switch {
			case err != nil:
				yield(t, err)
				return
			case t.Action != reset.ActionReset:
				continue
			}
			if no++; no > last {
				return
			}
			if no > skip && !yield(t, nil) {
				return
			}
		}
	}
}

// rows streams the targets of some rows, which are in order.
func (p plannedTargets) rows(ctx context.Context, rows []int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		if len(rows) == 0 {
			return
		}
		left := rows
		for t, err := range p.from(ctx, rows[0]) {
			if err != nil {
				yield(t, err)
				return
			}
			if t.Row != left[0] {
				continue
			}
			if left = left[1:]; !yield(t, nil) || len(left) == 0 {
				return
			}
		}
	}
}
