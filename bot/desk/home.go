package desk

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
)

// Home is what a person's home tab shows.
type Home struct {
	Standing
	Running   []*reset.Request // of everybody that the person may see: approved, and not settled yet
	Past      []*reset.Request // settled, newest first
	Policy    []string         // in words
	Approvers []reset.Person   // those that the policy names one by one
}

// pastShown is how many settled requests a home tab has, and pastLooked how many requests are looked through for them.
const (
	pastShown  = 20
	pastLooked = 200
)

// Home tells what concerns the person now: of the requests those that they may read.
func (d *Desk) Home(ctx context.Context, in Intent) (Home, error) {
	s, err := d.WhoAmI(ctx, in)
	if err != nil {
		return Home{}, err
	}
	rules := d.Rules()
	h := Home{Standing: s, Policy: rules.Words(), Approvers: rules.Approvers.Users}
	q := reset.Query{Limit: pastLooked}
	read := d.readerOf(ctx, s.Person)
	for r, err := range d.Record.Requests(ctx, q) {
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
	for r, err := range d.Record.Requests(ctx, reset.Query{States: underWay()}) {
		if err != nil {
			return h, fmt.Errorf("list requests: %w", err)
		}
		if read(r) == nil {
			h.Running = append(h.Running, r)
		}
	}
	return h, nil
}

// underWay are the states of requests that run, or are about to.
func underWay() []reset.State {
	return []reset.State{reset.Approved, reset.Running, reset.Paused, reset.Stopping, reset.Verifying}
}
