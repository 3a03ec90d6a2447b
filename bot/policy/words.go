package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
)

// Words tells the policy to people, a sentence each, without names: plain text.
func (r Rules) Words() []string {
	words := []string{
		r.approvalWords(), r.largeWords(), r.StepUp.words(),
		fmt.Sprintf("A request waits %s for its approvals, and an approved one starts within %s or lapses.", periodWords(r.ExpiresAfter), periodWords(r.ExecuteWithin)),
		r.sizeWords(), r.reasonWords(), r.protectWords(),
		fmt.Sprintf("A run pauses by itself after %s in a row.", reset.Plural(r.PauseAfter, "failure")),
	}
	switch {
	case r.RevokeSessions && r.ForgetPhones:
		words = append(words, "A reset also ends the user's Okta sessions, and Okta forgets the phone numbers of factors that are deleted.")
	case r.RevokeSessions:
		words = append(words, "A reset also ends the user's Okta sessions.")
	case r.ForgetPhones:
		words = append(words, "Okta forgets the phone numbers of factors that are deleted.")
	}
	if r.DryRun {
		words = append(words, "Every request is a dry run: nobody is reset.")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

func (r Rules) approvalWords() string {
	others := "one other person"
	if r.Approvals > 1 {
		others = reset.Count(r.Approvals) + " other people"
	}
	s := "Each request needs the approval of " + others + " than the requester."
	if n := len(r.ApprovalsFrom); n > 0 {
		s += fmt.Sprintf(" One approval must come from each of %s of user groups.", reset.Plural(n, "set"))
	}
	return s
}

func (r Rules) largeWords() string {
	s := fmt.Sprintf("More than %s users of one requester within 24 hours need %s", reset.Count(r.LargeBatch.Over), reset.Plural(max(1, r.Approvals, r.LargeBatch.Approvals), "approval"))
	if r.LargeBatch.Confirm {
		s += ", and approvers type the number of users"
	}
	return s + "."
}

func (r Rules) sizeWords() string {
	s := fmt.Sprintf("A request can have at most %s", reset.Plural(r.MaxTargets, "user"))
	if n := r.Velocity.PerRequesterPerDay; n > 0 {
		s += fmt.Sprintf(", and one requester at most %s a day", reset.Count(n))
	}
	if n := r.Velocity.OrgPerHour; n > 0 {
		s += fmt.Sprintf(", and everybody together at most %s an hour", reset.Count(n))
	}
	if len(r.Ramp) > 0 {
		steps := make([]string, len(r.Ramp))
		for i, n := range r.Ramp {
			steps[i] = reset.Count(n)
		}
		s += "; a run starts with waves of " + strings.Join(steps, ", ") + " users"
	}
	return s + "."
}

func (r Rules) reasonWords() string {
	switch {
	case r.ReasonPattern != nil:
		return "A reason is required, in a set form such as the number of a ticket."
	case r.RequireReason:
		return "A reason is required."
	}
	return ""
}

func (r Rules) protectWords() string {
	var who []string
	if r.Protect.Admins != AdminsOff {
		who = append(who, "Okta administrators")
	}
	if n := len(r.Protect.Users); n > 0 {
		who = append(who, reset.Plural(n, "named user"))
	}
	if n := len(r.Protect.OktaGroups); n > 0 {
		who = append(who, fmt.Sprintf("the members of %s", reset.Plural(n, "Okta group")))
	}
	if len(who) == 0 {
		return "Nobody is protected from a reset."
	}
	s := strings.ToUpper(who[0][:1]) + strings.Join(who, ", ")[1:] + " are skipped"
	if len(r.Protect.Approvers) > 0 {
		return s + ", unless a break-glass request is approved by those who may."
	}
	return s + "."
}

// periodWords writes a duration as "24 h", "90 min", "400 days".
func periodWords(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.String()
}
