package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// WhoAmI tells what the person may do here. Where the policy names Okta groups
// and Okta does not answer, it tells what Slack knows, and that.
func (d *Desk) WhoAmI(ctx context.Context, in Intent) (reset.Standing, error) {
	p, away, err := d.whoever(ctx, in)
	if err != nil {
		return reset.Standing{}, err
	}
	return d.standing(ctx, p, away)
}

// standing tells what a person may do; away is the service that could not say its part.
func (d *Desk) standing(ctx context.Context, p policy.Person, away string) (reset.Standing, error) {
	rules := d.Rules()
	s := reset.Standing{Person: p.ID, Approver: rules.IsApprover(p), BreakGlass: rules.BreaksGlass(p), Channels: rules.Channels, Away: away}
	err := d.isRequester(ctx, p)
	refusal, refused := errors.AsType[*policy.Refusal](err)
	switch {
	case refused:
		s.Why = refusal.Words
	case err != nil:
		return s, err
	default:
		s.Requester = true
	}
	unsettled := slices.DeleteFunc(reset.States(), reset.State.Settled)
	for r, err := range d.Record.Requests(ctx, reset.Query{States: unsettled}) {
		switch {
		case err != nil:
			return s, fmt.Errorf("list requests: %w", err)
		case r.Asked.By == p.ID:
			s.Open = append(s.Open, r)
		case r.State == reset.Pending && rules.MayDecide(p, r) == nil && !r.HasApproved(p.ID):
			s.Waiting = append(s.Waiting, r)
		}
	}
	return s, nil
}

// whoever asks who somebody is, and which service could not say its part.
func (d *Desk) whoever(ctx context.Context, in Intent) (p policy.Person, away string, err error) {
	if p, err = d.actor(ctx, in, d.People.Member); err != nil || !d.Rules().AsksOkta() {
		return p, "", err
	}
	known, err := d.actor(ctx, in, d.People.Known)
	if gone, ok := errors.AsType[*AwayError](err); ok && gone.Service == "Okta" {
		return p, gone.Service, nil
	}
	return known, "", err
}

// isRequester judges whether the person may ask in one channel or another.
func (d *Desk) isRequester(ctx context.Context, p policy.Person) error {
	rules := d.Rules()
	if err := rules.IsRequester(p); err != nil || !rules.Requesters.Empty() {
		return err
	}
	for _, c := range rules.Channels {
		if member, err := d.inChannel(ctx, c, p.ID); err != nil || member {
			return err
		}
	}
	return rules.CheckMember(false)
}

// inChannel asks whether a person is a member of a channel.
func (d *Desk) inChannel(ctx context.Context, c reset.Channel, id reset.Person) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	member, err := d.People.InChannel(ctx, c, id)
	if err != nil {
		return false, fmt.Errorf("ask who is in %s: %w", c, err)
	}
	return member, nil
}
