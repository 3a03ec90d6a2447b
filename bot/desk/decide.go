package desk

import (
	"context"
	"errors"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Deny ends a pending request.
func (d *Desk) Deny(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.decide(ctx, in, act{decision: true, stops: true, may: policy.Rules.MayDeny,
		move: func(r *reset.Request, _ policy.Person) ([]reset.Fact, error) {
			return one(r.Deny(in.By, in.Digest, in.Why, d.Now()))
		}})
}

// TakeOut takes rows out of a pending plan. It is planned again without them, as
// a new revision that needs its approvals from the start.
func (d *Desk) TakeOut(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.decide(ctx, in, act{decision: true, may: policy.Rules.MayDecide,
		move: func(r *reset.Request, _ policy.Person) ([]reset.Fact, error) {
			return one(r.TakeOut(in.By, in.Digest, in.Rows, d.Now()))
		}})
}

// decide judges one who decides. An expired request is settled as expired, so
// that the message shows it, and the person is told.
func (d *Desk) decide(ctx context.Context, in Intent, a act) (*reset.Request, error) {
	r, err := d.change(ctx, in, a)
	return r, d.expired(ctx, in.Request, err)
}

// expired settles a request of which a decision found that its time is over, and returns the error.
func (d *Desk) expired(ctx context.Context, id reset.ID, err error) error {
	if !errors.Is(err, reset.ErrExpired) {
		return err
	}
	_, sweepErr := d.Record.Update(ctx, id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		return one(r.Expire(d.Now()))
	})
	if sweepErr != nil && !is[*reset.TransitionError](sweepErr) {
		return sweepErr
	}
	return err
}

// Cancel ends a request, or stops one that runs.
func (d *Desk) Cancel(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.change(ctx, in, act{stops: true, may: policy.Rules.MayCancel,
		move: func(r *reset.Request, _ policy.Person) ([]reset.Fact, error) { return one(r.Cancel(in.By, d.Now())) }})
}

// Pause stops a running request until somebody resumes it.
func (d *Desk) Pause(ctx context.Context, in Intent) (*reset.Request, error) {
	return d.change(ctx, in, act{stops: true, may: policy.Rules.MayPause, move: func(r *reset.Request, _ policy.Person) ([]reset.Fact, error) {
		cause := reset.CauseApprover
		if in.By == r.Asked.By {
			cause = reset.CauseRequester
		}
		return one(r.PauseFor(cause, in.By, in.Why, d.Now()))
	}})
}

// Resume lifts a pause for those that may do so, which depends on its cause. The
// requester does not act as an approver with another account.
func (d *Desk) Resume(ctx context.Context, in Intent) (*reset.Request, error) {
	requester, err := d.requester(ctx, in.Request)
	if err != nil {
		return nil, err
	}
	return d.change(ctx, in, act{decision: true, unlessFrozen: true, may: policy.Rules.MayResume,
		move: func(r *reset.Request, p policy.Person) ([]reset.Fact, error) {
			reported, subject := r.Pause != nil && r.Pause.Cause == reset.CauseReported, r.ResumeSubject()
			f, err := r.Resume(in.By, d.Rules().LiftsAny(p, requester, r), d.Now())
			if err == nil && (reported || in.Proof != nil) {
				err = d.confirmed(in, p, r.ID, subject)
			}
			return one(f.ConfirmedBy(in.Proof), err)
		}})
}

// requester asks who asked for a request, as known now.
func (d *Desk) requester(ctx context.Context, id reset.ID) (policy.Person, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	r, err := d.Record.Get(ctx, id)
	if err != nil {
		return policy.Person{}, err
	}
	all, err := d.known(ctx, r.Asked.By)
	if err != nil {
		return policy.Person{}, err
	}
	return all[0], nil
}

// act is what a person does to a request.
type act struct {
	decision     bool // lets resets happen or settles whether they do, so it must be fresh; what stops them never comes too late
	stops        bool // takes Slack's answer alone
	unlessFrozen bool
	may          func(policy.Rules, policy.Person, *reset.Request) error
	move         func(*reset.Request, policy.Person) ([]reset.Fact, error)
}

// change makes one act of a person: a decision must be fresh, the policy must
// let them, and the move must be possible. All is judged on the very head that
// is changed, and after the record has looked for the op: what took effect is
// not called stale when it comes again.
func (d *Desk) change(ctx context.Context, in Intent, a act) (*reset.Request, error) {
	p, err := d.actorOf(ctx, in, a)
	if err != nil {
		return nil, err
	}
	rules := d.Rules()
	return d.Record.Update(ctx, in.Request, in.Op, a.unlessFrozen, func(r *reset.Request) ([]reset.Fact, error) {
		if a.decision {
			if err := d.late(in); err != nil {
				return nil, err
			}
		}
		if err := a.may(rules, p, r); err != nil {
			return nil, err
		}
		return a.move(r, p)
	})
}

// actorOf asks who makes an act. Who may not is found out on the head that is changed.
func (d *Desk) actorOf(ctx context.Context, in Intent, a act) (policy.Person, error) {
	if !a.stops {
		return d.person(ctx, in)
	}
	r, err := d.Record.Get(ctx, in.Request)
	if err != nil {
		return policy.Person{}, err
	}
	p, err := d.bySlack(ctx, in, func(p policy.Person) error { return a.may(d.Rules(), p, r) })
	if is[*policy.Refusal](err) {
		err = nil
	}
	return p, err
}

func one(f reset.Fact, err error) ([]reset.Fact, error) {
	if err != nil {
		return nil, err
	}
	return []reset.Fact{f}, nil
}
