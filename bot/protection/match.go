package protection

import (
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Match says why a user is protected; the zero value: is not.
type Match struct {
	Reason reset.Reason
	Always bool   // by no break-glass request either
	Words  string // for people, without "since the plan was made"
}

// Match judges a user by the lists. The only active super administrator is never
// reset: nobody could undo what goes wrong then.
func (l Snapshot) Match(rules policy.Rules, user reset.UserID, login string) Match {
	if l.Supers.Has(user) && l.Supers.Len() == 1 {
		return LastSuper()
	}
	if user == l.Self && user != "" {
		return Match{Reason: reset.ProtectedUser, Words: "the bot's own service user"}
	}
	reason := rules.Protected(user, login, l.Admins.Has(user), l.Groups.users[string(user)])
	if reason == "" {
		return Match{}
	}
	return Match{Reason: reason, Words: Words(reason)}
}

// LastSuper is the match of the last active super administrator.
func LastSuper() Match {
	return Match{Reason: reset.ProtectedAdmin, Always: true, Words: "the last active super administrator"}
}

// Blocks reports whether a target is not reset: it is protected, and no break-glass
// plan includes it for just that reason.
func (m Match) Blocks(t reset.Target, breakGlass bool) bool {
	return m.Reason != "" && (m.Always || !breakGlass || t.Reason != m.Reason)
}

// Words says for people why users are protected, without "since the plan was made".
func Words(r reset.Reason) string {
	switch r {
	case reset.ProtectedAdmin:
		return "administrator in Okta"
	case reset.ProtectedGroup:
		return "in a protected group"
	}
	return "protected by the configuration"
}
