package phrase

import (
	"fmt"
	"slices"
	"strings"

	"factorbot/bot/reset"
)

// Risks says what an approver should know before deciding, the heaviest first;
// mrkdwn.
func Risks(r *reset.Request) []string {
	all := []string{tooFew(r)}
	if IsExport(r) { // which has no plan of users: what Okta does not tell is a risk of it
		all = append(all, Each(slices.Concat(r.Plan.Warnings, r.Plan.Odd), Told)...)
	}
	said := false
	for _, k := range r.Plan.Risks {
		said = said || k.Kind == reset.RiskProtected
		all = append(all, riskWords(r, k))
	}
	if r.Plan.BreakGlassUsers > 0 && !said { // a plan that an earlier version made
		all = append(all, riskWords(r, reset.Risk{Kind: reset.RiskProtected, Users: r.Plan.BreakGlassUsers}))
	}
	if !IsExport(r) {
		all = append(all, Each(r.Plan.Odd, func(s string) string { return Escape(Cut(Line(s), 300)) })...)
	}
	return Filled(all...)
}

// tooFew says that a request cannot get the approvals that it needs.
func tooFew(r *reset.Request) string {
	t := r.Terms
	need := max(t.Approvals, len(t.From))
	if t.Able == 0 || t.Able >= need {
		return ""
	}
	return fmt.Sprintf("Only %s %s can approve this and %s %s needed, so it will expire. Your admin can name more approvers.",
		reset.Count(t.Able), Agree(t.Able, "person", "people"), reset.Count(need), Agree(need, "is", "are"))
}

func riskWords(r *reset.Request, k reset.Risk) string {
	n := k.Users
	switch k.Kind {
	case reset.RiskAgain:
		return fmt.Sprintf("Resets %s again, though %s already did: the file is its result", Users(n), ids(k.Requests))
	case reset.RiskResetBefore:
		return resetBefore(r, k)
	case reset.RiskProtected:
		return fmt.Sprintf("*Break glass:* includes %s", reset.Plural(n, "protected user"))
	case reset.RiskResistant:
		return fmt.Sprintf("%s nothing but phishing-resistant factors: what an attacker wants gone", some(n, "has", "have"))
	case reset.RiskDepartments:
		parts := Each(k.Departments, func(d reset.Department) string { return fmt.Sprintf("%s (%s)", Escape(d.Name), reset.Count(d.Users)) })
		if len(parts) == 1 {
			return "Whole department: " + parts[0]
		}
		return "Whole departments: " + strings.Join(parts, ", ")
	case reset.RiskColumn:
		return fmt.Sprintf("%s found only by another column of the file: the first one isn't in Okta", some(n, "was", "were"))
	case reset.RiskNew:
		return some(n, "was", "were") + " created in the last 7 days"
	case reset.RiskInactive:
		return fmt.Sprintf("Includes %s suspended or not yet active", Users(n))
	case reset.RiskElsewhere:
		return fmt.Sprintf("%s also in another open request: %s", some(n, "is", "are"), ids(k.Requests))
	case reset.RiskFirst:
		return Mention(r.Asked.By) + "'s first request"
	}
	return ""
}

// resetBefore says who was reset lately: "All 482 were already reset, last by FR-1 today".
func resetBefore(r *reset.Request, k reset.Risk) string {
	s := some(k.Users, "was", "were") + " reset in the last 30 days"
	switch {
	case k.Users == r.Plan.Resets && k.Users == 1:
		s = "Already reset"
	case k.Users == r.Plan.Resets:
		s = fmt.Sprintf("All %s were already reset", reset.Count(k.Users))
	}
	if len(k.Requests) > 0 {
		s += ", last by " + ids(k.Requests)
	}
	if !k.Last.IsZero() {
		s += " " + Date(k.Last)
	}
	if k.Most > 1 {
		s += fmt.Sprintf(" (up to %s times)", reset.Count(k.Most))
	}
	return s
}

// some counts users with the verb that fits: "1 user is", "12 users are".
func some(n int, one, many string) string { return Users(n) + " " + Agree(n, one, many) }

func ids(all []reset.ID) string {
	return And(Each(all, func(id reset.ID) string { return Told(string(id)) }))
}
