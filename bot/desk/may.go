package desk

import (
	"context"

	"factorbot/bot/policy"
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
	_, err = d.bySlack(ctx, in, func(p policy.Person) error { return d.Rules().MayDeny(p, r) })
	if err != nil && d.mayRead(ctx, in, r) != nil {
		return nil, err
	}
	return r, err
}

// mayRead judges whether the person may read a request.
func (d *Desk) mayRead(ctx context.Context, in Intent, r *reset.Request) error {
	read, err := d.reader(ctx, in)
	if err != nil {
		return err
	}
	return read(r)
}

// reader returns what judges whether the person may read a request. It asks
// about each channel once.
func (d *Desk) reader(ctx context.Context, in Intent) (func(*reset.Request) error, error) {
	rules := d.Rules()
	// No request's own: whether the person may read those of others.
	p, err := d.bySlack(ctx, in, func(p policy.Person) error { return rules.MayRead(p, &reset.Request{}, true) })
	if err != nil && !is[*policy.Refusal](err) {
		return nil, err
	}
	return d.readerOf(ctx, p), nil
}

func (d *Desk) readerOf(ctx context.Context, p policy.Person) func(*reset.Request) error {
	rules := d.Rules()
	members := map[reset.Channel]bool{}
	return func(r *reset.Request) error {
		err := rules.MayRead(p, r, false)
		if err == nil || rules.MayRead(p, r, true) != nil {
			return err
		}
		member, known := members[r.Asked.Channel]
		if !known {
			if member, err = d.inChannel(ctx, r.Asked.Channel, p.ID); err != nil {
				return err
			}
			members[r.Asked.Channel] = member
		}
		return rules.MayRead(p, r, member)
	}
}
