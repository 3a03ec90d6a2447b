package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// planFile names the plan file of a request: "FR-42-plan.csv", from the second revision on "FR-42-plan-2.csv".
func planFile(r *reset.Request) string {
	if r.Plan.Revision > 1 {
		return fmt.Sprintf("%s-plan-%d.csv", r.ID, r.Plan.Revision)
	}
	return string(r.ID) + "-plan.csv"
}

// exportFile names the file of an export: "FR-42-export.csv".
func exportFile(r *reset.Request) string { return string(r.ID) + "-export.csv" }

// Approval is the top-level message of a request: what is asked, what was decided, what became of it.
func Approval(r *reset.Request) Message {
	blocks := []slack.Block{header(title(r))}
	if b := standing(r); b != "" {
		blocks = append(blocks, section(b))
	}
	blocks = append(blocks, outcomes(r)...)
	blocks = append(append(blocks, asked(r)...), quote("Why", r.Asked.Reason))
	if len(r.Asked.Source.Notes) > 0 {
		blocks = append(blocks, section(sentences(":information_source:", r.Asked.Source.Notes)))
	}
	if r.Plan.Digest != "" {
		blocks = append(blocks, planned(r)...)
	}
	if r.State == reset.Pending {
		blocks = append(blocks, caution(r), votes(r), note(hashes(r)), decisions(r))
	} else if r.Plan.Digest != "" {
		blocks = append(blocks, note(hashes(r)))
	}
	return Message{Text: approvalText(r), Blocks: blocks}
}

// someOrThe is for plain text that has no room for names.
func someOrThe(o reset.Options) string {
	if len(o.Factors) > 0 {
		return "some MFA factors"
	}
	return "the MFA factors"
}

// planned says what the plan does: counts, and for those who decide, why targets are skipped and what stands out.
func planned(r *reset.Request) []slack.Block {
	p := r.Plan
	if isExport(r) {
		return plannedExport(r)
	}
	skipped := sum(p.Skips)
	line := fmt.Sprintf("*%s* will be reset", users(p.Resets))
	if r.State.Settled() || r.State.Active() {
		line = fmt.Sprintf("The plan was *%s* to reset", users(p.Resets))
	}
	if skipped == 0 {
		line += ", nobody is skipped."
	} else {
		line += fmt.Sprintf(", *%s* skipped:", plural(skipped, "row"))
	}
	if r.HasRun() || r.State.Settled() { // what is left to decide on is nothing
		return []slack.Block{section(strings.TrimSuffix(line, ":"))}
	}
	blocks := []slack.Block{section(line)}
	if skipped > 0 {
		blocks = append(blocks, reasonTable("Rows", "Skipped because", p.Skips))
	}
	if len(p.Warnings) > 0 {
		blocks = append(blocks, section(sentences(":warning:", p.Warnings)))
	}
	if len(p.Costs) > 0 {
		blocks = append(blocks, section(sentences(":information_source:", p.Costs)))
	}
	if len(p.Odd) > 0 {
		blocks = append(blocks, section("*What stands out*\n"+sentences(":eyes:", p.Odd)))
	}
	if p.Broken > 0 {
		blocks = append(blocks, section(fmt.Sprintf(":rotating_light: *%s who %s protected* will be reset all the same.", users(p.Broken), areOrIs(p.Broken))))
	}
	return blocks
}

func areOrIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// plannedExport says what the file of an export will hold.
func plannedExport(r *reset.Request) []slack.Block {
	if r.HasRun() || r.State.Settled() {
		return nil
	}
	var blocks []slack.Block
	for _, list := range []struct {
		mark string
		said []string
	}{{":warning:", r.Plan.Warnings}, {":information_source:", r.Plan.Costs}, {":eyes:", r.Plan.Odd}} {
		if len(list.said) > 0 {
			blocks = append(blocks, section(sentences(list.mark, list.said)))
		}
	}
	return blocks
}

func reasonTable(left, right string, counts map[reset.Reason]int) slack.Block {
	var rows [][2]string
	for _, k := range byCount(counts) {
		rows = append(rows, [2]string{count(counts[k]), fmt.Sprintf("%s (%s)", reasonWords(k), cut(line(string(k)), 30))})
	}
	return table([2]string{left, right}, rows)
}

// shownSentences is how many warnings, and how many costs, a message names; the plan file has the rows of all.
const shownSentences = 8

