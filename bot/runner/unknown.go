package runner

import (
	"context"
	"fmt"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/reset"
	"factorbot/bot/resetlog"
	"factorbot/okta"
)

// settledMargin is for how long before a moment a request may have been settled whose
// calls the System Log tells of after it.
const settledMargin = time.Hour

// Unknown looks in the System Log for resets of ours since a moment of Okta's clock of
// which the record does not know, and returns when the last of them was; zero: there is
// none. Any shows that the record is an older one that was put back.
func (r *Runner) Unknown(ctx context.Context, since time.Time) (last time.Time, err error) {
	var calls map[reset.UserID][]time.Time
	for e, err := range resetlog.Ours(ctx, r.Okta, since) {
		if err != nil {
			return last, err
		}
		if calls == nil {
			if calls, err = r.callsSince(ctx, since); err != nil {
				return last, err
			}
		}
		if e.At.After(last) && !r.knows(calls[e.User], e.At) {
			last = e.At
		}
	}
	return last, nil
}

// knows reports whether one of the calls that the record knows of a user can have had an effect then.
func (r *Runner) knows(calls []time.Time, at time.Time) bool {
	for _, c := range calls {
		if !at.Before(c.Add(-batch.ClockMargin)) && !at.After(c.Add(okta.LongestWrite+r.Pace.SettleAfter+2*batch.ClockMargin)) {
			return true
		}
	}
	return false
}

// callsSince returns by user when the record says that calls were started, by Okta's clock.
func (r *Runner) callsSince(ctx context.Context, since time.Time) (map[reset.UserID][]time.Time, error) {
	calls := map[reset.UserID][]time.Time{}
	since = since.Add(-settledMargin)
	for q, err := range r.Record.Requests(ctx, reset.Query{}) {
		switch {
		case err != nil:
			return nil, fmt.Errorf("list requests: %w", err)
		case q.State.Settled() && q.SettledAt.Before(since):
			continue
		}
		for e, err := range r.Record.Log(ctx, q.ID, 1) {
			if err != nil {
				return nil, fmt.Errorf("read the log of %s: %w", q.ID, err)
			}
			if e.Kind == reset.EntryStarted && e.Step != nil && e.OktaAt.After(since) {
				calls[e.Step.User] = append(calls[e.Step.User], e.OktaAt)
			}
		}
	}
	return calls, nil
}
