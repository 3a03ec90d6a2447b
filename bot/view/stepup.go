package view

import (
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// StepUpCallback is of the modal in which a decision is confirmed in Okta Verify.
const StepUpCallback = "step_up"

// What is confirmed, as a modal's frame and an event name it.
const (
	ActApprove = "approve"
	ActResume  = "resume"
	ActThaw    = "thaw"
)

// StepUp is how far a push to somebody's Okta Verify is.
type StepUp struct {
	Frame  Frame
	Number int
	Device string        // as its owner named it; may be empty
	Left   time.Duration // until the push expires
}

// confirmers says that approvals are confirmed in Okta Verify, and how many can do that; mrkdwn.
func confirmers(t reset.Terms) string {
	switch {
	case t.Confirmers == nil:
		return "Approvers confirm in Okta Verify."
	case t.Able > 0:
		return fmt.Sprintf("Approvers confirm in Okta Verify: %s of %s can.", reset.Count(*t.Confirmers), reset.Count(t.Able))
	}
	return fmt.Sprintf("Approvers confirm in Okta Verify: %s can.", reset.Count(*t.Confirmers))
}

// What the modal says of a push; with the number to choose it is [StepUp.Waiting].
const (
	PushAsking      = "Asking your Okta Verify…"
	PushConfirmed   = ":white_check_mark: Confirmed with Okta Verify. " // and what counts now
	PushRefused     = ":no_entry: The push was refused in Okta Verify. This account can't decide anything for an hour, its open approvals no longer count, and the other approvers were told."
	PushTimedOut    = "Nobody answered in Okta Verify in time, so nothing was done."
	PushInterrupted = "I was restarted meanwhile, so nothing was done. Don't answer the push."
)

// Says shows how far the push is.
func (s StepUp) Says(words string) slack.ModalViewRequest { return s.modal(section(words)) }

// Waiting shows the number to choose.
func (s StepUp) Waiting() slack.ModalViewRequest {
	where := "Okta Verify"
	if d := phrase.Line(s.Device); d != "" {
		where += " on " + phrase.Inert(d)
	}
	left := max(s.Left, 0).Round(time.Second)
	return s.modal(
		section(fmt.Sprintf("Choose *%d* in %s.", s.Number, where)),
		note(fmt.Sprintf("Expires in %d:%02d. You can close this; your answer counts anyway.", int(left.Minutes()), int(left.Seconds())%60)),
	)
}

// Failed shows why nothing was done; blocks are of a private answer.
func (s StepUp) Failed(m Message) slack.ModalViewRequest {
	again := slack.NewActionBlock("step-up", button(ActionAgain, "again", "Try again", slack.StylePrimary))
	return s.modal(append(m.Blocks, again)...)
}

func (s StepUp) modal(blocks ...slack.Block) slack.ModalViewRequest {
	title := "Lift the freeze"
	switch s.Frame.Act {
	case ActApprove:
		title = "Approve " + modalID(s.Frame.Request)
	case ActResume:
		title = "Resume " + modalID(s.Frame.Request)
	}
	return display(StepUpCallback, s.Frame, title, blocks...)
}

// AskStepUp asks an approver privately to press again: the press opened no modal.
func AskStepUp(r *reset.Request) Message {
	s := fmt.Sprintf("%s takes a confirmation in Okta Verify. Press *Approve* once more.", r.ID)
	return sentence(s, actions(r, button(ActionApprove, Value(r), "Approve", slack.StylePrimary)))
}

// StepUpFirst is the first modal of an approval that is confirmed in Okta Verify: the
// number of users is typed first, where that is asked.
func StepUpFirst(r *reset.Request, c reset.Channel) slack.ModalViewRequest {
	f := FrameOf(r, c)
	f.Act = ActApprove
	if r.Terms.Confirm == 0 {
		return StepUp{Frame: f}.Says(PushAsking)
	}
	m := ConfirmModal(r, c, r.Terms.Confirm)
	f.Users = r.Terms.Confirm
	m.PrivateMetadata, m.Submit = f.String(), plain("Next")
	return m
}

// PushRefusedNews tells that somebody refused a push that asked them to confirm a decision.
func PushRefusedNews(by reset.Person, id reset.ID) Message {
	about := "to lift the freeze"
	if id != "" {
		about = "about " + string(id)
	}
	s := fmt.Sprintf(":rotating_light: *%s refused a push %s in Okta Verify.* Somebody else may be using that Slack account. It can't decide anything for an hour, its open approvals no longer count, and what runs by them is paused. `/factor-reset freeze` stops everything.", phrase.Mention(by), about)
	return sentence(s)
}

// ApproverMovedNews tells that an approver's Slack account leads to another Okta user.
func ApproverMovedNews(by reset.Person, was, login string) Message {
	s := fmt.Sprintf(":rotating_light: *%s's Slack account now leads to another Okta user* (%s instead of %s), so it can't decide anything. Members can change their own e-mail in Slack. If the change is right, an operator runs `factorbot requests rebind %s`.", phrase.Mention(by), phrase.Code(login), phrase.Code(was), phrase.Inert(string(by)))
	return sentence(s)
}

// OrgAlert tells the channel for alerts of a fact that belongs to no request.
func OrgAlert(f reset.Fact) Message {
	switch f.Name {
	case reset.FactPushRefused:
		return PushRefusedNews(f.By, reset.ID(f.Detail["request"]))
	case reset.FactApproverMoved:
		return ApproverMovedNews(f.By, f.Detail["was"], f.Detail["login"])
	}
	s := fmt.Sprintf(":rotating_light: *The audit trail doesn't verify.* %s Somebody may have changed the record. Keep the backup and run `factorbot audit verify`.", phrase.Escape(phrase.Shorten(phrase.Line(f.Detail["what"]), 300)))
	return sentence(s)
}
