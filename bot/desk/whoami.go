package desk

import (
	"context"
	"errors"
	"fmt"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Standing is what a person may do here.
type Standing struct {
	Person     policy.Person
	Requester  bool
	Approver   bool
	BreakGlass bool             // may approve that protected users are included
	Why        string           // why they may do nothing, or not approve; "" where there is nothing to say
	Channels   []reset.Channel  // where requests are made
	Open       []*reset.Request // theirs that are not settled, newest first
	Waiting    []*reset.Request // those that this person may decide now, newest first
}

// WhoAmI tells what the person may do here, from knowledge of this moment.
func (d *Desk) WhoAmI(ctx context.Context, in Intent) (Standing, error) {
	p, err := d.person(ctx, in)
	if err != nil {
		return Standing{}, err
	}
	rules := d.Rules()
	asks := rules.IsRequester(p)
	s := Standing{
		Person: p, Requester: asks == nil, Approver: rules.IsApprover(p), BreakGlass: rules.BreaksGlass(p),
		Channels: rules.Channels,
	}
	var refusal *policy.Refusal
	if errors.As(asks, &refusal) {
		s.Why = refusal.Words
	}
	open := reset.Query{States: unsettled()}
	for r, err := range d.Record.Requests(ctx, open) {
		switch {
		case err != nil:
			return s, fmt.Errorf("list requests: %w", err)
		case r.Asked.By == in.By:
			s.Open = append(s.Open, r)
		case r.State == reset.Pending && rules.MayDecide(p, r) == nil && !r.HasApproved(in.By):
			s.Waiting = append(s.Waiting, r)
		}
	}
	return s, nil
}

// unsettled are the states in which something may still happen to a request.
func unsettled() []reset.State {
	return []reset.State{reset.Planning, reset.Pending, reset.Approved, reset.Running, reset.Paused, reset.Stopping, reset.Verifying}
}
