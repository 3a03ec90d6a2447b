package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// homeShown bounds each list with buttons; a home tab holds a hundred blocks.
const homeShown = 8

// HomeTab is the home tab of one person. Each request is shown with
// buttons once at most, so that no two blocks have the same ID.
func HomeTab(h reset.Home) slack.HomeTabViewRequest {
	blocks := append([]slack.Block{header("Reset Okta MFA")}, starts(h)...)
	if len(h.Waiting) > 0 || h.Approver {
		blocks = append(blocks, homeList("Waiting for you", h.Waiting, "Nothing needs your decision.", homeDecisions)...)
	}
	blocks = append(blocks, homeList("Your requests", h.Open, "You have no open requests.", mineButtons)...)
	others := slices.DeleteFunc(slices.Clone(h.Running), func(r *reset.Request) bool { return r.Asked.By == h.Person })
	watch := func(r *reset.Request) slack.Block { return nil }
	if h.Approver {
		watch = runButtons
	}
	blocks = append(blocks, homeList("Running now", others, "Nothing else running.", watch)...)
	blocks = append(blocks, pastOfHome(h.Past)...)
	blocks = append(blocks, policyOfHome(h)...)
	return slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}}
}

// starts is where something new begins, or why it does not.
func starts(h reset.Home) []slack.Block {
	if !h.Requester {
		s := "You can't request resets here."
		if h.Why != "" {
			s += " " + phrase.Told(h.Why)
		}
		return []slack.Block{section(s)}
	}
	var blocks []slack.Block
	for i, c := range firstOf(h.Channels, 5) {
		request := button(ActionNewRequest, string(c), "New request", slack.StylePrimary)
		export := button(ActionNewExport, string(c), "Export users", slack.StyleDefault)
		blocks = append(blocks,
			section(fmt.Sprintf("Request resets in %s: with the form, or drop a CSV there.", phrase.Channel(c))),
			slack.NewActionBlock(fmt.Sprintf("new-%d", i), request, export))
	}
	return blocks
}

// homeList is a list of requests under a head, with what can be done about each.
func homeList(head string, all []*reset.Request, none string, buttons func(*reset.Request) slack.Block) []slack.Block {
	blocks := []slack.Block{slack.NewDividerBlock(), section(fmt.Sprintf("*%s* (%d)", head, len(all)))}
	if len(all) == 0 {
		return append(blocks, note(none))
	}
	for _, r := range firstOf(all, homeShown) {
		blocks = append(blocks, section(homeItem(r)))
		if b := buttons(r); b != nil {
			blocks = append(blocks, b)
		}
	}
	if n := len(all) - homeShown; n > 0 {
		blocks = append(blocks, note(fmt.Sprintf("…and %s more: `/factor-reset status`.", reset.Count(n))))
	}
	return blocks
}

// homeItem is one request in the home tab: its line, how it stands, and for whoever decides, why.
func homeItem(r *reset.Request) string {
	lines := []string{pastLine(r), phrase.Trim(statusLine(r, nil), 500)}
	if r.State == reset.Pending {
		lines = append(lines, counts(r), "Reason: "+phrase.Told(phrase.Shorten(phrase.Line(r.Asked.Reason), 300)), riskLines(r))
	}
	return phrase.Lines(lines...)
}

// mineButtons is what a requester can do about their own request.
func mineButtons(r *reset.Request) slack.Block {
	switch r.State {
	case reset.Planning, reset.Pending, reset.Approved:
		return actions(r, cancelButton(r))
	}
	return runButtons(r)
}

// runButtons is what can be done about a request that runs or is paused.
func runButtons(r *reset.Request) slack.Block {
	if r.State == reset.Paused {
		return pauseButtons(r)
	}
	return progressButtons(r)
}

func pastOfHome(all []*reset.Request) []slack.Block {
	blocks := []slack.Block{slack.NewDividerBlock(), section("*Recent requests*")}
	if len(all) == 0 {
		return append(blocks, note("None yet."))
	}
	lines := phrase.Each(firstOf(all, 20), func(r *reset.Request) string { return "• " + pastLine(r) })
	for some := range slices.Chunk(lines, 5) {
		blocks = append(blocks, section(strings.Join(some, "\n")))
	}
	return blocks
}

// policyOfHome is the policy in words, at the end: it is read once and rarely again.
func policyOfHome(h reset.Home) []slack.Block {
	lines := phrase.Each(firstOf(h.Policy, 20), func(s string) string { return "• " + phrase.Told(s) })
	if len(h.Approvers) > 0 {
		lines = append(lines, "• Approvers: "+people(h.Approvers)+".")
	}
	if len(lines) == 0 {
		return nil
	}
	return []slack.Block{slack.NewDividerBlock(), section("*How it works here*"), section(strings.Join(lines, "\n"))}
}

// homeDecisions are the buttons to decide in the home tab: who is reset is
// looked at first, so Review opens what Approve is beside.
func homeDecisions(r *reset.Request) slack.Block {
	if phrase.IsExport(r) {
		return decisions(r, nil)
	}
	return actions(r, button(ActionReview, Value(r), "Review and decide", slack.StylePrimary),
		button(ActionDeny, Value(r), "Deny", slack.StyleDanger), moreMenu(r))
}
