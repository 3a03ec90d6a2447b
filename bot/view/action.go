package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// Action IDs of buttons. Each means the same wherever it stands.
const (
	ActionApprove     = "approve"
	ActionDeny        = "deny"
	ActionReview      = "review"
	ActionCancel      = "cancel"
	ActionPause       = "pause"
	ActionResume      = "resume"
	ActionRetryFailed = "retry_failed"
	ActionAddReason   = "add_reason"
	ActionNotMe       = "not_me"
	ActionMore        = "more" // an overflow menu, whose values are "cancel:FR-42:-"

	ActionChooseColumn = "choose_column" // a select in a block whose ID is an upload's value; its value is the column's number

	ActionConfirm    = "confirm"       // opens the modal in which the number of users is typed
	ActionAgain      = "step_up_again" // in the modal of a push: sends another one
	ActionNewRequest = "new_request"   // opens the request modal; the value is the channel where it is asked
	ActionNewExport  = "new_export"    // the same for an export
)

// Value is what a button on a request carries: "FR-42:0123456789ab", "FR-42:-" before there is a plan.
func Value(r *reset.Request) string {
	return string(r.ID) + ":" + r.Plan.Digest.Short()
}

// ParseValue reads the value of a button on a request. The digest is the short form, empty before there is a plan.
func ParseValue(s string) (reset.ID, reset.Digest, error) {
	name, digest, _ := strings.Cut(s, ":")
	id, err := reset.ParseID(name)
	if err != nil || string(id) != name || digest != "-" && (digest == "" || !shortDigest.MatchString(digest)) {
		return "", "", fmt.Errorf("%q is not the value of a button", s)
	}
	return id, reset.Digest(strings.TrimSuffix(digest, "-")), nil
}

// RowValue is what the button "That wasn't me" carries: "FR-42:ROW".
func RowValue(id reset.ID, row int) string { return fmt.Sprintf("%s:%d", id, row) }

// ParseRowValue reads the value of the button "That wasn't me".
func ParseRowValue(s string) (reset.ID, int, error) {
	name, number, _ := strings.Cut(s, ":")
	id, err := reset.ParseID(name)
	row, rowErr := strconv.Atoi(number)
	if err != nil || rowErr != nil || row < 1 || RowValue(id, row) != s {
		return "", 0, fmt.Errorf("%q does not name a row", s)
	}
	return id, row, nil
}

// Upload names a file that a person dropped in a channel.
type Upload struct {
	Channel reset.Channel
	TS      string // of the message
	File    string // Slack's ID of the file; "" in buttons of an earlier version
}

// Value is what the button "Add a reason" carries: "CHANNEL:TS:FILE".
func (u Upload) Value() string {
	if u.File == "" {
		return string(u.Channel) + ":" + u.TS
	}
	return string(u.Channel) + ":" + u.TS + ":" + u.File
}

// ParseUpload reads the value of the button "Add a reason".
func ParseUpload(s string) (Upload, error) {
	c, rest, ok := strings.Cut(s, ":")
	ts, file, named := strings.Cut(rest, ":")
	if !ok || !phrase.IsID(c) || ts == "" || strings.Trim(ts, "0123456789.") != "" || named && !phrase.IsID(file) {
		return Upload{}, fmt.Errorf("%q does not name an upload", s)
	}
	return Upload{Channel: reset.Channel(c), TS: ts, File: file}, nil
}

func button(action, value, label string, style slack.Style) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, plain(label)).WithStyle(style)
}

// confirmMost is how many characters the text of a confirmation may have (docs.slack.dev, confirmation dialog object).
const confirmMost = 300

// confirmation asks before something acts; text is ours or escaped already.
func confirmation(title, text, yes string, style slack.Style) *slack.ConfirmationBlockObject {
	return slack.NewConfirmationBlockObject(plain(title), mrkdwn(phrase.Trim(text, confirmMost)), plain(yes), plain("Go back")).WithStyle(style)
}

func actions(r *reset.Request, elements ...slack.BlockElement) slack.Block {
	return slack.NewActionBlock("actions-"+string(r.ID), elements...)
}

func cancelButton(r *reset.Request) *slack.ButtonBlockElement {
	return button(ActionCancel, Value(r), "Cancel", slack.StyleDefault).WithConfirm(confirmCancel(r))
}

func confirmCancel(r *reset.Request) *slack.ConfirmationBlockObject {
	return confirmation("Cancel "+string(r.ID)+"?", cancelWords(r), "Cancel the request", slack.StyleDanger)
}

func cancelWords(r *reset.Request) string {
	switch {
	case phrase.IsExport(r):
		return "No file will be made."
	case r.State.Active() && !r.Asked.Options.DryRun:
		return "Users who were already reset stay reset. The others are left as they are."
	}
	return "Nobody will be reset by this request."
}

// retryButton asks for the users that a request leaves, as a new request; nil if
// there are none. Who set up MFA again meanwhile is not among them.
func retryButton(r *reset.Request) *slack.ButtonBlockElement {
	if r.Totals == nil || !r.State.Settled() || !r.HasRun() || phrase.IsExport(r) {
		return nil
	}
	left := r.Totals.ByOutcome[reset.OutcomeFailed] + r.Totals.ByOutcome[reset.OutcomeNotRun] - r.Totals.ByReason[reset.EnrolledMeanwhile]
	if left <= 0 {
		return nil
	}
	return button(ActionRetryFailed, Value(r), "Retry failed", slack.StyleDefault).WithConfirm(confirmation("Retry "+phrase.Users(left)+"?",
		"Those who failed or weren't run become a new request, which needs its own approval.", "Ask for approval", slack.StylePrimary))
}
