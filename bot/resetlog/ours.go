package resetlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// Reset is a reset of ours, or of one factor, of which the System Log tells.
type Reset struct {
	User reset.UserID
	At   time.Time // Okta's clock
}

// Ours yields what this installation has reset since a moment of Okta's clock, as far as
// the System Log tells of it now.
func Ours(ctx context.Context, o Okta, since time.Time) iter.Seq2[Reset, error] {
	return func(yield func(Reset, error) bool) {
		me, err := o.Me(ctx)
		if err != nil {
			yield(Reset{}, fmt.Errorf("ask Okta who we are: %w", err))
			return
		}
		for page, err := range pages(ctx, o.Events(since, eventResetAll, eventDeactivate)) {
			if err != nil {
				yield(Reset{}, err)
				return
			}
			for _, e := range page {
				if !o.Ours(me, e) || e.Outcome != "SUCCESS" {
					continue
				}
				for _, id := range e.Targets {
					if !yield(Reset{User: reset.UserID(id), At: e.At}, nil) {
						return
					}
				}
			}
		}
	}
}

// pages yields what the System Log tells by now, page by page.
func pages(ctx context.Context, events *okta.Events) iter.Seq2[[]okta.Event, error] {
	return func(yield func([]okta.Event, error) bool) {
		for range mostPages {
			page, err := events.Next(ctx)
			if err != nil {
				yield(nil, fmt.Errorf("read the System Log: %w", err))
				return
			}
			if len(page) == 0 || !yield(page, nil) {
				return
			}
		}
		yield(nil, errors.New("the System Log has more events than can be read at once"))
	}
}
