package planner

import (
	"context"
	"fmt"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// terms asks the policy what the plan is bound to.
func (pl *planning) terms(ctx context.Context, r *reset.Request, p reset.Plan, targets []reset.Target) (reset.Terms, error) {
	now := time.Now()
	spent, err := policy.Recent(pl.Record.Requests(ctx, reset.Query{Since: now.Add(-policy.Day)}), r.Asked, now, r.ID)
	if err != nil {
		return reset.Terms{}, fmt.Errorf("list the requests of %s: %w", r.Asked.By, err)
	}
	c := policy.Case{Kind: r.Asked.Kind, Options: r.Asked.Options, Resets: p.Resets, Recent: spent.Targets}
	asking, cancel := context.WithTimeout(ctx, PeopleTime)
	defer cancel()
	if c.Handles, err = pl.People.Handles(asking); err != nil {
		pl.Log.Warn("the names of user groups are not known", "request", pl.id, "err", err)
	}
	if c.Able, err = pl.able(asking, r, targets); err != nil {
		pl.Log.Warn("how many may approve is not known", "request", pl.id, "err", err)
	}
	return pl.Rules().TermsFor(c), nil
}

// able counts the persons whose approval could count.
func (pl *planning) able(ctx context.Context, r *reset.Request, targets []reset.Target) (int, error) {
	listed, err := pl.People.Approvers(ctx)
	if err != nil {
		return 0, fmt.Errorf("list the approvers: %w", err)
	}
	requester, err := pl.People.Persons(ctx, r.Asked.By)
	if err != nil {
		return 0, fmt.Errorf("ask who %s is: %w", r.Asked.By, err)
	}
	meant := map[reset.Person]bool{}
	for _, p := range listed {
		for i := range targets {
			if p.Is(targets[i]) {
				meant[p.ID] = true
				break
			}
		}
	}
	return pl.Rules().Able(listed, r, requester[0], func(p policy.Person) bool { return meant[p.ID] }), nil
}
