package planner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// terms asks the policy what the plan is bound to.
func (pl *planning) terms(ctx context.Context, r *reset.Request, p reset.Plan, targets []reset.Target) (reset.Terms, error) {
	now := time.Now()
	spent, err := policy.AskedToday(pl.Record.Requests(ctx, reset.Query{Since: now.Add(-policy.Day)}), r.Asked, now, r.ID)
	if err != nil {
		return reset.Terms{}, fmt.Errorf("list the requests of %s: %w", r.Asked.By, err)
	}
	c := policy.Case{Kind: r.Asked.Kind, Options: r.Asked.Options, Resets: p.Resets, Recent: spent.Targets}
	asking, cancel := context.WithTimeout(ctx, PeopleTime)
	defer cancel()
	if c.Handles, err = pl.People.Handles(asking); err != nil {
		pl.Log.Warn("the names of user groups are not known", "request", pl.id, "err", err)
	}
	able, err := pl.ableApprovers(asking, r, targets)
	if err != nil {
		pl.Log.Warn("how many may approve is not known", "request", pl.id, "err", err)
	}
	c.Able = len(able)
	t := pl.Rules().TermsFor(c)
	if t.StepUp && pl.Confirms != nil && err == nil {
		n, err := pl.Confirms(asking, able)
		if err != nil {
			pl.Log.Warn("how many can confirm in Okta Verify is not known", "request", pl.id, "err", err)
			return t, nil
		}
		t.Confirmers = &n
	}
	return t, nil
}

// ableApprovers lists the persons whose approval could count.
func (pl *planning) ableApprovers(ctx context.Context, r *reset.Request, targets []reset.Target) ([]policy.Person, error) {
	listed, err := pl.People.Approvers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the approvers: %w", err)
	}
	requester, err := pl.People.Persons(ctx, r.Asked.By)
	if err != nil {
		return nil, fmt.Errorf("ask who %s is: %w", r.Asked.By, err)
	}
	isTarget := func(p policy.Person) bool { return slices.ContainsFunc(targets, p.Is) }
	return pl.Rules().Able(listed, r, requester[0], isTarget), nil
}
