package desk

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// statusShown is how many requests a person is shown.
const statusShown = 10

// Status returns one request, or the newest ones of the person who asks: those
// that are not settled first. Another's request is shown to those who may read it.
func (d *Desk) Status(ctx context.Context, in Intent) ([]*reset.Request, error) {
	if in.Request != "" {
		return d.shown(ctx, in)
	}
	var open, settled []*reset.Request
	for r, err := range d.Record.Requests(ctx, reset.Query{By: in.By}) {
		switch {
		case err != nil:
			return nil, fmt.Errorf("list requests: %w", err)
		case !r.State.Settled():
			open = append(open, r)
		case len(settled) == statusShown: // the newest are enough
		default:
			settled = append(settled, r)
		}
		if len(open) == statusShown {
			return open, nil
		}
	}
	all := append(open, settled...)
	return all[:min(len(all), statusShown)], nil
}

// shown reads a request for somebody who asked for it, or may read what others asked for.
func (d *Desk) shown(ctx context.Context, in Intent) ([]*reset.Request, error) {
	r, err := d.Record.Get(ctx, in.Request)
	if err != nil {
		return nil, err
	}
	if r.Asked.By != in.By {
		if err := d.mayRead(ctx, in, r); err != nil {
			return nil, err
		}
	}
	return []*reset.Request{r}, nil
}

// HistoryQuery chooses requests of the past; a zero field does not restrict.
type HistoryQuery struct {
	By    reset.Person // the requester
	Since time.Time    // asked at or after
	Limit int          // 0: historyShown
}

// historyShown is how many requests a history has unless it is asked for another number.
const historyShown = 20

// History lists requests that the person may read, newest first, and reports
// whether there are more.
func (d *Desk) History(ctx context.Context, in Intent, q HistoryQuery) (all []*reset.Request, more bool, err error) {
	limit := cmp.Or(q.Limit, historyShown)
	for r, err := range d.readable(ctx, in, reset.Query{By: q.By, Since: q.Since}) {
		switch {
		case err != nil:
			return nil, false, err
		case len(all) == limit:
			return all, true, nil
		}
		all = append(all, r)
	}
	return all, false, nil
}

// readable yields the requests that the person may read. Where that is none, and there
// are some, it yields the refusal.
func (d *Desk) readable(ctx context.Context, in Intent, q reset.Query) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		read, err := d.reader(ctx, in)
		if err != nil {
			yield(nil, err)
			return
		}
		var refused error
		some := false
		for r, err := range d.Record.Requests(ctx, q) {
			if err != nil {
				err = fmt.Errorf("list requests: %w", err)
			} else if err = read(r); is[*policy.Refusal](err) {
				refused = err
				continue
			}
			some = true
			if !yield(r, err) {
				return
			}
		}
		if refused != nil && !some {
			yield(nil, refused)
		}
	}
}