func sentences(mark string, all []string) string {
	var b strings.Builder
	for i, s := range all {
		if i == shownSentences {
			fmt.Fprintf(&b, "…and %d more; see the plan file.", len(all)-i)
			break
		}
		fmt.Fprintf(&b, "%s %s\n", mark, escape(cut(line(s), 300)))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func caution(r *reset.Request) slack.Block {
	if isExport(r) {
		return section("*A directory is not for everyone.* Nobody is reset; the file goes to the requester alone, by direct message.")
	}
	if r.Asked.Options.DryRun {
		return section("This is a dry run: nobody is reset.")
	}
	o := r.Asked.Options
	s := "*A reset cannot be undone.* These users lose their MFA factors and enrol again at their next sign-in."
	if len(o.Factors) > 0 {
		s = fmt.Sprintf("*A reset cannot be undone.* These users lose their %s factors; their other factors stay.", factors(o))
	}
	if o.RevokeSessions {
		s += " Their Okta sessions end."
	}
	if o.ForgetPhones {
		s += " Okta forgets the phone numbers of these factors."
	} else if len(o.Factors) == 0 || slices.Contains(o.Factors, "sms") || slices.Contains(o.Factors, "call") {
		s += " Phone numbers may stay known to Okta."
	}
	return section(s)
}

// hashes lets the reader check the files with sha256sum.
func hashes(r *reset.Request) string {
	if isExport(r) {
		s := "Okta org: " + told(r.Org)
		if r.Export != nil {
			s = fmt.Sprintf("SHA-256 of %s: `%s`\n%s", code(exportFile(r)), told(string(r.Export.SHA256)), s)
		}
		return s
	}
	s := fmt.Sprintf("SHA-256 of %s: `%s`", code(planFile(r)), told(string(r.Plan.FileSHA)))
	if sha := r.Asked.Source.SHA256; sha != "" {
		s += fmt.Sprintf("\nSHA-256 of the uploaded file as it was read: `%s`", told(string(sha)))
	}
	return s + "\nOkta org: " + told(r.Org)
}

func decisions(r *reset.Request) slack.Block {
	approve := approveButton(r)
	deny := button(ActionDeny, Value(r), "Deny", slack.StyleDanger)
	if isExport(r) { // there are no rows to review
		return actions(r, approve, deny, cancelButton(r))
	}
	review := button(ActionReview, Value(r), "Review", slack.StyleDefault)
	return actions(r, approve, review, deny, cancelButton(r))
}

// approveButton says once more what it does before it does it.
func approveButton(r *reset.Request) *slack.ButtonBlockElement {
	n := users(r.Plan.Resets)
	title, text := "Reset "+n+"?", fmt.Sprintf("This resets %s of *%s*%s. It cannot be undone.", someOrThe(r.Asked.Options), n, sessionsToo(r.Asked.Options))
	switch {
	case isExport(r):
		title, text = "Export the list?", "The requester gets a file with data of the users. Nobody is reset."
	case r.Asked.Options.DryRun:
		title, text = "Dry run for "+n+"?", fmt.Sprintf("A dry run for *%s*. Nobody is reset.", n)
	case r.Plan.Broken > 0:
		text = fmt.Sprintf("*BREAK GLASS:* %s of them %s protected. %s", count(r.Plan.Broken), areOrIs(r.Plan.Broken), text)
	}
	return confirmed(button(ActionApprove, Value(r), "Approve", slack.StylePrimary), title, text, "Approve", slack.StylePrimary)
}

func sessionsToo(o reset.Options) string {
	if o.RevokeSessions {
		return " and ends their Okta sessions"
	}
	return ""
}

func approvalText(r *reset.Request) string {
	s := fmt.Sprintf("%s. Asked by %s, because: %s.", title(r), mention(r.Asked.By), inert(cut(line(r.Asked.Reason), 300)))
	if st := standing(r); st != "" {
		return texted(st + "\n" + s)
	}
	if n := sum(r.Plan.Skips); n > 0 {
		s += fmt.Sprintf(" %s skipped.", plural(n, "row"))
	}
	if r.State == reset.Pending {
		s += fmt.Sprintf(" %s, before %s.", wanting(r), date(r.ExpiresAt))
		for _, odd := range r.Plan.Odd[:min(len(r.Plan.Odd), shownSentences)] {
			s += " " + inert(cut(line(odd), 200))
		}
	}
	return texted(s)
}
