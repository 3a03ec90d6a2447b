package okta

import (
	"context"
	"maps"
	"slices"
	"time"
)

// FactorActivated is the System Log's event of a factor being enrolled, on
// both of Okta's engines (Okta, event types).
const FactorActivated = "user.mfa.factor.activate"

// FewEnrolments is up to how many users are asked for their factors where the
// log shows nothing of them.
const FewEnrolments = 25

// Enrolment is the first factor that a user enrolled.
type Enrolment struct {
	At     time.Time // by Okta's clock
	Factor string    // as the log names it ("OKTA_VERIFY_PUSH"), or its type ("push")
}

// EnrolledSince finds who has enrolled a factor, each user from a moment of
// Okta's clock on (of the reset: Receipt.At). It streams the log from the
// earliest moment to now; of up to FewEnrolments users, those that the log does not
// show (it lags) are asked for their factors. An e-mail factor that Okta
// enrolled by itself does not count; as a list of factors does not say who enrolled
// it, e-mail counts by the log only. Who has not enrolled is not in the answer.
func (c *Client) EnrolledSince(ctx context.Context, since map[string]time.Time) (map[string]Enrolment, error) {
	found := map[string]Enrolment{}
	if len(since) == 0 {
		return found, nil
	}
	few := len(since) <= FewEnrolments
	err := c.enrolledByLog(ctx, since, found)
	if withoutLog := few && IsKind(err, KindForbidden, KindScope); err != nil && !withoutLog {
		return nil, err
	}
	if !few {
		return found, nil
	}
	return found, c.enrolledByList(ctx, since, found)
}

func (c *Client) enrolledByLog(ctx context.Context, since map[string]time.Time, found map[string]Enrolment) error {
	earliest := slices.MinFunc(slices.Collect(maps.Values(since)), time.Time.Compare)
	for e, err := range c.EventStream(ctx, earliest, time.Time{}, FactorActivated) {
		if err != nil {
			return err
		}
		if e.Outcome != "SUCCESS" || e.Automatic {
			continue
		}
		for _, id := range e.Targets {
			from, asked := since[id]
			if before, known := found[id]; asked && !e.At.Before(from) && (!known || e.At.Before(before.At)) {
				found[id] = Enrolment{At: e.At, Factor: e.Factor}
			}
		}
	}
	return nil
}

// enrolledByList asks for the factors of those who are not found yet. Okta shows
// creation times in whole seconds.
func (c *Client) enrolledByList(ctx context.Context, since map[string]time.Time, found map[string]Enrolment) error {
	for _, id := range slices.Sorted(maps.Keys(since)) {
		if _, known := found[id]; known {
			continue
		}
		factors, err := c.Factors(ctx, id)
		if IsKind(err, KindNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for _, f := range factors {
			first, known := found[id]
			if f.Status == "ACTIVE" && f.Type != emailFactor && !f.Created.Before(since[id].Truncate(time.Second)) && (!known || f.Created.Before(first.At)) {
				found[id] = Enrolment{At: f.Created, Factor: f.Type}
			}
		}
	}
	return nil
}
