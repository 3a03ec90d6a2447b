package desk

import (
	"context"
	"errors"
	"fmt"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Approve counts the person's approval of the plan they saw. The decision that completes what is asked approves the request.
func (d *Desk) Approve(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.decide(ctx, in, true, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(in.By, in.Digest, d.Now())
	})
}

// Deny ends a pending request.
func (d *Desk) Deny(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.decide(ctx, in, false, func(r *reset.Request) (reset.Fact, error) {
		return r.Deny(in.By, in.Digest, in.Why, d.Now())
	})
}

// decide judges one who presses Approve or Deny. An expired request is settled
// as expired, so that the message shows it, and the person is told.
func (d *Desk) decide(ctx context.Context, in Intent, unlessFrozen bool, move func(*reset.Request) (reset.Fact, error)) (*reset.Request, error) {
	r, err := d.change(ctx, in, unlessFrozen, policy.Rules.MayDecide, move)
	if !errors.Is(err, reset.ErrExpired) {
		return r, err
	}
	_, sweepErr := d.Record.Update(ctx, in.Request, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		return one(r.Expire(d.Now()))
	})
	var moved *reset.TransitionError
	if sweepErr != nil && !errors.As(sweepErr, &moved) {
		return nil, sweepErr
	}
	return nil, err
}

// Cancel ends a request, or stops one that runs.
func (d *Desk) Cancel(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.change(ctx, in, false, policy.Rules.MayCancel, func(r *reset.Request) (reset.Fact, error) {
		return r.Cancel(in.By, d.Now())
	})
}

// Pause stops a running request until somebody resumes it.
func (d *Desk) Pause(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.change(ctx, in, false, policy.Rules.MayPause, func(r *reset.Request) (reset.Fact, error) {
		cause := reset.CauseApprover
		if in.By == r.Asked.By {
			cause = reset.CauseRequester
		}
		return r.Halt(cause, in.By, in.Why, d.Now())
	})
}

// Resume lifts a pause, for those whom its cause allows.
func (d *Desk) Resume(ctx context.Context, in Intent) (*reset.Request, error) {
	p, err := d.person(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("ask who %s is: %w", in.By, err)
	}
	rules := d.Rules()
	return d.change(ctx, in, true, policy.Rules.MayResume, func(r *reset.Request) (reset.Fact, error) {
		return r.Resume(in.By, rules.IsApprover(p), d.Now())
	})
}

// change makes one move for a person: the decision must be fresh, the policy
// must let them (judged on the very head that is changed), and the move must be possible.
func (d *Desk) change(ctx context.Context, in Intent, unlessFrozen bool,
	may func(policy.Rules, policy.Person, *reset.Request) error,
	move func(*reset.Request) (reset.Fact, error),
) (*reset.Request, error) {
	if err := d.fresh(in); err != nil {
		return nil, err
	}
	p, err := d.person(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("ask who %s is: %w", in.By, err)
	}
	rules := d.Rules()
	return d.Record.Update(ctx, in.Request, in.Op, unlessFrozen, func(r *reset.Request) ([]reset.Fact, error) {
		if err := may(rules, p, r); err != nil {
			return nil, err
		}
		return one(move(r))
	})
}

func one(f reset.Fact, err error) ([]reset.Fact, error) {
	if err != nil {
		return nil, err
	}
	return []reset.Fact{f}, nil
}
