package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// PlanFile names the plan file of a request: "FR-42-plan.csv", from the second revision on "FR-42-plan-2.csv".
func PlanFile(r *reset.Request) string {
	if r.Plan.Revision > 1 {
		return fmt.Sprintf("%s-plan-%d.csv", r.ID, r.Plan.Revision)
	}
	return string(r.ID) + "-plan.csv"
}

// ResultsFile names the result file: "FR-42-results.csv".
func ResultsFile(r *reset.Request) string { return string(r.ID) + "-results.csv" }

// ExportFile names the file of an export: "FR-42-export.csv".
func ExportFile(r *reset.Request) string { return string(r.ID) + "-export.csv" }

// Known is what a request's messages show beside its head.
type Known struct {
	Users *Listing // the users of a plan that waits for a decision; nil: not named
	Pace  *Pace    // of a run; nil: not known

	Helpers Helpers // who can decide
}

// Approval is the top-level message of a request: what is asked and who, for
// deciding in ten seconds; then what was decided and what became of it.
func Approval(r *reset.Request, k Known) Message {
	blocks := append([]slack.Block{header(title(r))}, sections(statusLine(r, k.Pace))...)
	blocks = append(blocks, outcomes(r)...)
	blocks = append(blocks, asked(r))
	if r.State == reset.Pending {
		blocks = append(blocks, deciding(r, k.Users)...)
	}
	return Message{Text: approvalText(r, k.Pace), Blocks: append(blocks, details(r))}
}

// deciding is what an approver needs: counts, risks, the users, the buttons.
func deciding(r *reset.Request, l *Listing) []slack.Block {
	blocks := sections(whole(r), counts(r), riskLines(r))
	if b := l.block(); b != nil && !phrase.IsExport(r) {
		blocks = append(blocks, b)
	}
	return append(blocks, decisions(r, l))
}

// asked says who asks and why, in one line. Rich text takes the reason as it is.
func asked(r *reset.Request) slack.Block {
	elements := []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement("Requested by ", nil)}
	if by := string(r.Asked.By); phrase.IsID(by) {
		elements = append(elements, slack.NewRichTextSectionUserElement(by, nil))
	} else {
		elements = append(elements, slack.NewRichTextSectionTextElement(cmp.Or(phrase.Line(by), "somebody"), nil))
	}
	if why := phrase.Line(r.Asked.Reason); why != "" {
		elements = append(elements,
			slack.NewRichTextSectionTextElement(": ", nil),
			slack.NewRichTextSectionTextElement(phrase.Shorten(why, reasonShown), &slack.RichTextSectionTextStyle{Bold: true}))
	}
	return slack.NewRichTextBlock("", slack.NewRichTextSection(elements...))
}

// reasonShown is how many characters of a reason stand on the first screen;
// Details has all of it.
const reasonShown = 200

// counts says in one line how many are reset and skipped, what is still needed
// and until when; below it, what is not as usual and who has approved.
func counts(r *reset.Request) string {
	s := planned(r)
	if r.MissingApprovals() > 0 {
		s += ", " + phrase.StillNeeded(r)
	}
	s += ", expires " + phrase.Date(r.ExpiresAt)
	if r.Plan.Takes > 0 && !phrase.IsExport(r) {
		s += ", takes about " + phrase.About(r.Plan.Takes)
	}
	lines := []string{s, optionWords(r)}
	if r.Terms.StepUp {
		lines = append(lines, confirmers(r.Terms))
	}
	if len(r.Approved) > 0 {
		lines = append(lines, "Approved by "+phrase.Deciders(r.Approved))
	}
	fallen := r.Revoked[max(0, len(r.Revoked)-phrase.DecidersShown):]
	return phrase.Lines(append(lines, phrase.Each(fallen, phrase.RevokedApproval)...)...)
}

