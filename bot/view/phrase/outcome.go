package phrase

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"factorbot/bot/reset"
)

// reasonText is what people are told of targets with a reason.
type reasonText struct {
	one  string // why one target has its outcome
	many string // the same of several, where that differs
	todo string // what a person does about it; "" if nothing
}

var reasonTexts = map[reset.Reason]reasonText{
	reset.AlreadyClear:        {one: "had no MFA to remove"},
	reset.SessionsNotRevoked:  {one: "reset, but their sessions couldn't be ended", todo: "End their sessions in Okta"},
	reset.SettledAfterRestart: {one: "reset, checked after a restart"},
	reset.NotFound:            {one: "not in Okta", todo: "Check the spelling and ask again"},
	reset.Ambiguous:           {one: "two users are meant", todo: "Name them by login or Okta ID"},
	reset.Duplicate:           {one: "named more than once"},
	reset.Deprovisioned:       {one: "deactivated in Okta"},
	reset.Staged:              {one: "not active yet in Okta"},
	reset.ProtectedAdmin:      {one: "protected administrator", many: "protected administrators"},
	reset.ProtectedUser:       {one: "protected user", many: "protected users"},
	reset.ProtectedGroup:      {one: "in a protected group"},
	reset.InvalidRow:          {one: "names nobody", many: "name nobody", todo: "Check the spelling and ask again"},
	reset.ResetSincePlan:      {one: "reset by another request meanwhile"},
	reset.DryRun:              {one: "dry run"},
	reset.TakenOut:            {one: "removed by an approver"},
	reset.Forbidden:           {one: "Okta doesn't let the bot reset them", todo: "Ask an Okta super administrator: the bot's role doesn't cover them"},
	reset.OktaError:           {one: "Okta answered with an error", todo: "Press *Retry failed*; the result file has Okta's words"},
	reset.EnrolledMeanwhile:   {one: "set up MFA again before the reset was confirmed", todo: "Ask them whether the new factor is theirs before you reset them again"},
	reset.NotRunCancelled:     {one: "cancelled before their turn", todo: "Press *Retry failed* if they still need it"},
	reset.InOtherRequest:      {one: "busy in another request", todo: "See the other request, named in the result file"},
}

// Reason says for people why a target has its outcome; plain text.
func Reason(r reset.Reason) string {
	if t, known := reasonTexts[r]; known {
		return t.one
	}
	return Cut(Line(string(r)), 30)
}

// Skipped says how many were skipped for a reason: "5 protected administrators".
func Skipped(n int, r reset.Reason) string {
	if many := reasonTexts[r].many; n != 1 && many != "" {
		return reset.Count(n) + " " + many
	}
	return reset.Count(n) + " " + Reason(r)
}

// Advice says what a person does about targets with a reason; "" if nothing.
func Advice(r reset.Reason) string { return reasonTexts[r].todo }

// Outcome says what became of a target.
func Outcome(o reset.Outcome) string { return strings.ReplaceAll(string(o), "_", " ") }

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
	case reset.Pending:
		return "waiting for approval"
	case reset.Approved:
		return "approved, about to start"
	case reset.Verifying:
		if r.Asked.Options.DryRun {
			return "finishing"
		}
		return "checking every reset"
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
