package handler

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/stepup"
	"factorbot/bot/view"
)

// StepUps has decisions confirmed in the approvers' Okta Verify.
type StepUps interface {
	// Takes reports whether a decision takes a confirmation, as far as that is known at once.
	Takes(ctx context.Context, act stepup.Act, id reset.ID) bool
	// Begin serves a press whose modal is open. A press that comes again begins nothing.
	Begin(ctx context.Context, a stepup.Ask) error
	// Stopped tells that somebody has stopped a request, or with "" everything.
	Stopped(id reset.ID)
}

// markStepUp notes on a press that it takes a confirmation, so that the worker who gets
// it later knows that a modal was opened for it.
func (h *Handler) markStepUp(ctx context.Context, e *event.Event) {
	if h.StepUp == nil {
		return
	}
	act, id := confirmable(e)
	if act != "" && h.StepUp.Takes(ctx, act, id) {
		e.StepUp = string(act)
	}
}

// confirmable is the decision of an event that may take a confirmation, "" for others.
// A review confirms in its own modal.
func confirmable(e *event.Event) (stepup.Act, reset.ID) {
	t := e.Task()
	switch {
	case e.Kind == event.KindClick && e.Action == view.ActionApprove && e.Callback != view.ReviewCallback:
		return stepup.Approve, t.Request
	case e.Kind == event.KindClick && e.Action == view.ActionConfirm:
		return stepup.Approve, t.Request
	case e.Kind == event.KindClick && e.Action == view.ActionResume, e.Kind == event.KindCommand && t.Verb == roster.VerbResume && t.Request != "":
		return stepup.Resume, t.Request
	case e.Kind == event.KindCommand && t.Verb == roster.VerbThaw:
		return stepup.Thaw, ""
	}
	return "", ""
}

// stepUpModal is the modal of a press that takes a confirmation: where the number of
// users is typed, that is asked first.
func (h *Handler) stepUpModal(ctx context.Context, e *event.Event) (slack.ModalViewRequest, error) {
	f := view.Frame{Channel: e.Channel, Act: e.StepUp}
	act, id := confirmable(e)
	switch act {
	case stepup.Approve:
		r, err := h.toDecide(ctx, e)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		return view.StepUpFirst(r, e.Channel), nil
	case stepup.Resume:
		f.Request = id
	}
	return view.StepUp{Frame: f}.Says(view.PushAsking), nil
}

// againModal sends another push, from the modal of the last one.
func (h *Handler) againModal(_ context.Context, _ *event.Event, f view.Frame) (slack.ModalViewRequest, error) {
	if f.Act == "" {
		return slack.ModalViewRequest{}, event.ErrForeignValue
	}
	return view.StepUp{Frame: f}.Says(view.PushAsking), nil
}

// openedStepUp tells whoever leads that a modal is open in which a decision is confirmed,
// by way of the inbox.
func (h *Handler) openedStepUp(ctx context.Context, e *event.Event, m slack.ModalViewRequest, viewID string) {
	if m.CallbackID != view.StepUpCallback || viewID == "" {
		return
	}
	b := &event.Event{Kind: event.KindStepUp, By: e.By, Team: e.Team, Channel: e.Channel, At: e.At, View: viewID, Metadata: m.PrivateMetadata, Key: "step-up:" + e.Key}
	if b.At.IsZero() {
		b.At = h.Now()
	}
	body, err := json.Marshal(b)
	if err == nil {
		_, err = h.Inbox.Receive(ctx, b.Key, body)
	}
	if err != nil && ctx.Err() == nil {
		h.Log.Error("a confirmation cannot begin", "user", e.By, "error", slackapi.LogText(err))
		f, _ := b.Frame()
		(&StepUpScreen{h}).Show(ctx, stepup.Ask{Act: stepup.Act(f.Act), View: viewID, Intent: desk.Intent{By: e.By, Request: f.Request, Digest: f.Digest, Channel: f.Channel}}, stepup.Stage{State: stepup.Interrupted})
	}
}

