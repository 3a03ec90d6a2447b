package policy

import (
	"slices"
	"strings"

	"factorbot/bot/reset"
)

// Needed returns how many approvals a request needs that resets so many users,
// whose requester has recent other targets within 24 hours. It is never less than one.
func (r Rules) Needed(resets, recent int) int {
	n := max(1, r.Approvals)
	if r.Large(resets, recent) {
		n = max(n, r.LargeBatch.Approvals)
	}
	return n
}

// Large reports whether a request is a large batch.
func (r Rules) Large(resets, recent int) bool {
	return resets+recent > r.LargeBatch.Over
}

// Terms returns what a request is bound to when its plan is frozen.
func (r Rules) Terms(resets, recent int) reset.Terms {
	return reset.Terms{Approvals: r.Needed(resets, recent), ExecuteWithin: r.ExecuteWithin}
}

// CheckSize refuses a roster with too many rows.
func (r Rules) CheckSize(rows int) error {
	if rows > r.MaxTargets {
		return refuse(CodeMaxTargets, "The roster has %d rows, %d are the most that one request may have. Split it.", rows, r.MaxTargets)
	}
	return nil
}

// CheckVelocity refuses resets that would bring the requester's targets of a
// day, or the org's of an hour, over their bounds.
func (r Rules) CheckVelocity(resets, requesterDay, orgHour int) error {
	v := r.Velocity
	if v.PerRequesterPerDay > 0 && requesterDay+resets > v.PerRequesterPerDay {
		return refuse(CodeVelocity, "One person may have %d users reset in a day; %d are used up, and this would be %d more. Wait, or name fewer.", v.PerRequesterPerDay, requesterDay, resets)
	}
	if v.OrgPerHour > 0 && orgHour+resets > v.OrgPerHour {
		return refuse(CodeVelocity, "%d users may be reset in an hour; %d are used up, and this would be %d more. Wait, or name fewer.", v.OrgPerHour, orgHour, resets)
	}
	return nil
}

// Protected says whether a user must not be reset, and why. The groups are
// those of the user, admins the users with a role, by ID.
func (r Rules) Protected(user reset.UserID, login string, groups []string, admins map[string]bool) (reset.Reason, bool) {
	switch {
	case r.Protect.Admins != AdminsOff && admins[string(user)]:
		return reset.ProtectedAdmin, true
	case slices.ContainsFunc(r.Protect.Users, func(u string) bool { return u != "" && (u == string(user) || strings.EqualFold(u, login)) }):
		return reset.ProtectedUser, true
	case common(r.Protect.OktaGroups, groups):
		return reset.ProtectedGroup, true
	}
	return "", false
}
