package okta

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	sdk "github.com/okta/okta-sdk-golang/v2/okta"

	"factorbot/okta/internal/wire"
	"factorbot/okta/pacer"
)

// Slot is the right to send one call that changes something, at its bucket's pace.
// Use it or Release it.
type Slot struct {
	grant *pacer.Grant
	spent atomic.Bool // used, or given back
}

// Step is what a slot is taken for: each kind of call may draw on a bucket of its own.
type Step int

// The steps.
const (
	StepReset    Step = iota // ResetFactors
	StepDelete               // DeleteFactor
	StepSessions             // ClearSessions
)

// endpoint is the kind of call that the step makes.
func (s Step) endpoint() wire.Endpoint {
	switch s {
	case StepDelete:
		return wire.EndpointOf(http.MethodDelete, "/api/v1/users/ID/factors/ID")
	case StepSessions:
		return wire.EndpointOf(http.MethodDelete, "/api/v1/users/ID/sessions")
	}
	return wire.EndpointOf(http.MethodPost, "/api/v1/users/ID/lifecycle/reset_factors")
}

// Take waits for the pace of a step's bucket, in lane's turn.
func (c *Client) Take(ctx context.Context, lane Lane, step Step) (*Slot, error) {
	asked := time.Now()
	if err := c.auth.ready(ctx); err != nil {
		return nil, err
	}
	g, err := acquire(ctx, c.pacer, "take a slot", step.endpoint(), lane, true)
	if err != nil {
		return nil, err
	}
	g.CountTurn(asked)
	return &Slot{grant: g}, nil
}

// Slots is how many slots there is work for at this moment: few at a slow pace, more
// than calls at once where Okta answers faster than what leads to a call takes.
func (c *Client) Slots() int { return c.pacer.Slots() }

// Context makes the reads under ctx go before anything else: a slot waits for them.
func (s *Slot) Context(ctx context.Context) context.Context {
	return WithLane(ctx, pacer.Held)
}

// Release gives an unused slot back. It may be called again, and after use.
func (s *Slot) Release() {
	if s != nil && s.spent.CompareAndSwap(false, true) {
		s.grant.Release()
	}
}

// Receipt is what Okta says of a call that it carried out.
type Receipt struct {
	RequestID string    // X-Okta-Request-Id
	At        time.Time // Okta's Date, whole seconds
}

// ResetFactors removes all of a user's factors. It uses the slot, begins
// within 2 s of asked (when the journal's commit was asked for) or sends
// nothing, and ends within 30 s of it. It never repeats; what came of a
// failure is in its Error's Effect.
func (c *Client) ResetFactors(ctx context.Context, s *Slot, asked time.Time, userID string) (Receipt, error) {
	const op = "reset factors"
	if !IsUserID(userID) {
		s.Release()
		return Receipt{}, unsafeID(op, "the user ID")
	}
	return c.send(ctx, op, s, asked, func(ctx context.Context) (*sdk.Response, error) {
		return c.sdk.User.ResetFactors(ctx, userID)
	})
}

// DeleteFactor removes one factor, as ResetFactors does all. Okta removes
// push, signed_nonce and Okta Verify's totp together, so a 404 can mean that
// it went with a sibling. With forgetPhone (sms and call only) the number is
// no longer a recovery method either.
func (c *Client) DeleteFactor(ctx context.Context, s *Slot, asked time.Time, userID, factorID string, forgetPhone bool) (Receipt, error) {
	const op = "delete factor"
	if !IsUserID(userID) || !IsFactorID(factorID) {
		s.Release()
		return Receipt{}, unsafeID(op, "the user's or the factor's ID")
	}
	return c.send(ctx, op, s, asked, func(ctx context.Context) (*sdk.Response, error) {
		if !forgetPhone {
			return c.sdk.UserFactor.DeleteFactor(ctx, userID, factorID)
		}
		// The SDK's own call lacks the parameter.
		return c.request(ctx, http.MethodDelete, "/api/v1/users/"+userID+"/factors/"+factorID+"?removeRecoveryEnrollment=true", nil, nil)
	})
}

// ClearSessions ends a user's Okta sessions; those of web and native apps go
// on, as Okta documents. Otherwise as ResetFactors.
func (c *Client) ClearSessions(ctx context.Context, s *Slot, asked time.Time, userID string) (Receipt, error) {
	const op = "clear sessions"
	if !IsUserID(userID) {
		s.Release()
		return Receipt{}, unsafeID(op, "the user ID")
	}
	return c.send(ctx, op, s, asked, func(ctx context.Context) (*sdk.Response, error) {
		return c.sdk.User.ClearUserSessions(ctx, userID, nil)
	})
}

// send makes the one exchange of a write.
func (c *Client) send(ctx context.Context, op string, s *Slot, asked time.Time, do func(context.Context) (*sdk.Response, error)) (Receipt, error) {
	if s == nil || !s.spent.CompareAndSwap(false, true) {
		return Receipt{}, &Error{Op: op, Effect: EffectNone, Kind: KindInvalid, Summary: "no slot, or one that was used before"}
	}
	cl := &exchange{op: op, transport: c.transport, grant: s.grant, asked: asked, write: true}
	if err := c.through(ctx, cl, do); err != nil {
		return Receipt{}, err
	}
	at := cl.ans.date
	if at.IsZero() {
		offset, _ := c.Clock()
		at = time.Now().Add(offset).UTC().Truncate(time.Second)
	}
	return Receipt{RequestID: cl.ans.requestID, At: at}, nil
}
