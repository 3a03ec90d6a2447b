package view

import (
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
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
	reason := longField(FieldReason, "Why do you deny it?", "Everybody in the channel sees this.", "Please ask one by one, with a ticket each", maxReasonRunes)
	return modal(DenyCallback, FrameOf(r, c), "Deny "+modalID(r.ID), "Deny",
		section(phrase.Escape(title(r))), asked(r), reason)
}

// ConfirmModal asks an approver to type the number of users of a large batch.
func ConfirmModal(r *reset.Request, c reset.Channel, n int) slack.ModalViewRequest {
	f := FrameOf(r, c)
	f.Users = n
	input := slack.NewNumberInputBlockElement(plain(reset.Count(n)), FieldUsers, false)
	input.MinValue = "1"
	warning := "Can't be undone."
	if r.Asked.Options.DryRun {
		warning = "A dry run: nobody is reset."
	}
	blocks := append([]slack.Block{section(fmt.Sprintf("*%s*\n%s", phrase.Escape(title(r)), counts(r))), asked(r)}, sections(riskLines(r))...)
	blocks = append(blocks, field(FieldUsers, fmt.Sprintf("Type %d to approve", n), warning, input))
	return modal(ConfirmCallback, f, "Approve "+modalID(r.ID), "Approve", blocks...)
}

// AskNumber asks an approver privately to type the number of users: its button opens the modal.
func AskNumber(r *reset.Request, n int) Message {
	s := fmt.Sprintf("%s is a large batch. Type the number of users (%d) to approve it.", r.ID, n)
	return sentence(s, actions(r, button(ActionConfirm, Value(r), "Type the number", slack.StylePrimary)))
}

// modalID cuts a request's ID to what a modal's title has room for.
func modalID(id reset.ID) string { return phrase.Shorten(string(id), 14) }
