package view

import (
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// Callbacks of the modals in which an approver decides.
const (
	DenyCallback    = "deny"
	ConfirmCallback = "confirm"
)

// FrameOf is the frame of a modal about a request, opened in a channel.
func FrameOf(r *reset.Request, c reset.Channel) Frame {
	return Frame{Channel: c, Request: r.ID, Digest: reset.Digest(r.Plan.Digest.Short())}
}

// DenyModal asks an approver why a request is denied.
func DenyModal(r *reset.Request, c reset.Channel) slack.ModalViewRequest {
	reason := longField(FieldReason, "Why is it denied?", "Everybody in the channel sees it.", "Ask for these users one by one, with a ticket each", maxReasonRunes)
	return modal(DenyCallback, FrameOf(r, c), "Deny "+modalID(r.ID), "Deny",
		section(fmt.Sprintf("%s asked for *%s*. Nobody is reset by this request then.", mention(r.Asked.By), users(r.Plan.Resets))),
		quote("Why it was asked for", r.Asked.Reason), reason)
}

// ConfirmModal asks an approver to type the number of users of a large batch.
func ConfirmModal(r *reset.Request, c reset.Channel, n int) slack.ModalViewRequest {
	f := FrameOf(r, c)
	f.Users = n
	input := slack.NewNumberInputBlockElement(plain("Number of users"), FieldUsers, false)
	input.MinValue = "1"
	what := "This resets " + someOrThe(r.Asked.Options) + " of"
	if r.Asked.Options.DryRun {
		what = "A dry run for"
	}
	return modal(ConfirmCallback, f, "Approve "+modalID(r.ID), "Approve",
		alert(slack.AlertLevelWarning, "This is a large batch. A reset cannot be undone."),
		section(fmt.Sprintf("%s *%s*, asked for by %s.", what, users(n), mention(r.Asked.By))),
		quote("Why", r.Asked.Reason),
		field(FieldUsers, "How many users is this for?", "Type the number above, so that it is not approved by a slip of the hand.", input))
}

// AskNumber asks an approver privately to type the number of users: its button opens the modal.
func AskNumber(r *reset.Request, n int) Message {
	s := fmt.Sprintf("%s is a large batch of *%s*. Type their number to approve it; nothing was counted yet.", r.ID, users(n))
	return Message{Text: texted(s), Blocks: []slack.Block{section(s),
		actions(r, button(ActionConfirm, Value(r), "Type the number", slack.StylePrimary))}}
}

// modalID cuts a request's ID to what a modal's title has room for.
func modalID(id reset.ID) string {
	runes := []rune(string(id))
	return string(runes[:min(len(runes), 14)])
}
