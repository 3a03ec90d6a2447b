package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/planner"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// peopleAge is how old knowledge of a person may be when it is used.
const peopleAge = time.Minute

// review asks again, at the start, about those whose approvals let the request
// run. An approval that no longer holds falls away, and the request waits for
// another; one whose requester may not ask any more is cancelled. It reports
// whether all held.
func (d *driver) review(ctx context.Context, r *reset.Request) (held bool, err error) {
	asking, cancel := context.WithTimeout(ctx, planner.PeopleTime)
	defer cancel()
	ids := []reset.Person{r.Asked.By}
	for _, v := range r.Approved {
		ids = append(ids, v.By)
	}
	all, err := d.People.Persons(asking, ids...)
	if err != nil {
		return false, fmt.Errorf("ask who approved %s: %w", r.ID, err)
	}
	for _, p := range all {
		if time.Since(p.At) > peopleAge {
			return false, fmt.Errorf("what is known of %s is too old", p.ID)
		}
	}
	rules := d.Rules()
	if rules.IsRequester(all[0]) != nil {
		return false, d.move(ctx, false, func(r *reset.Request, now time.Time) (reset.Fact, error) {
			if r.State != reset.Approved {
				return reset.Fact{}, reset.ErrNotYet
			}
			return r.Withdraw("The requester can't ask for this any more.", now)
		})
	}
	fell, err := d.revoked(ctx, rules, r, all[0], all[1:])
	if err != nil || len(fell) == 0 {
		return err == nil, err
	}
	_, err = d.Record.Update(ctx, d.id, "", false, func(now *reset.Request) (facts []reset.Fact, err error) {
		if now.State != reset.Approved || !sameDecisions(now, r) {
			return nil, nil
		}
		for _, v := range fell {
			f, err := now.Revoke(v.By, v.Why, time.Now())
			if err != nil {
				return nil, err
			}
			facts = append(facts, f)
		}
		return facts, nil
	})
	return false, err
}

// revoked returns the decisions that would not count now, with why.
func (d *driver) revoked(ctx context.Context, rules policy.Rules, r *reset.Request, requester policy.Person, voters []policy.Person) ([]reset.Decision, error) {
	rows, err := policy.RowsOf(voters, d.Record.Targets(ctx, r.ID, r.Plan.Revision, 1))
	if err != nil {
		return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
	}
	revoked, _ := rules.Recheck(r, requester, voters, rows)
	return revoked, nil
}

// sameDecisions reports whether the same persons have approved the same plan.
func sameDecisions(a, b *reset.Request) bool {
	return a.Plan.Digest == b.Plan.Digest && slices.EqualFunc(a.Approved, b.Approved, func(x, y reset.Decision) bool { return x.By == y.By && x.At.Equal(y.At) })
}
