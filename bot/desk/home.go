package desk

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
)

// pastShown is how many settled requests a home tab has, and pastLooked how many requests are looked through for them.
const (
	pastShown  = 20
	pastLooked = 200
)

// Home tells what concerns the person now: of the requests those that they may read.
func (d *Desk) Home(ctx context.Context, in Intent) (reset.Home, error) {
	p, away, err := d.whoever(ctx, in)
	if err != nil {
		return reset.Home{}, err
	}
	s, err := d.standing(ctx, p, away)
	if err != nil {
		return reset.Home{}, err
	}
	rules := d.Rules()
	h := reset.Home{Standing: s, Policy: rules.Words(), Approvers: rules.Approvers.Users}
	read := d.readerOf(ctx, p)
	for r, err := range d.Record.Requests(ctx, reset.Query{Limit: pastLooked}) {
		switch {
		case err != nil:
			return h, fmt.Errorf("list requests: %w", err)
		case r.State.Settled() && read(r) == nil:
			h.Past = append(h.Past, r)
		}
		if len(h.Past) == pastShown {
			break
		}
	}
	underWay := []reset.State{reset.Approved, reset.Running, reset.Paused, reset.Stopping, reset.Verifying}
	for r, err := range d.Record.Requests(ctx, reset.Query{States: underWay}) {
		if err != nil {
			return h, fmt.Errorf("list requests: %w", err)
		}
		if read(r) == nil {
			h.Running = append(h.Running, r)
		}
	}
	return h, nil
}
