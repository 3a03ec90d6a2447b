package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// ErrOktaSilent says that Okta could not be asked.
var ErrOktaSilent = errors.New("no answer from Okta")

// Enrolled returns how many users the request has reset, and when those of them
// who have enrolled a factor since did so, the earliest first: by Okta's System Log,
// of a few also by their factors. It returns ErrOktaSilent where Okta does not answer.
func (r *Runner) Enrolled(ctx context.Context, id reset.ID) (of int, again []time.Time, err error) {
	head, err := r.Record.Get(ctx, id)
	if err != nil {
		return 0, nil, err
	}
	since := map[string]time.Time{}
	for row, err := range reset.Results(r.Record.Log(ctx, id, 1), r.Record.Targets(ctx, id, head.Plan.Revision, 1)) {
		if err != nil {
			return 0, nil, fmt.Errorf("read the results of %s: %w", id, err)
		}
		if p := row.Progress; p.Outcome == reset.OutcomeReset && p.Sent != nil {
			since[string(row.Target.User)] = p.Sent.OktaAt.Add(batch.ClockMargin)
		}
	}
	if len(since) == 0 {
		return 0, nil, nil
	}
	found, err := r.Okta.EnrolledSince(okta.WithLane(ctx, okta.Lane(id)), since)
	if err != nil {
		return 0, nil, fmt.Errorf("ask who has enrolled since %s: %w: %w", id, ErrOktaSilent, err)
	}
	for _, e := range found {
		again = append(again, e.At)
	}
	slices.SortFunc(again, time.Time.Compare)
	return len(since), again, nil
}
