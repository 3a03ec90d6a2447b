package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// statusLine says in a line where a request stands; "" while it waits for
// approval. The pace of a run is told where it is known.
func statusLine(r *reset.Request, p *Pace) string {
	switch r.State {
	case reset.Planning:
		return ":hourglass_flowing_sand: *Planning:* looking the users up in Okta."
	case reset.Rejected:
		return ":no_entry: *Not possible:* " + phrase.Ours(r.Refusal)
	case reset.Denied:
		return ":no_entry: " + deniedBy(r)
	case reset.Expired:
		return ":no_entry: *Expired:* nobody decided in time. Ask again if it's still needed."
	case reset.Lapsed:
		return ":no_entry: *Lapsed:* approved, but it couldn't start in time. Ask again if it's still needed."
	case reset.Approved:
		return phrase.Lines(":white_check_mark: *Approved* by "+approvers(r)+".", phrase.Waits(r))
	case reset.Running:
		if phrase.IsExport(r) {
			return ":hourglass_flowing_sand: *Making the list*, approved by " + approvers(r) + "."
		}
		return ":hourglass_flowing_sand: *Running:* " + running(r, p) + " Approved by " + approvers(r) + "."
	case reset.Paused:
		s := ":double_vertical_bar: *Paused:* " + causeWords(r)
		if p != nil && !phrase.IsExport(r) {
			s += " So far: " + running(r, p)
		}
		return s
	case reset.Stopping:
		return ":no_entry: *Stopping*, cancelled by " + phrase.Mention(r.MovedBy) + "."
	case reset.Verifying:
		if phrase.IsExport(r) {
			return ":white_check_mark: *The list is ready.*"
		}
		if r.Asked.Options.DryRun {
			return ":hourglass_flowing_sand: *Finishing* the dry run. Approved by " + approvers(r) + "."
		}
		return ":hourglass_flowing_sand: *Checking in Okta* that every reset worked. Approved by " + approvers(r) + "."
	case reset.Cancelled:
		return ":no_entry: " + cancelledBy(r)
	case reset.Done:
		if r.Export != nil {
			return ":white_check_mark: *Done.* " + exported(r.Export) + " The requester gets it by DM."
		}
		if r.Asked.Options.DryRun {
			return ":white_check_mark: *Dry run done.* " + totals(r)
		}
		return ":white_check_mark: *Done.* " + totals(r)
	}
	return ""
}

// running counts how far a run is: "120 of 482 users done, 2 failed."
func running(r *reset.Request, p *Pace) string {
	if p == nil {
		return phrase.Users(r.Plan.Resets) + "."
	}
	done := phrase.Sum(p.ByOutcome)
	return countsLine(r, *p, done, max(r.Plan.Resets, done))
}

func deniedBy(r *reset.Request) string {
	if r.Denial == nil {
		return "*Denied.*"
	}
	s := "*Denied* by " + phrase.Mention(r.Denial.By)
	if r.Denial.Why != "" {
		return s + ": " + phrase.Told(r.Denial.Why)
	}
	return s + "."
}

func cancelledBy(r *reset.Request) string {
	s := "*Cancelled*"
	if r.MovedBy != "" {
		s += " by " + phrase.Mention(r.MovedBy)
	}
	if r.Refusal != "" {
		s += ": " + strings.TrimSuffix(phrase.Ours(r.Refusal), ".")
	}
	switch {
	case phrase.IsExport(r):
		return s + ". No file was made."
	case r.Totals != nil:
		return s + ". " + totals(r)
	}
	return s + ". Nobody was reset."
}

// totals is the outcome in a line: "495 reset, 3 skipped, 2 failed." Nothing is
// said of an outcome that nobody has, failures excepted.
func totals(r *reset.Request) string {
	if r.Totals == nil {
		return ""
	}
	return countsInWords(outcomeCounts(r)) + "."
}

// outcomeCount is how many users something became of: 482, "reset".
type outcomeCount struct {
	users int
	what  string
}

// countsInWords writes counts as "495 reset, 3 skipped".
func countsInWords(all []outcomeCount) string {
	return strings.Join(phrase.Each(all, func(x outcomeCount) string { return reset.Count(x.users) + " " + x.what }), ", ")
}

// outcomeCounts counts what became of the users. Those that a dry run would have reset
// come first there, and are not among the skipped.
func outcomeCounts(r *reset.Request) (all []outcomeCount) {
	would := 0
	if r.Asked.Options.DryRun {
		would = r.Totals.ByReason[reset.DryRun]
	}
	for _, o := range reset.Outcomes() {
		n := r.Totals.ByOutcome[o]
		switch {
		case o == reset.OutcomeReset && n == 0 && r.Asked.Options.DryRun:
			all = append(all, outcomeCount{would, "would be reset"})
			continue
		case o == reset.OutcomeSkipped:
			n -= would
		}
		if n > 0 || o == reset.OutcomeReset {
			all = append(all, outcomeCount{n, phrase.Outcome(o)})
		}
	}
	return all
}

