package app

import (
	"context"
	"errors"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
)

// enrolments tells people who has enrolled again, or that Okta is away.
type enrolments struct{ runner *runner.Runner }

// Enrolled is the runner's; it returns a *desk.AwayError where Okta does not answer.
func (e enrolments) Enrolled(ctx context.Context, id reset.ID) (of int, again []time.Time, err error) {
	of, again, err = e.runner.Enrolled(ctx, id)
	if errors.Is(err, runner.ErrOktaSilent) {
		err = &desk.AwayError{Service: "Okta", Err: err}
	}
	return of, again, err
}
