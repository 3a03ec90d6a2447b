package desk

import (
	"context"
	"fmt"

	"factorbot/bot/reset"
)

// statusShown is how many requests a person is shown.
const statusShown = 10

// Status returns one request, or the newest ones of the person who asks: those that are not settled first.
func (d *Desk) Status(ctx context.Context, in Intent) ([]*reset.Request, error) {
	if in.Request != "" {
		r, err := d.Record.Get(ctx, in.Request)
		if err != nil {
			return nil, err
		}
		return []*reset.Request{r}, nil
	}
	var open, settled []*reset.Request
	for r, err := range d.Record.Requests(ctx, reset.Query{By: in.By}) {
		switch {
		case err != nil:
			return nil, fmt.Errorf("list requests: %w", err)
		case !r.State.Settled():
			open = append(open, r)
		case len(settled) < statusShown:
			settled = append(settled, r)
		}
		if len(open) == statusShown {
			return open, nil
		}
	}
	all := append(open, settled...)
	return all[:min(len(all), statusShown)], nil
}
