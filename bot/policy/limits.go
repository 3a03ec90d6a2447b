package policy

import (
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
)

// CheckSize refuses a list of too many users.
func (r Rules) CheckSize(users int) error {
	return allow(nil, users <= r.MaxTargets, CodeMaxTargets, "That's %s users; a request can have %s. Split the list.", reset.Count(users), reset.Count(r.MaxTargets))
}

// CheckVelocity refuses resets that would bring the requester's targets of a
// day, or the org's of an hour, over their bounds, and says when there is room.
func (r Rules) CheckVelocity(resets int, day, hour Usage, now time.Time) error {
	for _, b := range []struct {
		limit int
		spent Usage
		words string
	}{
		{r.Velocity.PerRequesterPerDay, day, "One person can request %s users a day; %s are used up, and this would be %s more. %s"},
		{r.Velocity.OrgPerHour, hour, "%s users can be reset in an hour; %s are used up, and this would be %s more. %s"},
	} {
		if at, ok := b.spent.RoomAt(b.limit, resets, now); !ok || at.After(now) {
			return refuse(CodeVelocity, b.words, reset.Count(b.limit), reset.Count(b.spent.Targets), reset.Count(resets), room(at, ok, resets > b.limit))
		}
	}
	return nil
}

// room says when there is room again.
func room(at time.Time, known, never bool) string {
	switch {
	case never:
		return "Name fewer: that many never go at once."
	case !known:
		return "Ask again when the running requests are done, or name fewer."
	}
	return "There's room for them from " + at.UTC().Format(time.RFC3339) + "; ask again then, or name fewer."
}

// MayStart returns when a request that is approved may start under the bounds:
// now, or later; ok is false where that is not known yet. Both counts are of
// requests that have begun to run, see [RanSince].
func (r Rules) MayStart(resets int, day, hour Usage, now time.Time) (at time.Time, ok bool) {
	at, ok = day.RoomAt(r.Velocity.PerRequesterPerDay, resets, now)
	other, both := hour.RoomAt(r.Velocity.OrgPerHour, resets, now)
	if other.After(at) {
		at = other
	}
	return at, ok && both
}

// Protected says why a user must not be reset, "" if they may. Admin: they have a role; group:
// a protected group that they are in, by the policy of some moment before.
func (r Rules) Protected(user reset.UserID, login string, admin bool, group string) reset.Reason {
	switch {
	case r.Protect.Admins != AdminsOff && admin:
		return reset.ProtectedAdmin
	case slices.ContainsFunc(r.Protect.Users, func(u string) bool { return u != "" && (u == string(user) || strings.EqualFold(u, login)) }):
		return reset.ProtectedUser
	case group != "" && slices.Contains(r.Protect.OktaGroups, group):
		return reset.ProtectedGroup
	}
	return ""
}

// Few is the number of targets up to which factors and roles of each are read.
const Few = 25
