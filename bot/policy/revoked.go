package policy

import (
	"errors"
	"slices"

	"factorbot/bot/reset"
)

// RevokedReason says why an approval that counted once does not count now, for everybody
// who reads the message; "" where it does. One that stood for a group stands
// for it still, or falls.
func (r Rules) RevokedReason(v reset.Decision, p Person, req *reset.Request, l ApprovalContext) string {
	if refusal := (*Refusal)(nil); errors.As(r.MayApprove(p, req, l), &refusal) {
		return ReasonText(refusal.Code)
	}
	now := r.NewDecision(p, req.Terms, v.Digest)
	if slices.ContainsFunc(v.From, func(q int) bool { return !slices.Contains(now.From, q) }) {
		return "they aren't in the group any more that they approved for"
	}
	return ""
}

// ReasonText says why an approval no longer holds, by the code of the refusal that it would get now, for everybody who reads the message.
func ReasonText(code string) string {
	switch code {
	case CodeDeactivated:
		return "their Slack account is deactivated"
	case CodeGuest, CodeStranger, CodeBot:
		return "they aren't a full member of this workspace any more"
	case CodeOwnTarget:
		return "they're one of its users"
	case CodeOwnRequest:
		return "they're the requester, with another account"
	case CodePushRefused:
		return "a push about it was refused in Okta Verify"
	case CodeOktaMoved:
		return "their Slack account leads to another Okta user now"
	case CodeSamePerson:
		return "they're the same person as another approver"
	}
	return "they aren't an approver any more"
}
