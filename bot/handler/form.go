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

// form is what one of our buttons, menus and modals leads to. Where a button opens a modal
// that can be submitted, both have the same name.
type form struct {
	// open makes the modal that a press opens, or that replaces the one it is in. It runs
	// beside the acknowledgement, while the trigger is good.
	open  modalMaker
	press server // does what a press asks for; a worker calls it
	// check says what is wrong with what is submitted, by field, as far as that is known in
	// time; it runs before the acknowledgement.
	check  func(ctx context.Context, e *event.Event) map[string]string
	submit server // does what the modal asks for; a worker calls it
}

// modalMaker makes the modal that an event asks for.
type modalMaker func(ctx context.Context, e *event.Event) (slack.ModalViewRequest, error)

// server does what an event asks for, and returns the answer to its person.
type server func(ctx context.Context, e *event.Event) (view.Message, error)

// forms has what each action ID and each callback ID leads to.
func (h *Handler) forms() map[string]form {
	return map[string]form{
		view.ActionAddReason:    {open: h.reasonModal},
		view.ReasonCallback:     {check: h.checkReason, submit: h.openWithReason},
		view.ActionChooseColumn: {press: h.chooseColumn},

		view.ActionNewRequest:  {open: h.requestModal},
		view.ActionMoreOptions: {open: withFrame(h.moreOptionsModal)},
		view.RequestCallback:   {check: h.checkRequest, submit: withFrame(h.openRequest)},

		view.ActionNewExport: {open: h.exportModal},
		view.FieldNamedBy:    {open: withFrame(h.otherFieldModal)},
		view.ExportCallback:  {check: h.checkExport, submit: withFrame(h.openExport)},

		view.ActionApprove: {press: h.approve},
		view.ActionConfirm: {open: h.decisionModal(confirmModal), check: h.checkNumber, submit: h.approveNumber},
		view.ActionAgain:   {open: withFrame(h.againModal)},
		view.ActionDeny:    {open: h.decisionModal(view.DenyModal), check: h.checkDenial, submit: h.deny},

		view.ActionReview: {open: h.reviewModal, check: h.checkReview, submit: closeReview},
		view.ReviewSearch: {open: withFrame(h.turnedReviewModal)},
		view.ReviewShow:   {open: withFrame(h.turnedReviewModal)},
		view.ReviewBack:   {open: withFrame(h.turnedReviewModal)},
		view.ReviewOn:     {open: withFrame(h.turnedReviewModal)},
		view.ReviewAll:    {open: withFrame(h.turnedReviewModal)},
		view.ReviewRemove: {press: h.serveReview},

		view.ActionCancel:      {press: h.decide(Desk.Cancel)},
		view.ActionPause:       {press: h.decide(Desk.Pause)},
		view.ActionResume:      {press: h.decide(Desk.Resume)},
		view.ActionRetryFailed: {press: h.retry},
		view.ActionNotMe:       {press: h.report},
	}
}

// withFrame reads what the modal of an event is about.
func withFrame[T any](do func(context.Context, *event.Event, view.Frame) (T, error)) func(context.Context, *event.Event) (T, error) {
	return func(ctx context.Context, e *event.Event) (T, error) {
		f, err := e.Frame()
		if err != nil {
			var none T
			return none, err
		}
		return do(ctx, e, f)
	}
}

// formerButton answers a button or form that this program never wrote, or no longer writes.
const formerButton = "This button or form is out of date, so nothing was done. Use the newest message of the request."

// outOfDate answers a modal whose metadata cannot be read.
const outOfDate = "This form is out of date. Close it and open it again."

// Check says what is wrong with a form, or what it turns into; keep reports whether it is
// to be recorded and served.
func (h *Handler) Check(ctx context.Context, e *event.Event) (answer *slack.ViewSubmissionResponse, keep bool) {
	f := h.forms()[e.Callback]
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
	f := h.forms()[e.Callback]
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
		return h.forms()[e.Action].open
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
