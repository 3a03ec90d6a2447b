package runner

import (
	"context"
	"errors"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/planner"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// planPatience is how long a plan is tried when Okta cannot be asked, before the request is given up.
const planPatience = 10 * time.Minute

// plan has the plan made, and asks for approval or rejects the request.
func (d *driver) plan(ctx context.Context, r *reset.Request) error {
	if d.planning.IsZero() {
		d.planning = time.Now()
	}
	if r.Asked.Kind == reset.KindExport {
		res, err := d.planner.PlanExport(ctx, r)
		if err != nil {
			return d.planFailed(ctx, err)
		}
		return d.freeze(ctx, res)
	}
	return d.planFailed(ctx, d.planner.Plan(ctx, r, func(res planner.Result) error { return d.freeze(ctx, res) }))
}

// freeze makes the move that a planning ends with.
func (d *driver) freeze(ctx context.Context, res planner.Result) error {
	return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) {
		return r.FreezePlan(res.Plan, res.Terms, now.Add(d.Rules().ExpiresAfter), now)
	})
}

// planFailed gives a request up where trying again cannot help, or has not helped for a while.
func (d *driver) planFailed(ctx context.Context, err error) error {
	if no, ok := errors.AsType[*policy.Refusal](err); ok {
		return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) { return r.Reject(no.Code, no.Words, now) })
	}
	e, ok := errors.AsType[*okta.Error](err)
	if !ok || ctx.Err() != nil {
		return err
	}
	hopeless := e.Effect == okta.EffectRejected || e.Kind == okta.KindAuth || e.Kind == okta.KindScope
	if !hopeless && time.Since(d.planning) < planPatience {
		return err
	}
	d.Log.Error("plan given up", "request", d.id, "err", err)
	why := "Okta couldn't be asked about the users, so nobody is reset. " + batch.Advice(err) + " Then ask again."
	return d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) {
		return r.Reject("okta_refused", why, now)
	})
}
