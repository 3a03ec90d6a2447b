package desk

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
)

// MayDecide judges whether the person may decide on the plan that they saw, and
// returns the request: a cheap check before a modal. Whoever may not gets a
// *Refusal; a request that was decided, a *reset.TransitionError; another plan,
// reset.ErrOtherPlan. The request comes along with a refusal for those who may only look.
func (d *Desk) MayDecide(ctx context.Context, in Intent) (*reset.Request, error) {
	r, err := d.Record.Get(ctx, in.Request)
	if err != nil {
		return nil, err
	}
	switch {
	case r.State != reset.Pending:
		return r, &reset.TransitionError{ID: r.ID, Move: reset.MoveApprove, Found: r.State, By: r.MovedBy}
	case in.Digest.Short() != r.Plan.Digest.Short():
		return r, reset.ErrOtherPlan
	}
	p, err := d.person(ctx, in)
	if err != nil {
		return r, fmt.Errorf("ask who %s is: %w", in.By, err)
	}
	rules := d.Rules()
	err = rules.MayDecide(p, r)
	if err != nil && p.ID != r.Asked.By && rules.MayRead(p) != nil {
		return nil, err
	}
	return r, err
}
