package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// standing says in a line where a request stands; "" while it waits for approval.
func standing(r *reset.Request) string {
	switch r.State {
	case reset.Planning:
		if isSet(r) {
			return ":mag: *Planning.* The users are listed by Okta."
		}
		return ":mag: *Planning.* The rows are looked up in Okta."
	case reset.Rejected:
		return ":no_entry: *Not possible:* " + told(r.Refusal)
	case reset.Denied:
		return ":x: " + deniedBy(r)
	case reset.Expired:
		return ":hourglass: *Expired.* Nobody decided in time. Ask again if it is still needed."
	case reset.Lapsed:
		return ":hourglass: *Lapsed.* It was approved, but could not be started in time. Ask again if it is still needed."
	case reset.Approved:
		s := ":white_check_mark: *Approved* by " + voices(r.Approved) + "."
		if w := waits(r); w != "" {
			s += "\n:alarm_clock: " + w
		}
		return s
	case reset.Running:
		if isExport(r) {
			return ":arrow_forward: *The list is being made*, approved by " + voices(r.Approved) + "."
		}
		return ":arrow_forward: *Running*, approved by " + voices(r.Approved) + ". Progress is in the thread."
	case reset.Paused:
		return ":double_vertical_bar: *Paused:* " + causeWords(r)
	case reset.Stopping:
		return ":octagonal_sign: *Stopping*, cancelled by " + mention(r.MovedBy) + "."
	case reset.Verifying:
		if isExport(r) {
			return ":page_facing_up: *The list is made.*"
		}
		return ":mag: *Reading back* what was reset, approved by " + voices(r.Approved) + "."
	case reset.Cancelled:
		return ":octagonal_sign: " + cancelledBy(r)
	case reset.Done:
		if r.Export != nil {
			return ":white_check_mark: *Done.* " + exported(r.Export) + " It goes to the requester by direct message."
		}
		return ":white_check_mark: *Done.* " + totals(r)
	}
	return ""
}

func deniedBy(r *reset.Request) string {
	if r.Denial == nil {
		return "*Denied.*"
	}
	s := "*Denied* by " + mention(r.Denial.By) + "."
	if r.Denial.Why != "" {
		s += " " + told(r.Denial.Why)
	}
	return s
}

func cancelledBy(r *reset.Request) string {
	s := "*Cancelled*"
	if r.MovedBy != "" {
		s += " by " + mention(r.MovedBy)
	}
	if r.Refusal != "" {
		s += ": " + strings.TrimSuffix(told(r.Refusal), ".")
	}
	switch {
	case isExport(r):
		return s + ". No file was made."
	case r.Totals != nil:
		return s + ". " + totals(r)
	}
	return s + ". Nobody was reset."
}

// totals is the outcome in a line: "495 reset, 3 skipped, 2 failed, 0 not run."
func totals(r *reset.Request) string {
	if r.Totals == nil {
		return ""
	}
	parts := make([]string, 0, 4)
	for _, o := range reset.Outcomes() {
		parts = append(parts, count(r.Totals.ByOutcome[o])+" "+outcomeWords(o))
	}
	return strings.Join(parts, ", ") + "."
}

// outcomes is the table of what became of the rows, and what a person does about it.
func outcomes(r *reset.Request) []slack.Block {
	if r.Totals == nil {
		return nil
	}
	var blocks []slack.Block
	if sum(r.Totals.ByReason) > 0 {
		blocks = append(blocks, reasonTable("Rows", "Outcome", r.Totals.ByReason))
	}
	if s := todo(r); s != "" {
		blocks = append(blocks, section(s))
	}
	if n := r.Totals.ByOutcome[reset.OutcomeFailed] + r.Totals.ByOutcome[reset.OutcomeNotRun]; n > 0 && r.State.Settled() && r.HasRun() && !isExport(r) {
		blocks = append(blocks, actions(r, retryButton(r, n)))
	}
	return blocks
}

// todo lists what to do about the outcomes that need a person.
func todo(r *reset.Request) string {
	var b strings.Builder
	for _, k := range byCount(r.Totals.ByReason) {
		if a := advice(k); a != "" {
			fmt.Fprintf(&b, "• %s (%s, `%s`): %s.\n", plural(r.Totals.ByReason[k], "row"), escape(reasonWords(k)), told(string(k)), a)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// causeWords says why a request is paused.
func causeWords(r *reset.Request) string {
	if r.Pause == nil {
		return "it waits for a person."
	}
	s := causeSentence(r.Pause)
	if d := told(r.Pause.Detail); d != "" {
		s += " " + d
	}
	return s
}

func causeSentence(p *reset.Pause) string {
	by := "somebody"
	if p.By != "" {
		by = mention(p.By)
	}
	switch p.Cause {
	case reset.CauseErrors:
		return "too many resets failed, or Okta refuses the bot."
	case reset.CauseRequester, reset.CauseApprover:
		return "by " + by + "."
	case reset.CauseFreeze:
		return "everything is frozen."
	case reset.CauseReported:
		return "affected users said that it was not them."
	case reset.CauseGap:
		return "the bot was away for over an hour."
	case reset.CauseProtection:
		return "who is protected could not be read from Okta."
	}
	return told(string(p.Cause)) + "."
}

// lifters says who may lift a pause.
func lifters(p *reset.Pause) string {
	switch p.Cause {
	case reset.CauseErrors, reset.CauseRequester:
		return "An approver may resume it; the requester too, within an hour of the pause."
	case reset.CauseFreeze:
		return "It goes on when the freeze is lifted by the approvers."
	}
	return "An approver other than the requester may resume it."
}