// beginStepUp begins a confirmation whose modal is open.
func (h *Handler) beginStepUp(ctx context.Context, e *event.Event) error {
	f, err := e.Frame()
	if err != nil {
		return err
	}
	if h.StepUp == nil || f.Act == "" {
		return fmt.Errorf("%w: nothing to confirm", event.ErrForeignValue)
	}
	in := intent(e)
	in.Request, in.Digest, in.Confirmed = f.Request, f.Digest, f.Users
	return h.StepUp.Begin(ctx, stepup.Ask{Act: stepup.Act(f.Act), Intent: in, View: e.View})
}

// stepUpUpdate is what a form turns into whose decision is confirmed next; nil for others.
func (h *Handler) stepUpUpdate(e *event.Event) *slack.ViewSubmissionResponse {
	f, err := e.Frame()
	if err != nil || f.Act == "" || h.StepUp == nil {
		return nil
	}
	m := view.StepUp{Frame: f}.Says(view.PushAsking)
	return slack.NewUpdateViewSubmissionResponse(&m)
}

// StepUpScreen shows in a modal how a confirmation goes.
type StepUpScreen struct{ *Handler }

// Show updates the modal. Gone reports that it was closed.
func (s *StepUpScreen) Show(ctx context.Context, a stepup.Ask, st stepup.Stage) (gone bool) {
	if a.View == "" {
		return true
	}
	m := s.modal(ctx, a, st)
	_, err := s.Slack.UpdateViewContext(ctx, m, "", "", a.View)
	if err != nil && ctx.Err() == nil && slackapi.ErrorCode(err) != "not_found" {
		s.Log.Info("a modal does not show how a confirmation goes", "user", a.Intent.By, "error", slackapi.LogText(err))
	}
	return slackapi.ErrorCode(err) == "not_found"
}

func (s *StepUpScreen) modal(ctx context.Context, a stepup.Ask, st stepup.Stage) slack.ModalViewRequest {
	in := a.Intent
	v := view.StepUp{
		Frame:  view.Frame{Channel: in.Channel, Request: in.Request, Digest: reset.Digest(in.Digest.Short()), Users: in.Confirmed, Act: string(a.Act)},
		Number: st.Number, Device: st.Device, Left: st.Left,
	}
	if in.Digest == "" {
		v.Frame.Digest = ""
	}
	switch st.State {
	case stepup.Asking:
		return v.Says(view.PushAsking)
	case stepup.Waiting:
		return v.Waiting()
	case stepup.Done:
		return v.Says(view.PushConfirmed + done(a, st))
	case stepup.Refused:
		return v.Says(view.PushRefused)
	case stepup.TimedOut:
		return v.Failed(view.Answer(view.PushTimedOut))
	case stepup.Interrupted:
		return v.Failed(view.Answer(view.PushInterrupted))
	}
	return v.Failed(s.errorMessage(ctx, &event.Event{Kind: event.KindStepUp, By: in.By, Channel: in.Channel}, st.Err))
}

// done says what was confirmed.
func done(a stepup.Ask, st stepup.Stage) string {
	switch {
	case a.Act == stepup.Thaw && st.Lifted:
		return "The freeze is lifted. The channels are told."
	case a.Act == stepup.Thaw:
		return "One more approver must run `/factor-reset thaw`."
	case st.Result == nil:
		return ""
	case a.Act == stepup.Resume:
		return string(st.Result.ID) + " goes on."
	}
	return view.ApprovedWords(st.Result)
}

// TellRefused tells an approver by DM that somebody has refused a push, best effort.
func (s *StepUpScreen) TellRefused(ctx context.Context, to, by reset.Person, id reset.ID) {
	if err := s.sendDM(ctx, &event.Event{By: to}, view.PushRefusedNews(by, id)); err != nil {
		s.Log.Warn("an approver is not told of a refused push", "user", to, "error", slackapi.LogText(err))
	}
}
