package people

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"factorbot/bot/announcer"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Plans are the targets of requests.
type Plans interface {
	Targets(ctx context.Context, id reset.ID, revision, fromRow int) iter.Seq2[reset.Target, error]
}

// Approvers lists the people that a request needs.
type Approvers struct {
	People *Directory
	Plans  Plans
}

// MayApprove lists those whose approval of the request would count now: not the
// requester, nobody that the plan resets, each person once.
func (a Approvers) MayApprove(ctx context.Context, r *reset.Request) ([]reset.Person, error) {
	listed, err := a.People.Approvers(ctx)
	if errors.Is(err, ErrManyApprovers) {
		return nil, announcer.ErrManyApprovers
	}
	if err != nil {
		return nil, err
	}
	asks, err := a.People.several(ctx, ages{shared, groupAge, groupAge}, []reset.Person{r.Asked.By})
	if err != nil {
		return nil, err
	}
	var able []policy.Person
	for _, p := range listed {
		look := policy.ApprovalContext{Requester: asks[0], Earlier: able}
		if a.People.Rules().MayApprove(p, r, look) == nil {
			able = append(able, p)
		}
	}
	if able, err = a.untouched(ctx, r, able); err != nil {
		return nil, err
	}
	ids := make([]reset.Person, 0, len(able))
	for _, p := range able {
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// untouched leaves out the people that the plan resets.
func (a Approvers) untouched(ctx context.Context, r *reset.Request, able []policy.Person) ([]policy.Person, error) {
	for t, err := range a.Plans.Targets(ctx, r.ID, r.Plan.Revision, 0) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		if t.Action == reset.ActionReset {
			able = slices.DeleteFunc(able, func(p policy.Person) bool { return p.Is(t) })
		}
	}
	return able, nil
}
