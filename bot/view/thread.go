package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// Reply is the one reply in the thread of an upload: a link to the approval
// message, or the refusal. The link is Slack's permalink; "" before there is one.
func Reply(r *reset.Request, link string) Message {
	var s string
	switch {
	case r.State == reset.Rejected:
		s = fmt.Sprintf(":no_entry: *%s isn't possible:* %s", named(r), phrase.Ours(r.Refusal))
		if r.Plan.Digest != "" { // the refusal does not say it
			s += "\nThe plan file says why each user is skipped."
		}
	case r.Plan.Digest == "" && r.State == reset.Cancelled:
		s = fmt.Sprintf(":no_entry: *%s* was cancelled by %s before it was planned.", named(r), phrase.Mention(r.MovedBy))
	case link == "":
		s = fmt.Sprintf("*%s* is in this channel.", named(r))
	default:
		s = fmt.Sprintf("*<%s|%s>*: %s.", phrase.Escape(link), named(r), planned(r))
		if r.State == reset.Pending {
			s += " Decide there."
		}
	}
	return sentence(s)
}

// PlanNote stands with the plan file in the thread of the approval message.
func PlanNote(r *reset.Request) string {
	s := fmt.Sprintf("%s plan: %s", named(r), planned(r))
	if r.Plan.Revision > 1 {
		s += fmt.Sprintf(". This is plan %d; earlier ones no longer count.", r.Plan.Revision)
	}
	return s
}

// ResultNote stands with the result file in the thread of the approval message.
func ResultNote(r *reset.Request) string {
	ended := "is done"
	if r.State == reset.Cancelled {
		ended = "was cancelled"
	}
	s := fmt.Sprintf("*%s %s.* %s", named(r), ended, totals(r))
	if r.Totals == nil {
		return s
	}
	return phrase.Trim(phrase.Lines(s, proofs(r.Totals.Proofs), needs(r)), maxSection)
}

// proofs says how many resets were seen to have worked.
func proofs(n map[reset.Proof]int) string {
	seen, open := n[reset.ProofLog]+n[reset.ProofFactors], n[reset.ProofNone]
	var s []string
	if seen > 0 {
		s = append(s, fmt.Sprintf("Verified: %s of %s.", reset.Count(seen), reset.Count(seen+open)))
	}
	if open > 0 {
		s = append(s, fmt.Sprintf("Okta accepted %s that couldn't be verified yet.", reset.Plural(open, "reset")))
	}
	return strings.Join(s, " ")
}

// Decision says in the thread who decided. It is edited as decisions come.
func Decision(r *reset.Request) Message {
	var lines []string
	if marked(r) || len(r.Revoked) > 0 {
		lines = append(lines, "*"+named(r)+"*")
	}
	lines = append(lines, phrase.Each(r.Revoked, phrase.RevokedApproval)...)
	for _, v := range r.Approved {
		lines = append(lines, fmt.Sprintf(":white_check_mark: %s approved %s %s.", phrase.Decider(v), named(r), phrase.Date(v.At)))
	}
	if r.MissingApprovals() > 0 && r.State == reset.Pending {
		lines = append(lines, phrase.StillNeeded(r)+".")
	}
	if w := phrase.Waits(r); w != "" && r.State == reset.Approved {
		lines = append(lines, w)
	}
	switch r.State {
	case reset.Denied:
		lines = append(lines, ":no_entry: "+deniedBy(r))
	case reset.Expired, reset.Lapsed, reset.Cancelled:
		if !r.HasRun() {
			lines = append(lines, statusLine(r, nil))
		}
	}
	return Answer(strings.Join(lines, "\n"))
}

// HasDecision reports whether there is anything that Decision would tell.
func HasDecision(r *reset.Request) bool {
	switch r.State {
	case reset.Denied, reset.Expired, reset.Lapsed:
		return true
	case reset.Cancelled:
		return r.Plan.Digest != ""
	}
	return len(r.Approved)+len(r.Revoked) > 0
}

// Paused says in the thread why a request is paused and who may lift it.
func Paused(r *reset.Request, h Helpers) Message {
	s := fmt.Sprintf(":double_vertical_bar: *%s is paused:* %s\n%s", named(r), causeWords(r), whoResumes(r, h))
	return sentence(s, pauseButtons(r))
}

// pauseButtons lift a pause, or end what is paused. A freeze is lifted by its own command.
func pauseButtons(r *reset.Request) slack.Block {
	if r.Pause != nil && r.Pause.Cause == reset.CauseFreeze {
		return actions(r, cancelButton(r))
	}
	return actions(r, button(ActionResume, Value(r), "Resume", slack.StylePrimary), cancelButton(r))
}

// PauseOver replaces the message of a pause that is over; at is when it began.
func PauseOver(r *reset.Request, at time.Time) Message {
	s := fmt.Sprintf("%s goes on. It was paused %s.", named(r), phrase.Date(at))
	if by := r.MovedBy; by != "" && r.State == reset.Running {
		s = fmt.Sprintf("%s resumed %s, paused %s.", phrase.Mention(by), named(r), phrase.Date(at))
	}
	if r.State == reset.Cancelled || r.State == reset.Stopping {
		s = fmt.Sprintf("%s was cancelled. It was paused %s.", named(r), phrase.Date(at))
	}
	return sentence(s)
}

// Restarted says in the thread that the bot was away, and what became of the users whose calls it left.
func Restarted(r *reset.Request, a reset.RestartOutcome) Message {
	s := fmt.Sprintf("*%s goes on.* %s", named(r), restarted(r, a))
	return sentence(s)
}

// restarted is a restart in a line: "Back after 42 s. 3 resets were interrupted
// and checked: 2 had gone through, 1 was sent again."
func restarted(r *reset.Request, a reset.RestartOutcome) string {
	b := r.Restarted
	s := "Back after " + phrase.Span(b.Away) + "."
	if b.InDoubt == 0 || r.Asked.Options.DryRun {
		return s
	}
	s += fmt.Sprintf(" %s %s interrupted", reset.Plural(b.InDoubt, "reset"), phrase.Agree(b.InDoubt, "was", "were"))
	parts := slices.DeleteFunc([]outcomeCount{
		{a.Had, "had gone through"}, {a.Now, "sent again"}, {a.Other, "in the result file"}, {a.Left, "being checked"},
	}, func(x outcomeCount) bool { return x.users <= 0 })
	if len(parts) == 0 {
		return s + "."
	}
	return s + ": " + countsInWords(parts) + "."
}
