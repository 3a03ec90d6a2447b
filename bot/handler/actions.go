package handler

import (
	"context"

	"github.com/slack-go/slack"

	"factorbot/bot/event"
	"factorbot/bot/view"
)

// action is what one of our buttons, menus and modals leads to. Where a button opens a modal
// that can be submitted, both have the same name.
type action struct {
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

// actions has what each action ID and each callback ID leads to.
func (h *Handler) actions() map[string]action {
	return map[string]action{
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
