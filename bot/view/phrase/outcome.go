package phrase

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"factorbot/bot/reset"
)

// Reason says for people why a target has its outcome; plain text.
func Reason(r reset.Reason) string {
	switch r {
	case reset.AlreadyClear:
		return "had no MFA to remove"
	case reset.SessionsNotRevoked:
		return "reset, but their sessions couldn't be ended"
	case reset.SettledAfterRestart:
		return "reset, checked after a restart"
	case reset.NotFound:
		return "not in Okta"
	case reset.Ambiguous:
		return "two users are meant"
	case reset.Duplicate:
		return "named more than once"
	case reset.Deprovisioned:
		return "deactivated in Okta"
	case reset.Staged:
		return "not active yet in Okta"
	case reset.ProtectedAdmin:
		return "protected administrator"
	case reset.ProtectedUser:
		return "protected user"
	case reset.ProtectedGroup:
		return "in a protected group"
	case reset.InvalidRow:
		return "names nobody"
	case reset.ResetSincePlan:
		return "reset by another request meanwhile"
	case reset.DryRun:
		return "dry run"
	case reset.TakenOut:
		return "removed by an approver"
	case reset.Forbidden:
		return "Okta doesn't let the bot reset them"
	case reset.OktaError:
		return "Okta answered with an error"
	case reset.EnrolledMeanwhile:
		return "set up MFA again before the reset was confirmed"
	case reset.NotRunCancelled:
		return "cancelled before their turn"
	case reset.InOtherRequest:
		return "busy in another request"
	}
	return Cut(Line(string(r)), 30)
}

// Skipped says how many were skipped for a reason: "5 protected administrators".
func Skipped(n int, r reset.Reason) string {
	words := Reason(r)
	if n != 1 {
		switch r {
		case reset.ProtectedAdmin, reset.ProtectedUser:
			words += "s"
		case reset.InvalidRow:
			words = "name nobody"
		}
	}
	return Count(n) + " " + words
}

// Advice says what a person does about targets with a reason; "" if nothing.
func Advice(r reset.Reason) string {
	switch r {
	case reset.NotFound, reset.InvalidRow:
		return "Check the spelling and ask again"
	case reset.Ambiguous:
		return "Name them by login or Okta ID"
	case reset.Forbidden:
		return "Ask an Okta super administrator: the bot's role doesn't cover them"
	case reset.OktaError:
		return "Press *Retry failed*; the result file has Okta's words"
	case reset.EnrolledMeanwhile:
		return "Ask them whether the new factor is theirs before you reset them again"
	case reset.InOtherRequest:
		return "See the other request, named in the result file"
	case reset.NotRunCancelled:
		return "Press *Retry failed* if they still need it"
	case reset.SessionsNotRevoked:
		return "End their sessions in Okta"
	}
	return ""
}

// Outcome says what became of a target.
func Outcome(o reset.Outcome) string {
	if o == reset.OutcomeNotRun {
		return "not run"
	}
	return string(o)
}

// ByCount sorts the keys of counts, the largest count first.
func ByCount[K cmp.Ordered](counts map[K]int) []K {
	keys := slices.Collect(maps.Keys(counts))
	slices.SortFunc(keys, func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return slices.DeleteFunc(keys, func(k K) bool { return counts[k] == 0 })
}

// Sum adds up counts.
func Sum[K comparable](counts map[K]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// State says where a request stands, for lists.
func State(r *reset.Request) string {
	switch r.State {
	case reset.Planning:
		return "planning"
	case reset.Pending:
		return "waiting for approval"
	case reset.Approved:
		return "approved, about to start"
	case reset.Verifying:
		if r.Asked.Options.DryRun {
			return "finishing"
		}
		return "checking every reset"
	case reset.Stopping:
		return "stopping"
	case reset.Rejected:
		return "not possible"
	case reset.Lapsed:
		return "lapsed, not started in time"
	}
	return string(r.State)
}

// Status says a user's status in Okta as people say it.
func Status(status string) string {
	return strings.ToLower(strings.ReplaceAll(status, "_", " "))
}
