package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// Enrolments tells who has enrolled a factor, each user from a moment of Okta's clock on. The client for Okta is one.
type Enrolments interface {
	EnrolledSince(ctx context.Context, since map[string]time.Time) (map[string]okta.Enrolment, error)
}

// ErrOktaSilent says that Okta could not be asked.
var ErrOktaSilent = errors.New("no answer from Okta")

// Enrolled returns how many users the request has reset, and how many of them
// have enrolled a factor since: by Okta's System Log, of a few also by their factors.
// It returns ErrOktaSilent where Okta does not answer.
func (r *Runner) Enrolled(ctx context.Context, id reset.ID) (of, again int, err error) {
	head, err := r.Heads.Get(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	ledger := reset.NewLedger()
	for e, err := range r.Journal.Log(ctx, id, 1) {
		if err != nil {
			return 0, 0, fmt.Errorf("read the log of %s: %w", id, err)
		}
		ledger.Apply(e)
	}
	since := map[string]time.Time{}
	for t, err := range r.Plans.Targets(ctx, id, head.Plan.Revision, 1) {
		if err != nil {
			return 0, 0, fmt.Errorf("read the plan of %s: %w", id, err)
		}
		if p := ledger.Row(t.Row); p.Outcome == reset.OutcomeReset && p.Sent != nil {
			since[string(t.User)] = p.Sent.OktaAt.Add(clockMargin)
		}
	}
	if len(since) == 0 {
		return 0, 0, nil
	}
	found, err := r.Enrolments.EnrolledSince(okta.WithLane(ctx, okta.Lane(id)), since)
	if err != nil {
		return 0, 0, fmt.Errorf("ask who has enrolled since %s: %w: %w", id, ErrOktaSilent, err)
	}
	return len(since), len(found), nil
}
