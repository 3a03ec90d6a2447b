package policy

import (
	"errors"
	"iter"
	"slices"

	"factorbot/bot/reset"
)

// Recheck judges the approvals of a request as they would be judged now: voters are
// whose they are, rows what [RowsOf] says of them. It returns those that do not hold, with
// why, and the persons whose approvals do.
func (r Rules) Recheck(req *reset.Request, requester Person, voters []Person, rows []int) (revoked []reset.Decision, hold []Person) {
	for i, voter := range voters {
		v := req.Approved[i]
		v.Why = r.revokedReason(v, voter, req, ApprovalContext{Requester: requester, Earlier: hold, Row: rows[i]})
		if v.Why == "" {
			hold = append(hold, voter)
		} else {
			revoked = append(revoked, v)
		}
	}
	return revoked, hold
}

// RowsOf returns for each person the first row of the plan that resets them, 0 if there is none.
func RowsOf(people []Person, plan iter.Seq2[reset.Target, error]) ([]int, error) {
	rows := make([]int, len(people))
	for t, err := range plan {
		if err != nil {
			return nil, err
		}
		for i, p := range people {
			if rows[i] == 0 && p.Is(t) {
				rows[i] = t.Row
			}
		}
	}
	return rows, nil
}

// revokedReason says why an approval that counted once does not count now, for everybody
// who reads the message; "" where it does. One that stood for a group stands
// for it still, or falls.
func (r Rules) revokedReason(v reset.Decision, p Person, req *reset.Request, l ApprovalContext) string {
	if refusal, ok := errors.AsType[*Refusal](r.MayApprove(p, req, l)); ok {
		return reasonText(refusal.Code)
	}
	now := r.NewDecision(p, req.Terms, v.Digest)
	if slices.ContainsFunc(v.From, func(q int) bool { return !slices.Contains(now.From, q) }) {
		return "they aren't in the group any more that they approved for"
	}
	return ""
}

// reasonText says why an approval no longer holds, by the code of the refusal that it would get now, for everybody who reads the message.
func reasonText(code string) string {
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
