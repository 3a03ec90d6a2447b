package planner

import (
	"context"
	"fmt"
	"iter"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// begunStates are those of requests that have begun to run, or may have.
var begunStates = [...]reset.State{reset.Running, reset.Paused, reset.Stopping, reset.Verifying, reset.Done, reset.Cancelled}

// Velocity counts users against the bounds on users per time. It is made by
// [NewVelocity] and safe for concurrent use.
type Velocity struct {
	requests func(context.Context, reset.Query) iter.Seq2[*reset.Request, error]
	rules    func() policy.Rules
	held     chan struct{} // held by who counts and then spends: two together must not slip under a bound
}

// NewVelocity returns a counter over the requests that are recorded.
func NewVelocity(requests func(context.Context, reset.Query) iter.Seq2[*reset.Request, error], rules func() policy.Rules) *Velocity {
	return &Velocity{requests: requests, rules: rules, held: make(chan struct{}, 1)}
}

// Lock waits until nobody else counts. What is counted then is not spent twice
// before it is unlocked.
func (v *Velocity) Lock(ctx context.Context) (unlock func(), err error) {
	select {
	case v.held <- struct{}{}:
		return func() { <-v.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// bounds reports whether the request counts against the rules' bounds on users per time.
func bounds(rules policy.Rules, r *reset.Request) bool {
	set := rules.Velocity.PerRequesterPerDay > 0 || rules.Velocity.OrgPerHour > 0
	return set && r.Asked.Kind != reset.KindExport && !r.Asked.Options.DryRun
}

// Check returns a *policy.Refusal where a plan of so many resets may not be frozen now.
// What others are still planning does not count: the first one has the room.
func (v *Velocity) Check(ctx context.Context, r *reset.Request, resets int) error {
	rules := v.rules()
	if !bounds(rules, r) {
		return nil
	}
	now := time.Now()
	recent := v.requests(ctx, reset.Query{Since: now.Add(-policy.Day)})
	day, err := policy.AskedToday(planned(recent), r.Asked, now, r.ID)
	if err != nil {
		return fmt.Errorf("list the requests of %s: %w", r.Asked.By, err)
	}
	hour, err := policy.OrgHour(v.requests(ctx, reset.Query{States: begunStates[:]}), now, r.ID)
	if err != nil {
		return fmt.Errorf("list what was reset within an hour: %w", err)
	}
	return rules.CheckVelocity(resets, day, hour, now)
}

// planned leaves out requests that never had a plan.
func planned(all iter.Seq2[*reset.Request, error]) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		for r, err := range all {
			if err == nil && r.State == reset.Planning && r.Plan.Revision == 0 {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// StartTime returns when an approved request may start under the bounds; ok is false where that is not known yet.
func (v *Velocity) StartTime(ctx context.Context, r *reset.Request, now time.Time) (at time.Time, ok bool, err error) {
	rules := v.rules()
	if !bounds(rules, r) {
		return now, true, nil
	}
	day, err := policy.RanSince(v.requests(ctx, reset.Query{States: begunStates[:]}), &r.Asked, policy.Day, now, r.ID)
	if err != nil {
		return now, false, fmt.Errorf("list what %s had reset: %w", r.Asked.By, err)
	}
	hour, err := policy.OrgHour(v.requests(ctx, reset.Query{States: begunStates[:]}), now, r.ID)
	if err != nil {
		return now, false, fmt.Errorf("list what was reset within an hour: %w", err)
	}
	at, ok = rules.MayStart(r.Plan.Resets, day, hour, now)
	return at, ok, nil
}
