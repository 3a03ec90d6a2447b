package handler

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// formerButton answers a button or form that this program never wrote, or no longer writes.
const formerButton = "This button or form is out of date, so nothing was done. Use the newest message of the request."

// outOfDate answers a modal whose metadata cannot be read.
const outOfDate = "This form is out of date. Close it and open it again."

// Check says what is wrong with a form, or what it turns into; keep reports whether it is
// to be recorded and served.
func (h *Handler) Check(ctx context.Context, e *event.Event) (answer *slack.ViewSubmissionResponse, keep bool) {
	f := h.actions()[e.Callback]
	if f.check == nil {
		h.Log.Warn("an unknown form was submitted and is passed over", "callback", e.Callback)
		return nil, false
	}
	if wrong := f.check(ctx, e); len(wrong) > 0 {
		return slack.NewErrorsViewSubmissionResponse(wrong), false
	}
	return h.stepUpUpdate(e), true
}

// serveSubmission serves a form that was checked and recorded.
func (h *Handler) serveSubmission(ctx context.Context, e *event.Event) (view.Message, error) {
	f := h.actions()[e.Callback]
	if f.submit == nil {
		h.Log.Warn("an unknown form is in the inbox and is passed over", "callback", e.Callback)
		return view.Refused(formerButton), nil
	}
	return f.submit(ctx, e)
}

// mayAsk asks the desk whether the person of a form may ask, for this reason;
// it returns the words of a refusal and whether they are about the reason. What
// cannot be found out in time is left to the desk, which judges in any case.
func (h *Handler) mayAsk(ctx context.Context, e *event.Event, reason string) (words string, aboutReason bool) {
	in := intent(e)
	in.Asked = h.Now()
	err := h.Desk.MayAsk(ctx, in, reason)
	if err == nil {
		return "", false
	}
	if words, known := desk.RefusalWords(err); known {
		return words, isAboutReason(err)
	}
	if ctx.Err() == nil {
		h.Log.Warn("a form could not be checked; the desk judges it", "error", slackapi.LogText(err))
	}
	return "", false
}

// modalOf returns what makes the modal that a click or a command opens; nil if
// it opens none.
func (h *Handler) modalOf(e *event.Event) modalMaker {
	switch {
	case e.StepUp != "":
		return h.stepUpModal
	case e.Kind == event.KindCommand:
		return h.modalOfCommand(e)
	case e.Kind == event.KindClick:
		return h.actions()[e.Action].open
	}
	return nil
}

// Modal returns what opens or changes the modal that an event asks for; nil if it asks for
// none. On a press that takes a confirmation it notes that, so that the worker who gets it
// later knows that a modal was opened for it.
func (h *Handler) Modal(ctx context.Context, e *event.Event) (show func(context.Context)) {
	h.markStepUp(ctx, e)
	modal := h.modalOf(e)
	if modal == nil {
		return nil
	}
	return func(ctx context.Context) { h.showModal(ctx, e, modal) }
}

// showModal opens the modal, or if the click was in one, changes that.
func (h *Handler) showModal(ctx context.Context, e *event.Event, modal modalMaker) {
	short, cancel := context.WithTimeout(ctx, modalTime)
	defer cancel()
	m, err := modal(short, e)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, context.DeadlineExceeded), isLimited(err): // the trigger does not last so long
		h.answer(ctx, e, view.Answer(notOpened))
		return
	case err != nil:
		h.answer(ctx, e, h.errorMessage(ctx, e, err))
		return
	}
	shown, err := h.place(short, e, m)
	if err != nil && ctx.Err() == nil {
		h.Log.Warn("a modal was not opened", "error", slackapi.LogText(err))
		h.answer(ctx, e, view.Answer(notOpened))
	}
	if err == nil {
		h.openedStepUp(ctx, e, m, shown)
	}
}

const notOpened = "The form didn't open. Please try again."

// wasOpened answers a click or command whose modal was not opened because the program
// ended after recording it.
func wasOpened(e *event.Event) view.Message {
	if !e.Opened {
		return view.Answer(notOpened)
	}
	return view.Message{}
}

// place opens a modal, or replaces the one in which something was clicked. A
// change that came too late for its hash is dropped: a later one shows. It returns the
// ID of the modal that shows m.
func (h *Handler) place(ctx context.Context, e *event.Event, m slack.ModalViewRequest) (string, error) {
	if !e.InModal {
		opened, err := h.Slack.OpenViewContext(ctx, e.TriggerID, m)
		if err != nil {
			return "", err
		}
		return opened.View.ID, nil
	}
	_, err := h.Slack.UpdateViewContext(ctx, m, "", e.Hash, e.View)
	if slackapi.ErrorCode(err) == "hash_conflict" {
		return "", nil
	}
	return e.View, err
}
