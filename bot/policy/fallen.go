package policy

import (
	"errors"
	"slices"

	"factorbot/bot/reset"
)

// Fell says why an approval that counted once does not count now, for everybody
// who reads the message; "" where it does. One that stood for a group stands
// for it still, or falls.
func (r Rules) Fell(v reset.Voice, p Person, req *reset.Request, l Look) string {
	if refusal := (*Refusal)(nil); errors.As(r.MayApprove(p, req, l), &refusal) {
		return Fallen(refusal.Code)
	}
	now := r.Voice(p, req.Terms, v.Digest)
	if slices.ContainsFunc(v.From, func(q int) bool { return !slices.Contains(now.From, q) }) {
		return "is not in the group any more that they stood for"
	}
	return ""
}

// Fallen says why an approval no longer holds, by the code of the refusal that it would get now, for everybody who reads the message.
func Fallen(code string) string {
	switch code {
	case CodeDeactivated:
		return "the Slack account is deactivated"
	case CodeGuest, CodeStranger, CodeBot:
		return "not a full member of this workspace any more"
	case CodeOwnTarget:
		return "is in the plan themselves"
	case CodeOwnRequest:
		return "is the requester, by another account"
	case CodePushRefused:
		return "a push about it was refused in Okta Verify"
	case CodeOktaMoved:
		return "the Slack account leads to another Okta user now"
	case CodeSamePerson:
		return "is the same person as another approver"
	}
	return "is not an approver any more"
}