// planned counts what a plan does: "482 to reset, 16 skipped".
func planned(r *reset.Request) string {
	if phrase.IsExport(r) {
		return "A file with a list of users, *nobody is reset*"
	}
	s := fmt.Sprintf("%s to reset", reset.Count(r.Plan.Resets))
	if r.Asked.Options.DryRun {
		s = fmt.Sprintf("Dry run: %s would be reset", reset.Count(r.Plan.Resets))
	}
	if n := phrase.Sum(r.Plan.Skips); n > 0 {
		s += fmt.Sprintf(", %s skipped", reset.Count(n))
	}
	return s
}

// risksShown is how many risks stand on the first screen; Details has the others.
const risksShown = 3

func riskLines(r *reset.Request) string {
	all := phrase.Risks(r)
	lines := phrase.Each(firstOf(all, risksShown), func(s string) string { return ":warning: " + s })
	if n := len(all) - risksShown; n > 0 {
		lines = append(lines, fmt.Sprintf("…and %s in *Details*", reset.Plural(n, "more risk")))
	}
	return phrase.Lines(lines...)
}

// details is everything that is not needed to decide, folded away.
func details(r *reset.Request) slack.Block {
	var lines []string
	add := func(more ...string) { lines = append(lines, more...) }
	add(source(r))
	if why := phrase.Line(r.Asked.Reason); len([]rune(why)) > reasonShown {
		add("*Reason:* " + phrase.Told(why))
	}
	add(phrase.Each(r.Asked.Source.Notes, phrase.Told)...)
	if r.State == reset.Pending {
		if all := phrase.Risks(r); len(all) > risksShown {
			add(all[risksShown:]...)
		}
		add(phrase.Bars(r)...)
		add(caution(r))
	} else if r.Plan.Digest != "" && !phrase.IsExport(r) {
		add("Plan: " + planned(r))
	}
	add(skips(r))
	if !r.State.Settled() {
		add(phrase.Each(slices.Concat(r.Plan.Warnings, r.Plan.Costs), phrase.Told)...)
	}
	if r.Plan.Digest != "" {
		add(hashes(r))
	}
	if r.Anchor != "" {
		add("Audit trail up to here: " + phrase.Code(r.Anchor))
	}
	s := phrase.Lines(lines...)
	return collapsible("Details", []slack.Block{section(s)}, s)
}

// skips says why rows are skipped, the most frequent reason first.
func skips(r *reset.Request) string {
	if phrase.Sum(r.Plan.Skips) == 0 || r.Totals != nil {
		return ""
	}
	parts := phrase.Each(phrase.ByCount(r.Plan.Skips), func(k reset.Reason) string { return phrase.Skipped(r.Plan.Skips[k], k) })
	return fmt.Sprintf("*%s skipped:* %s", reset.Count(phrase.Sum(r.Plan.Skips)), phrase.Escape(strings.Join(parts, ", ")))
}

// caution says what a reset means for its users.
func caution(r *reset.Request) string {
	o := r.Asked.Options
	switch {
	case phrase.IsExport(r):
		return "The file has data of people. It goes to the requester alone, by DM."
	case o.DryRun:
		return "A dry run does everything but the resets. Nobody is reset."
	}
	s := "Can't be undone. They set up MFA again at their next sign-in."
	if len(o.Factors) > 0 {
		s = fmt.Sprintf("Can't be undone. They lose %s and keep their other factors.", factors(o))
	}
	if !o.ForgetPhones && (len(o.Factors) == 0 || slices.Contains(o.Factors, "sms") || slices.Contains(o.Factors, "call")) {
		s += " Okta may keep their phone numbers."
	}
	return s
}

