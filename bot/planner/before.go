package planner

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
)

// resetBefore lists who was reset by a request, or by one that did again what it
// left over, as the record knows it. A user who enrolled meanwhile counts: the
// old factors are gone, and another reset would remove the new ones.
func (pl *planning) resetBefore(ctx context.Context, of reset.ID) (map[reset.UserID]reset.ID, error) {
	if of == "" {
		return nil, nil
	}
	first, err := pl.Record.Get(ctx, of)
	if err != nil {
		return nil, fmt.Errorf("read %s, whose result file was dropped: %w", of, err)
	}
	family := []*reset.Request{first}
	for r, err := range pl.Record.Requests(ctx, reset.Query{Since: first.Asked.At}) {
		switch {
		case err != nil:
			return nil, fmt.Errorf("list what was asked again after %s: %w", of, err)
		case r.ID != pl.id && r.HasRun() && (r.Asked.Again == of || r.Asked.Source.Result == of):
			family = append(family, r)
		}
	}
	before := map[reset.UserID]reset.ID{}
	for _, r := range family {
		if err := pl.wasReset(ctx, r, before); err != nil {
			return nil, err
		}
	}
	return before, nil
}

func (pl *planning) wasReset(ctx context.Context, r *reset.Request, before map[reset.UserID]reset.ID) error {
	for row, err := range reset.Results(pl.Record.Log(ctx, r.ID, 1), pl.Record.Targets(ctx, r.ID, r.Plan.Revision, 1)) {
		if err != nil {
			return fmt.Errorf("read the results of %s: %w", r.ID, err)
		}
		t, p := row.Target, row.Progress
		if t.User != "" && (p.Outcome == reset.OutcomeReset || p.Reason == reset.EnrolledMeanwhile) {
			before[t.User] = r.ID
		}
	}
	return nil
}
