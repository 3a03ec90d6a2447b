package phrase

import (
	"fmt"
	"strings"

	"factorbot/bot/reset"
)

// DecidersShown is how many of those who decided a message names.
const DecidersShown = 20

// Deciders names who decided, and as which Okta user: "@A (as ana@example.com) and @B"; mrkdwn.
func Deciders(all []reset.Decision) string {
	names := Each(all[:min(len(all), DecidersShown)], Decider)
	if n := len(all) - DecidersShown; n > 0 {
		names = append(names, reset.Count(n)+" more")
	}
	return And(names)
}

// Decider names one who decided, and as which Okta user; mrkdwn.
func Decider(v reset.Decision) string {
	var how []string
	if v.Login != "" {
		how = append(how, "as "+Code(v.Login))
	}
	if v.StepUp != nil {
		how = append(how, "confirmed with Okta Verify")
	}
	if len(how) == 0 {
		return Mention(v.By)
	}
	return Mention(v.By) + " (" + strings.Join(how, ", ") + ")"
}

// StillNeeded says which approvals are still needed: "2 more approvals needed, one of them from @security"; mrkdwn.
func StillNeeded(r *reset.Request) string {
	w := r.StillNeeded()
	s := reset.Plural(w.More, "more approval") + " needed"
	if len(r.Approved) == 0 {
		s = reset.Plural(w.More, "approval") + " needed"
	}
	quorums := Each(w.From[:min(len(w.From), DecidersShown)], func(q string) string { return Escape(Cut(Line(q), 100)) })
	switch {
	case w.Groups == 0 || len(quorums) == 0:
		return s
	case w.More == 1:
		return s + " from " + Or(quorums)
	case len(quorums) == 1:
		return s + ", one of them from " + quorums[0]
	case w.Groups == len(quorums):
		return s + ", one each from " + And(quorums)
	}
	return fmt.Sprintf("%s, %s of them from %s", s, reset.Count(w.Groups), Or(quorums))
}

// RevokedApproval says that an approval no longer counts, and why; mrkdwn.
func RevokedApproval(v reset.Decision) string {
	return fmt.Sprintf("%s's approval no longer counts: %s", Mention(v.By), Told(v.Why))
}

// Bars says what makes this approval harder than others.
func Bars(r *reset.Request) (list []string) {
	t := r.Terms
	if t.Large {
		s := "Large batch"
		if t.Recent > 0 {
			s += fmt.Sprintf(": %s asked for %s more in the last day", Mention(r.Asked.By), Users(t.Recent))
		}
		list = append(list, s+".")
	}
	if t.Confirm > 0 {
		list = append(list, "Approvers type the number of users.")
	}
	return list
}

// Waits says why an approved request does not start at once, and when it does; "" if nothing keeps it.
func Waits(r *reset.Request) string {
	switch {
	case r.Wait != nil && r.Wait.Until.IsZero():
		return "It can't start yet. " + Ours(r.Wait.Why)
	case r.Wait != nil:
		return "Starts " + Date(r.Wait.Until) + " at the earliest. " + Ours(r.Wait.Why)
	case !r.Asked.NotTill.IsZero():
		return "Starts " + Date(r.Asked.NotTill) + "."
	}
	return ""
}

// IsExport reports whether a list of users is asked for, and nobody is touched.
func IsExport(r *reset.Request) bool { return r.Asked.Kind == reset.KindExport }