// hashes lets the reader check the files with sha256sum.
func hashes(r *reset.Request) string {
	org := "Okta: " + phrase.Told(strings.TrimPrefix(r.Org, "https://"))
	if phrase.IsExport(r) {
		if r.Export != nil {
			return fmt.Sprintf("SHA-256 of %s: `%s`\n%s", phrase.Code(ExportFile(r)), phrase.Told(string(r.Export.SHA256)), org)
		}
		return org
	}
	s := fmt.Sprintf("SHA-256 of %s: `%s`", phrase.Code(PlanFile(r)), phrase.Told(string(r.Plan.FileSHA)))
	if sha := r.Asked.Source.SHA256; sha != "" {
		s += fmt.Sprintf("\nSHA-256 of the uploaded file: `%s`", phrase.Told(string(sha)))
	}
	return s + "\n" + org
}

// decisions are the buttons of a request that waits for approval.
func decisions(r *reset.Request, l *Listing) slack.Block {
	buttons := []slack.BlockElement{approveButton(r, l)}
	if !phrase.IsExport(r) { // which has no rows to review
		buttons = append(buttons, button(ActionReview, Value(r), "Review", slack.StyleDefault))
	}
	return actions(r, append(buttons, button(ActionDeny, Value(r), "Deny", slack.StyleDanger), moreMenu(r))...)
}

// moreMenu holds what is rarely wanted.
func moreMenu(r *reset.Request) slack.BlockElement {
	cancel := option(choice{ActionCancel + ":" + string(r.ID) + ":-", "Cancel this request", ""})
	menu := slack.NewOverflowBlockElement(ActionMore, cancel)
	menu.Confirm = confirmCancel(r)
	return menu
}

// approveButton says once more who is reset before it does it. Where the number
// of users is typed, that is asked instead.
func approveButton(r *reset.Request, l *Listing) *slack.ButtonBlockElement {
	b := button(ActionApprove, Value(r), "Approve", slack.StylePrimary)
	if r.Terms.Confirm > 0 {
		return b
	}
	title, text := confirmWords(r, l)
	return b.WithConfirm(confirmation(title, text, "Approve", slack.StylePrimary))
}

// confirmWords are title and text of the dialog before an approval.
func confirmWords(r *reset.Request, l *Listing) (title, text string) {
	o := r.Asked.Options
	by := phrase.Mention(r.Asked.By)
	switch {
	case phrase.IsExport(r):
		return "Export the list?", fmt.Sprintf("%s gets a file with data of people. Nobody is reset.", by)
	case o.DryRun:
		return "Start the dry run?", fmt.Sprintf("For %s, requested by %s. Nobody is reset.", phrase.Escape(whoPlain(r, l)), by)
	}
	title = "Reset " + phrase.Users(r.Plan.Resets) + "?"
	if len(r.Plan.Names) > 0 {
		title = "Reset MFA for " + phrase.Shorten(namesPlain(r.Plan.Names), maxConfirm-len("Reset MFA for ?")) + "?"
	}
	text = fmt.Sprintf("For %s: %s of %s. Can't be undone.", by, phrase.Escape(whatPlain(o)), phrase.Escape(whoPlain(r, l)))
	if o.RevokeSessions {
		text += " Their Okta sessions end."
	}
	if r.Plan.BreakGlassUsers > 0 {
		text = fmt.Sprintf("*BREAK GLASS:* includes %s. %s", reset.Plural(r.Plan.BreakGlassUsers, "protected user"), text)
	}
	return title, text
}

func approvalText(r *reset.Request, p *Pace) string {
	s := phrase.Inert(title(r)) + ". "
	if st := statusLine(r, p); st != "" {
		return texted(s + st + "\n" + askedWords(r))
	}
	s += askedWords(r)
	if r.State == reset.Pending {
		s += "\n" + strings.Join(append([]string{counts(r)}, firstOf(phrase.Risks(r), risksShown)...), "\n")
	}
	return texted(s)
}

// askedWords says who asks and why for a fallback text.
func askedWords(r *reset.Request) string {
	return fmt.Sprintf("Requested by %s: %s", phrase.Mention(r.Asked.By), phrase.Inert(phrase.Shorten(phrase.Line(r.Asked.Reason), 300)))
}