// outcomes is what became of the users: a picture where they are many, who
// needs somebody, and the button to try those again.
func outcomes(r *reset.Request) []slack.Block {
	if r.Totals == nil || phrase.IsExport(r) {
		return nil
	}
	var blocks []slack.Block
	if c := outcomeChart(r); c != nil {
		blocks = append(blocks, c)
	}
	blocks = append(blocks, sections(needs(r))...)
	if b := retryButton(r); b != nil {
		blocks = append(blocks, actions(r, b))
	}
	return blocks
}

// chartFrom is from how many users on a picture says more than numbers.
const chartFrom = 26

func outcomeChart(r *reset.Request) slack.Block {
	if !r.HasRun() || r.Totals.Rows() < chartFrom {
		return nil
	}
	var segments []slack.DataVisualizationSegment
	for _, x := range outcomeCounts(r) {
		if x.users > 0 {
			segments = append(segments, slack.NewDataVisualizationSegment(x.what, float64(x.users)))
		}
	}
	return chart(string(r.ID)+": what became of all "+reset.Count(r.Totals.Rows()), slack.NewDataVisualizationPieChart(segments...))
}

// needs names those who need somebody, with what to do; where they are not
// named, it counts them. Skipped users are told in the result file.
func needs(r *reset.Request) string {
	s := ""
	for _, k := range phrase.ByCount(r.Totals.ByReason) {
		if todo := phrase.Advice(k); todo != "" {
			s += "\n• " + whatNeeds(r, k, todo)
		}
	}
	if s == "" {
		return ""
	}
	return "*Needs somebody*" + s
}

// namesInLine is how many users come before what is the matter with them; more
// than that come after it.
const namesInLine = 2

// whatNeeds says who has a reason, as far as they are named, and what to do.
func whatNeeds(r *reset.Request, k reset.Reason, todo string) string {
	n := r.Totals.ByReason[k]
	var names []string
	for _, x := range r.Totals.Needs {
		if x.Reason == k {
			names = append(names, phrase.Code(x.Login))
		}
	}
	what := phrase.Escape(phrase.Reason(k)) + ". " + todo + "."
	more := n - len(names)
	switch {
	case len(names) == 0:
		return phrase.Users(n) + ": " + what
	case more <= 0 && n <= namesInLine:
		return phrase.And(names) + ": " + what
	case more > 0:
		return phrase.Users(n) + ": " + what + "\n" + strings.Join(names, ", ") + fmt.Sprintf(" and %s more", reset.Count(more))
	}
	return phrase.Users(n) + ": " + what + "\n" + phrase.And(names)
}

// causeWords says why a request is paused.
func causeWords(r *reset.Request) string {
	if r.Pause == nil {
		return "it waits for a person."
	}
	d := strings.TrimSuffix(phrase.Ours(r.Pause.Detail), ".")
	switch {
	case d == "":
		return causeSentence(r.Pause)
	case r.Pause.Cause == reset.CauseErrors: // the detail says which
		return d + "."
	}
	return causeSentence(r.Pause) + " " + d + "."
}

func causeSentence(p *reset.Pause) string {
	by := "somebody"
	if p.By != "" {
		by = phrase.Mention(p.By)
	}
	switch p.Cause {
	case reset.CauseErrors:
		return "too many resets failed, or Okta refuses the bot."
	case reset.CauseRequester, reset.CauseApprover:
		return "by " + by + "."
	case reset.CauseFreeze:
		return "everything is frozen."
	case reset.CauseReported:
		return "affected users say it wasn't them."
	case reset.CauseGap:
		return "the bot was away for over an hour."
	case reset.CauseProtection:
		return "Okta doesn't say who is protected."
	}
	return phrase.Told(string(p.Cause)) + "."
}

// whoResumes says who can lift a pause, by mention where they are known.
func whoResumes(r *reset.Request, h Helpers) string {
	who := h.except(r.Asked.By)
	switch r.Pause.Cause {
	case reset.CauseErrors, reset.CauseRequester:
		return fmt.Sprintf("%s can resume it; %s too, within an hour of the pause.", who.or("An approver"), phrase.Mention(r.Asked.By))
	case reset.CauseFreeze:
		return fmt.Sprintf("It goes on when two approvers run `/factor-reset thaw`: %s. Requester: %s.", who.or("any two approvers"), phrase.Mention(r.Asked.By))
	}
	return fmt.Sprintf("%s can resume it, not %s who requested it.", who.or("Another approver"), phrase.Mention(r.Asked.By))
}
