package desk

import (
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// confirmed judges the proof of a decision that takes an answer in Okta Verify: it must
// be there, of the person's own Okta user, and for this decision.
func (d *Desk) confirmed(in Intent, p policy.Person, id reset.ID, subject string) error {
	switch {
	case !d.Rules().StepUp.On() && in.Proof == nil:
		return nil
	case in.Proof == nil:
		return &reset.StepUpError{ID: id}
	case p.Okta == nil:
		return reset.ErrProof
	}
	return in.Proof.Fits(p.Okta.ID, subject)
}

// askedAt is when a decision was made: at the answer in Okta Verify, where it has one.
func (in Intent) askedAt() time.Time {
	if in.Proof != nil {
		return in.Proof.At
	}
	return in.Asked
}
