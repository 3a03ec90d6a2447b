package runner

import (
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// ward says why a user is protected; the zero value: is not.
type ward struct {
	reason reset.Reason
	always bool   // by no break-glass request either
	words  string // for people, without "since the plan was made"
}

// ward judges a user by the lists. Who is the only active super administrator is
// never reset: nobody could undo what goes wrong then.
func (l lists) ward(rules policy.Rules, user reset.UserID, login string) ward {
	if l.supers.has(user) && len(l.supers.users) == 1 {
		return lastSuper()
	}
	if user == l.self && user != "" {
		return ward{reason: reset.ProtectedUser, words: "the bot's own service user"}
	}
	var groups []string
	if group, ok := l.groups.users[string(user)]; ok {
		groups = []string{group}
	}
	reason, ok := rules.Protected(user, login, groups, map[string]bool{string(user): l.admins.has(user)})
	if !ok {
		return ward{}
	}
	return ward{reason: reason, words: protection(reason)}
}

func lastSuper() ward {
	return ward{reason: reset.ProtectedAdmin, always: true, words: "the last active super administrator"}
}

// holds reports whether a target is passed over: protected, and not as one whom
// a break-glass plan includes for just that reason.
func (w ward) holds(t reset.Target, broken bool) bool {
	return w.reason != "" && (w.always || !broken || t.Reason != w.reason)
}

func protection(r reset.Reason) string {
	switch r {
	case reset.ProtectedAdmin:
		return "administrator in Okta"
	case reset.ProtectedGroup:
		return "in a protected group"
	}
	return "protected by the configuration"
}
