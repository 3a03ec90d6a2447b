package desk

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
)

// Report takes the word of an affected user that the reset of in.Row was not
// wanted, and reports whether it paused the batch. Only the person whose Okta
// user that row is may say so.
func (d *Desk) Report(ctx context.Context, in Intent) (*reset.Request, bool, error) {
	r, err := d.Record.Get(ctx, in.Request)
	if err != nil {
		return nil, false, err
	}
	var target reset.Target
	for t, err := range d.Plans.Targets(ctx, r.ID, r.Plan.Revision, in.Row) {
		if err != nil {
			return nil, false, fmt.Errorf("read row %d of %s: %w", in.Row, r.ID, err)
		}
		target = t
		break
	}
	if err := d.mayReport(ctx, in, target); err != nil {
		return nil, false, err
	}
	paused := false
	r, err = d.Record.Update(ctx, in.Request, in.Op, false, func(r *reset.Request) (facts []reset.Fact, err error) {
		facts, paused, err = r.Report(reset.Report{Row: in.Row, By: in.By, At: d.Now()})
		return facts, err
	})
	return r, paused, err
}

// mayReport judges by Slack's e-mail, and only where that is not the user's login asks Okta who the person is.
func (d *Desk) mayReport(ctx context.Context, in Intent, target reset.Target) error {
	p, err := d.actor(ctx, in, d.People.Member)
	if err != nil || d.Rules().MayReport(p, in.Row, target) == nil {
		return err
	}
	if p, err = d.actor(ctx, in, d.People.Known); err != nil {
		return err
	}
	return d.Rules().MayReport(p, in.Row, target)
}
