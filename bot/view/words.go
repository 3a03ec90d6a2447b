package view

import (
	"cmp"
	"maps"
	"slices"

	"factorbot/bot/reset"
)

// reasonWords says for people why a target has its outcome; plain text.
func reasonWords(r reset.Reason) string {
	switch r {
	case reset.AlreadyClear:
		return "no factor was listed that is to be reset"
	case reset.SessionsNotRevoked:
		return "reset, but sessions could not be ended"
	case reset.SettledAfterRestart:
		return "reset; proved after a restart"
	case reset.NotFound:
		return "not found in Okta"
	case reset.Ambiguous:
		return "the e-mail belongs to several users"
	case reset.Duplicate:
		return "named more than once"
	case reset.Deprovisioned:
		return "deactivated in Okta"
	case reset.Staged:
		return "not activated yet in Okta"
	case reset.ProtectedAdmin:
		return "protected: an administrator"
	case reset.ProtectedUser:
		return "protected: on the list of users"
	case reset.ProtectedGroup:
		return "protected: member of a group"
	case reset.InvalidRow:
		return "the row names nobody"
	case reset.ResetSincePlan:
		return "reset by another request meanwhile"
	case reset.DryRun:
		return "dry run"
	case reset.TakenOut:
		return "taken out by an approver"
	case reset.Forbidden:
		return "Okta does not let the bot reset this user"
	case reset.OktaError:
		return "Okta answered with an error"
	case reset.EnrolledMeanwhile:
		return "enrolled anew before the reset was proved"
	case reset.NotRunCancelled:
		return "not run: cancelled"
	case reset.InOtherRequest:
		return "not run: in another request"
	}
	return cut(line(string(r)), 30)
}

// advice says what a person does about targets with a reason; "" if nothing.
func advice(r reset.Reason) string {
	switch r {
	case reset.NotFound, reset.InvalidRow:
		return "check the spelling in the result file, then drop the corrected rows as a new roster"
	case reset.Ambiguous:
		return "name these users by login or Okta ID"
	case reset.Forbidden:
		return "the bot's Okta role does not cover these users: ask an Okta super administrator to reset them"
	case reset.OktaError:
		return "the result file has Okta's words; drop it back as a new roster to try these rows again"
	case reset.EnrolledMeanwhile:
		return "ask these users whether they enrolled the new factor themselves before resetting them again"
	case reset.InOtherRequest:
		return "see the other request, named in the result file"
	case reset.NotRunCancelled:
		return "ask for them again if these users still need a reset"
	case reset.SessionsNotRevoked:
		return "end these users' sessions in Okta"
	}
	return ""
}

func outcomeWords(o reset.Outcome) string {
	if o == reset.OutcomeNotRun {
		return "not run"
	}
	return string(o)
}

// byCount sorts the keys of counts, the largest count first.
func byCount[K cmp.Ordered](counts map[K]int) []K {
	keys := slices.Collect(maps.Keys(counts))
	slices.SortFunc(keys, func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return slices.DeleteFunc(keys, func(k K) bool { return counts[k] == 0 })
}

func sum[K comparable](counts map[K]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// stateWords says where a request stands, for lists.
func stateWords(r *reset.Request) string {
	switch r.State {
	case reset.Planning:
		return "planning"
	case reset.Pending:
		return "waiting for approval"
	case reset.Approved:
		return "approved, about to start"
	case reset.Verifying:
		return "reading back what was reset"
	case reset.Stopping:
		return "stopping"
	case reset.Lapsed:
		return "lapsed: not started in time"
	}
	return string(r.State)
}
