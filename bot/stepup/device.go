package stepup

import (
	"context"
	"fmt"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// userOf is the person's own Okta user.
func (v *Verifier) userOf(ctx context.Context, id reset.Person) (*policy.OktaAccount, error) {
	asking, cancel := context.WithTimeout(ctx, peopleTime)
	defer cancel()
	p, err := v.People.Person(asking, id)
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask who %s is: %w", id, err)
	case p.Okta == nil:
		return nil, refusal("no_okta_user", "Your Slack e-mail doesn't lead to exactly one Okta user, so Okta Verify can't ask you. Ask your admin.")
	case p.Okta.Status != "ACTIVE":
		return nil, refusal("okta_user_inactive", "Your Okta account isn't active, so Okta Verify can't ask you. Ask your admin.")
	}
	return p.Okta, nil
}

// device is the phone that is asked.
func (v *Verifier) device(ctx context.Context, user *policy.OktaAccount) (okta.Device, error) {
	list, err := v.Okta.Devices(ctx, string(user.ID))
	if err != nil {
		return okta.Device{}, oktaTrouble(err)
	}
	able, young := v.old(list)
	switch {
	case len(able) > 0:
		return able[0], nil
	case young > 0:
		return okta.Device{}, refusal("enrolled_lately", "You set up Okta Verify within the last 24 hours. It counts here from the day after.")
	}
	return okta.Device{}, refusal("no_push", "You need Okta Verify with push to approve this. Set it up in your Okta settings; it counts from the day after.")
}

// old are the devices that were enrolled long enough ago, by Okta's clock; young counts the others.
func (v *Verifier) old(list []okta.Device) (able []okta.Device, young int) {
	ahead, _ := v.Okta.Clock()
	latest := v.Now().Add(ahead).Add(-youngest)
	for _, d := range list {
		if d.Created.IsZero() || d.Created.After(latest) {
			young++
			continue
		}
		able = append(able, d)
	}
	return able, young
}

// Confirmers counts the persons who can answer a challenge: those with an active Okta
// user that has Okta Verify with push, enrolled more than a day ago.
func (v *Verifier) Confirmers(ctx context.Context, people []policy.Person) (int, error) {
	n := 0
	for _, p := range people {
		if p.Okta == nil || p.Okta.Status != "ACTIVE" {
			continue
		}
		list, err := v.Okta.Devices(ctx, string(p.Okta.ID))
		if err != nil {
			return 0, fmt.Errorf("ask for the devices of %s: %w", p.ID, err)
		}
		if able, _ := v.old(list); len(able) > 0 {
			n++
		}
	}
	return n, nil
}
