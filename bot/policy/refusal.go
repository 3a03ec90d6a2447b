package policy

import "fmt"

// Codes of refusals, for machines.
const (
	CodeNobody        = "nobody"
	CodeDeactivated   = "deactivated"
	CodeBot           = "bot"
	CodeStranger      = "stranger"
	CodeGuest         = "guest"
	CodeChannel       = "wrong_channel"
	CodeNotRequester  = "not_a_requester"
	CodeNotMember     = "not_a_member"
	CodeNotApprover   = "not_an_approver"
	CodeOwnRequest    = "own_request"
	CodeNotTheirs     = "not_theirs"
	CodeNoReason      = "no_reason"
	CodeReasonPattern = "reason_pattern"
	CodeReasonLong    = "reason_too_long"
	CodeMaxTargets    = "over_max_targets"
	CodeVelocity      = "over_velocity"
	CodeOwnTarget     = "own_target"
	CodeSamePerson    = "same_person"
	CodeBreakGlass    = "no_break_glass"
	CodePushRefused   = "push_refused"
	CodeOktaMoved     = "okta_user_changed"
)

// Refusal says that the policy does not let somebody do something. Its words
// are for that person: what is refused, and what to do next.
type Refusal struct {
	Code  string
	Words string
}

func (r *Refusal) Error() string { return fmt.Sprintf("refused (%s): %s", r.Code, r.Words) }

// allow returns err if there is one, and refuses what does not hold.
func allow(err error, holds bool, code, format string, args ...any) error {
	if err != nil || holds {
		return err
	}
	return refuse(code, format, args...)
}

func refuse(code, format string, args ...any) error {
	return &Refusal{Code: code, Words: fmt.Sprintf(format, args...)}
}
