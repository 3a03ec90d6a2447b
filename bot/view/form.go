package view

import (
	"cmp"

	"github.com/slack-go/slack"

	"factorbot/bot/view/phrase"
)

// Fields of forms. Each is an input block whose only element has the block's
// ID as its action ID, so that mistakes are shown where they were made.
const (
	FieldNamedBy = "whom"    // how the users of an export are named: one of the NamedBy values
	FieldList    = "list"    // IDs, logins and e-mails
	FieldPeople  = "people"  // Slack users
	FieldGroup   = "group"   // name of an Okta group
	FieldSearch  = "search"  // Okta search expression
	FieldFilter  = "filter"  // Okta filter expression, of exports
	FieldQuery   = "query"   // start of a name or e-mail, of exports
	FieldFile    = "file"    // a roster
	FieldFactors = "factors" // words of the command language; none: all
	FieldReason  = "reason"
	FieldWhen    = "when"    // not before
	FieldOptions = "options" // the Option values
	FieldColumns = "columns" // of an export
	FieldUsers   = "users"   // the number that an approver types
)

// NamedBy values: how an export names users.
const (
	NamedByGroup  = "group"
	NamedBySearch = "search"
	NamedByFilter = "filter"
	NamedByQuery  = "query"
)

// Option values of the request form.
const (
	OptionSessions = "sessions"
	OptionTell     = "tell"
	OptionDryRun   = "dry_run"
)

// maxReasonRunes is what the reason field takes; the policy has the same limit.
const maxReasonRunes = 1000

// choice is one thing that can be picked.
type choice struct{ value, label, about string }

// option makes an option of plain text, which shows people's text as it is.
func option(c choice) *slack.OptionBlockObject {
	var about *slack.TextBlockObject
	if c.about != "" {
		about = plain(short(c.about))
	}
	return slack.NewOptionBlockObject(c.value, plain(short(c.label)), about)
}

func optionsOf(choices []choice) []*slack.OptionBlockObject { return phrase.Each(choices, option) }

// short cuts text to what an option takes, 75 characters; an empty one is refused by Slack.
func short(s string) string { return cmp.Or(phrase.Shorten(phrase.Line(s), 75), "(empty)") }

// field is an input block with one element of the same ID.
func field(id, label, hint string, e slack.BlockElement) *slack.InputBlock {
	b := slack.NewInputBlock(id, plain(label), nil, e)
	if hint != "" {
		b.Hint = plain(hint)
	}
	return b
}

// optional makes a field that may be left empty.
func optional(b *slack.InputBlock) *slack.InputBlock {
	b.Optional = true
	return b
}

// textField is a field for one line of text.
func textField(id, label, hint, example string, most int) *slack.InputBlock {
	input := slack.NewPlainTextInputBlockElement(plain(example), id)
	input.MaxLength = most
	return field(id, label, hint, input)
}

// longField is a field for several lines.
func longField(id, label, hint, example string, most int) *slack.InputBlock {
	b := textField(id, label, hint, example, most)
	b.Element.(*slack.PlainTextInputBlockElement).Multiline = true
	return b
}

// reasonField asks why.
func reasonField(optional bool) *slack.InputBlock {
	b := longField(FieldReason, "Reason", "Approvers see this.",
		"Lost phones after the office move, ticket 1234", maxReasonRunes)
	b.Optional = optional
	return b
}

// alert says something at the top of a modal; the block is for modals alone
// (docs.slack.dev, alert block).
func alert(level slack.AlertLevel, words string) slack.Block {
	return slack.NewAlertBlock(plain(phrase.Cut(phrase.Clean(words), 170)), slack.AlertBlockOptionLevel(level))
}

// modal is a modal with a submit button.
func modal(callback string, f Frame, title, submit string, blocks ...slack.Block) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, PrivateMetadata: f.String(),
		Title: plain(title), Submit: plain(submit), Close: plain("Cancel"), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// display is a modal that is only looked at, or whose buttons are among its blocks.
func display(callback string, f Frame, title string, blocks ...slack.Block) slack.ModalViewRequest {
	m := modal(callback, f, title, "", blocks...)
	m.Submit, m.Close = nil, plain("Close")
	return m
}

// ReasonCallback is of the modal that asks for a reason.
const ReasonCallback = "reason"

// ReasonModal asks for the reason of an upload. Its private metadata is the
// value of the button that opened it, so that the submission names the upload.
func ReasonModal(upload string) slack.ModalViewRequest {
	b := reasonField(false)
	b.Element.(*slack.PlainTextInputBlockElement).FocusOnLoad = true
	m := modal(ReasonCallback, Frame{}, "Add a reason", "Ask for approval", b)
	m.PrivateMetadata = upload
	return m
}
