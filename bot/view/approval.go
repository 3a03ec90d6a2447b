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

// Approval is the top-level message of a request: what is asked, what was decided, what became of it.
func Approval(r *reset.Request) Message {
	blocks := []slack.Block{header(title(r))}
	if b := standing(r); b != "" {
		blocks = append(blocks, section(b))
	}
	blocks = append(blocks, outcomes(r)...)
	blocks = append(append(blocks, asked(r)...), quote("Why", r.Asked.Reason))
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

func title(r *reset.Request) string {
	switch {
	case r.Plan.Digest == "" && r.Asked.Source.Group != "":
		return fmt.Sprintf("%s: reset of the members of an Okta group", r.ID)
	case r.Plan.Digest == "" && r.Asked.Source.Search != "":
		return fmt.Sprintf("%s: reset of the users whom a search finds", r.ID)
	case r.Plan.Digest == "":
		return fmt.Sprintf("%s: reset of %s", r.ID, users(r.Rows))
	case r.Asked.Options.DryRun:
		return fmt.Sprintf("%s: dry run for %s", r.ID, users(r.Plan.Resets))
	case r.Asked.Options.BreakGlass:
		return fmt.Sprintf("%s: BREAK GLASS, reset %s of %s", r.ID, someOrThe(r.Asked.Options), users(r.Plan.Resets))
	}
	return fmt.Sprintf("%s: reset %s of %s", r.ID, someOrThe(r.Asked.Options), users(r.Plan.Resets))
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
	if len(p.Odd) > 0 {
		blocks = append(blocks, section(sentences(":mag:", p.Odd)))
	}
	if len(p.Warnings) > 0 {
		blocks = append(blocks, section(sentences(":warning:", p.Warnings)))
	}
	if len(p.Costs) > 0 {
		blocks = append(blocks, section(sentences(":information_source:", p.Costs)))
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

// votes says who has approved, who is missing, and until when.
func votes(r *reset.Request) slack.Block {
	var b strings.Builder
	if n := r.Missing(); n > 0 {
		fmt.Fprintf(&b, "*%s needed*", plural(n, "more approval"))
		if len(r.Approved) == 0 {
			b.Reset()
			fmt.Fprintf(&b, "*%s needed*", plural(n, "approval"))
		}
	}
	if len(r.Approved) > 0 {
		fmt.Fprintf(&b, "; approved by %s", mentions(r.Approved))
	}
	fmt.Fprintf(&b, ". The request expires %s.", date(r.ExpiresAt))
	for _, v := range r.Fallen {
		fmt.Fprintf(&b, "\nThe approval by %s fell away: %s.", mention(v.By), told(v.Why))
	}
	return section(b.String())
}

// hashes lets the reader check the files with sha256sum.
func hashes(r *reset.Request) string {
	s := fmt.Sprintf("SHA-256 of %s: `%s`", code(planFile(r)), told(string(r.Plan.FileSHA)))
	if sha := r.Asked.Source.SHA256; sha != "" {
		s += fmt.Sprintf("\nSHA-256 of the uploaded file as it was read: `%s`", told(string(sha)))
	}
	return s + "\nOkta org: " + told(r.Org)
}

func decisions(r *reset.Request) slack.Block {
	n := users(r.Plan.Resets)
	text := fmt.Sprintf("This resets %s of *%s*%s. It cannot be undone.", someOrThe(r.Asked.Options), n, sessionsToo(r.Asked.Options))
	if r.Asked.Options.DryRun {
		text = fmt.Sprintf("A dry run for *%s*. Nobody is reset.", n)
	}
	approve := confirmed(button(ActionApprove, Value(r), "Approve", slack.StylePrimary),
		"Reset "+n+"?", text, "Approve", slack.StylePrimary)
	review := button(ActionReview, Value(r), "Review", slack.StyleDefault)
	deny := button(ActionDeny, Value(r), "Deny", slack.StyleDanger)
	return actions(r, approve, review, deny, cancelButton(r))
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
		s += fmt.Sprintf(" %s needed before %s.", plural(r.Missing(), "approval"), date(r.ExpiresAt))
	}
	return texted(s)
}
