package policy

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
	case CodeSamePerson:
		return "is the same person as another approver"
	}
	return "is not an approver any more"
}
