package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// historyShown is how many requests one answer lists.
const historyShown = 40

// History lists requests of the past, newest first. What is a phrase of ours
// that says which: "of <@U1>", "of the last 30 days". More says that there are
// others beside these.
func History(what string, all []*reset.Request, more bool) Message {
	head := strings.TrimSpace("Requests " + what)
	if len(all) == 0 {
		return Answer(fmt.Sprintf("*%s:* none.", head))
	}
	blocks := []slack.Block{section("*" + head + "*, newest first:")}
	for some := range slices.Chunk(phrase.Each(firstOf(all, historyShown), pastLine), 10) { // a section holds about ten of them
		blocks = append(blocks, section(strings.Join(some, "\n")))
	}
	if more || len(all) > historyShown {
		blocks = append(blocks, note(fmt.Sprintf("There are more than these %s. Narrow it: `/factor-reset history 7d`, `history mine` or `history @ana`.", reset.Count(min(len(all), historyShown)))))
	}
	return Message{Text: texted(fmt.Sprintf("%s: %s, newest %s", head, reset.Count(len(all)), all[0].ID)), Blocks: blocks}
}

// pastLine is one request in a list: what, who, when, and what became of it.
func pastLine(r *reset.Request) string {
	became := phrase.State(r)
	switch {
	case r.Export != nil:
		became += ": " + phrase.Users(r.Export.Users) + " in the file"
	case r.Totals != nil && !phrase.IsExport(r):
		became += ": " + strings.TrimSuffix(totals(r), ".")
	}
	return fmt.Sprintf("*%s* %s%s · %s %s · %s", r.ID, phrase.Trim(whoAsked(r), 150), kindMark(r), phrase.Mention(r.Asked.By), phrase.Date(r.Asked.At), became)
}

// WhoAmI answers what the person who asks may do here.
func WhoAmI(w reset.Standing) Message {
	yes := map[bool]string{true: ":white_check_mark:", false: ":no_entry:"}
	lines := []string{
		fmt.Sprintf("You are %s.", phrase.Mention(w.Person)),
		yes[w.Requester] + " Request resets",
		yes[w.Approver] + " Approve or deny what others request, freeze and thaw",
	}
	if w.BreakGlass {
		lines = append(lines, yes[true]+" Approve break-glass requests")
	}
	if w.Why != "" {
		lines = append(lines, phrase.Told(w.Why))
	}
	if w.Away != "" {
		lines = append(lines, ":warning: "+w.Away+" isn't answering, so this is only what Slack knows.")
	}
	if len(w.Channels) > 0 {
		lines = append(lines, whereToAsk(w.Channels))
	}
	blocks := []slack.Block{section(strings.Join(lines, "\n"))}
	for _, list := range []struct {
		head string
		all  []*reset.Request
	}{{"Waiting for you", w.Waiting}, {"Your open requests", w.Open}} {
		if len(list.all) == 0 {
			continue
		}
		rows := append([]string{"*" + list.head + "*"}, phrase.Each(firstOf(list.all, 10), pastLine)...)
		if n := len(list.all) - 10; n > 0 {
			rows = append(rows, fmt.Sprintf("…and %s more.", reset.Count(n)))
		}
		blocks = append(blocks, section(strings.Join(rows, "\n")))
		lines = append(lines, list.head+": "+reset.Count(len(list.all)))
	}
	return Message{Text: texted(strings.Join(lines, "\n")), Blocks: blocks}
}

// Frozen tells that everything is stopped, in the channel and to who did it.
func Frozen(f reset.Freeze) Message {
	s := fmt.Sprintf(":double_vertical_bar: *Everything is frozen* by %s %s. Nothing runs or can be approved until two approvers run `/factor-reset thaw`.", phrase.Mention(f.By), phrase.Date(f.At))
	return because(s, f.Why)
}

// ThawAsked tells that approvers want the freeze lifted; another one is needed.
func ThawAsked(by []reset.Person) Message {
	return sentence(fmt.Sprintf("%s %s the freeze lifted. One more approver must run `/factor-reset thaw`.",
		people(by), phrase.Agree(len(by), "wants", "want")))
}

// Thawed tells that the freeze is lifted.
func Thawed(by []reset.Person) Message {
	return sentence(":white_check_mark: *The freeze is lifted* by " + people(by) + ". Requests that it paused go on.")
}

// people names persons: "@A and @B".
func people(all []reset.Person) string {
	return phrase.And(phrase.Each(firstOf(all, 20), phrase.Mention))
}

// because is a message with the reason that a person gave, if they gave one.
func because(s, why string) Message {
	m := sentence(s)
	if why = phrase.Line(why); why != "" {
		m.Blocks = append(m.Blocks, quote("Why", why))
		m.Text = texted(s + " Why: " + phrase.Inert(phrase.Cut(why, 300)))
	}
	return m
}

// ReportTaken answers an affected user who said that it was not them.
func ReportTaken(r *reset.Request) Message {
	return Answer(fmt.Sprintf("Thank you. Your security team now knows that you didn't expect this reset (%s). Don't set up anything that somebody reads out to you, and talk to them yourself.", r.ID))
}

// AuditHeads are the ends of the hash chains of the audit trail; "" where there is none.
type AuditHeads struct {
	Request string // of the request's own entries
	Org     string // of the org's chain, into which the request's head went: "17:9f86d081..."
}

// Receipt answers what proves a request: digests, decisions, outcomes, heads.
func Receipt(r *reset.Request, h AuditHeads) Message {
	lines := []string{
		fmt.Sprintf("*Receipt of %s* in %s", named(r), phrase.Code(r.Org)),
		fmt.Sprintf("Asked by %s %s: %s", phrase.Mention(r.Asked.By), phrase.Date(r.Asked.At), phrase.State(r)),
	}
	add := func(what, digest string) {
		if digest != "" {
			lines = append(lines, fmt.Sprintf("%s: %s", what, phrase.Code(digest)))
		}
	}
	add("SHA-256 of the uploaded file", string(r.Asked.Source.SHA256))
	add("SHA-256 of "+PlanFile(r), string(r.Plan.FileSHA))
	add("Plan digest", string(r.Plan.Digest))
	if r.Plan.Revision > 0 {
		lines = append(lines, fmt.Sprintf("Plan %d: %s", r.Plan.Revision, planned(r)))
	}
	for _, v := range firstOf(r.Approved, 20) {
		lines = append(lines, "Approved by "+voiceOf(v))
	}
	for _, v := range firstOf(r.Revoked, 20) {
		lines = append(lines, fmt.Sprintf("Approval that no longer counts: %s: %s", voiceOf(v), phrase.Told(phrase.Cut(v.Why, 200))))
	}
	if r.Denial != nil {
		lines = append(lines, fmt.Sprintf("Denied by %s: %s", voiceOf(*r.Denial), phrase.Told(r.Denial.Why)))
	}
	if s := totals(r); s != "" {
		lines = append(lines, "Outcome: "+s)
	}
	add("Head of the request's audit trail", h.Request)
	add("Head of the org's audit trail", h.Org)
	if h.Org != "" {
		lines = append(lines, "Keep this: `factorbot audit verify --head` checks the trail against it.")
	}
	return Answer(strings.Join(lines, "\n"))
}

// voiceOf says who decided, as which Okta user, and when.
func voiceOf(v reset.Decision) string {
	s := phrase.Mention(v.By)
	if v.Login != "" {
		s += " (" + phrase.Code(v.Login) + ")"
	}
	return s + " " + phrase.Date(v.At)
}
