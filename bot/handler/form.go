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

// form is a modal of ours that can be submitted.
type form struct {
	// check says what is wrong, by field, as far as that is known within modalTime; it runs before the acknowledgement.
	check func(ctx context.Context, a *event.Event) map[string]string
	// serve does what the form asks for; a worker calls it.
	serve func(ctx context.Context, a *event.Event) (view.Message, error)
}

// form returns the form with this callback.
func (l *Handler) form(callback string) (form, bool) {
	switch callback {
	case view.ReasonCallback:
		return form{l.checkReason, l.reasoned}, true
	case view.RequestCallback:
		return form{l.checkRequest, l.requested}, true
	case view.ExportCallback:
		return form{l.checkExport, l.exported}, true
	case view.DenyCallback:
		return form{l.checkDenial, l.denied}, true
	case view.ConfirmCallback:
		return form{l.checkNumber, l.numbered}, true
	case view.ReviewCallback:
		return form{l.checkReview, l.onlyClosed}, true
	}
	return form{}, false
}

// outOfDate is said of a modal whose metadata cannot be read.
const outOfDate = "This form is out of date. Close it and open it again."

// Check says what is wrong with a form, or what it turns into; keep reports whether it is
// to be recorded and served.
func (l *Handler) Check(ctx context.Context, a *event.Event) (answer *slack.ViewSubmissionResponse, keep bool) {
	f, known := l.form(a.Callback)
	if !known {
		l.Log.Warn("an unknown form was submitted and is passed over", "callback", a.Callback)
		return nil, false
	}
	if wrong := f.check(ctx, a); len(wrong) > 0 {
		return slack.NewErrorsViewSubmissionResponse(wrong), false
	}
	return l.stepUpUpdate(a), true
}

// submission serves a form that was recorded.
func (l *Handler) submission(ctx context.Context, a *event.Event) (view.Message, error) {
	f, known := l.form(a.Callback)
	if !known {
		l.Log.Warn("an unknown form is in the inbox and is passed over", "callback", a.Callback)
		return view.Refused(formerButton), nil
	}
	return f.serve(ctx, a)
}

// mayAsk asks the desk whether the person of a form may ask, for this reason;
// it returns the words of a refusal and whether they are about the reason. What
// cannot be found out in time is left to the desk, which judges in any case.
func (l *Handler) mayAsk(ctx context.Context, a *event.Event, reason string) (words string, aboutReason bool) {
	in := intent(a)
	in.Asked = l.Now()
	err := l.Desk.MayAsk(ctx, in, reason)
	if err == nil {
		return "", false
	}
	if words, known := desk.RefusalWords(err); known {
		return words, isAboutReason(err)
	}
	if ctx.Err() == nil {
		l.Log.Warn("a form could not be checked; the desk judges it", "error", slackapi.LogText(err))
	}
	return "", false
}

// modalOf returns what makes the modal that a click or a command opens; nil if
// it opens none. It runs beside the acknowledgement, while the trigger is good.
func (l *Handler) modalOf(a *event.Event) func(context.Context, *event.Event) (slack.ModalViewRequest, error) {
	switch {
	case a.StepUp != "":
		return l.stepUpModal
	case a.Kind == event.KindCommand:
		return l.modalOfCommand(a)
	case a.Kind != event.KindClick:
		return nil
	}
	switch a.Action {
	case view.ActionAddReason:
		return l.reasonModal
	case view.ActionNewRequest:
		return l.requestModal
	case view.ActionNewExport:
		return l.exportModal
	case view.ActionDeny:
		return l.denyModal
	case view.ActionConfirm:
		return l.confirmModal
	case view.ActionAgain:
		return l.againModal
	case view.ActionReview:
		return l.reviewModal
	case view.ReviewSearch, view.ReviewShow, view.ReviewBack, view.ReviewOn, view.ReviewAll:
		return l.turnReview
	case view.ActionMoreOptions:
		return l.moreOptions
	case view.FieldWhom:
		return l.anotherField
	}
	return nil
}

// formerButton is said of what this program never wrote, or no longer writes.
const formerButton = "This button or form is out of date, so nothing was done. Use the newest message of the request."

// Modal returns what opens or changes the modal that an event asks for; nil if it asks for
// none. On a press that takes a confirmation it notes that, so that the worker who gets it
// later knows that a modal was opened for it.
func (l *Handler) Modal(ctx context.Context, a *event.Event) (show func(context.Context)) {
	l.markStepUp(ctx, a)
	modal := l.modalOf(a)
	if modal == nil {
		return nil
	}
	return func(ctx context.Context) { l.showModal(ctx, a, modal) }
}

// showModal opens the modal, or where the click was in one, changes it.
func (l *Handler) showModal(ctx context.Context, a *event.Event, modal func(context.Context, *event.Event) (slack.ModalViewRequest, error)) {
	short, cancel := context.WithTimeout(ctx, modalTime)
	defer cancel()
	m, err := modal(short, a)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, context.DeadlineExceeded), isLimited(err): // the trigger does not last so long
		l.answer(ctx, a, view.Answer(notOpened))
		return
	case err != nil:
		l.answer(ctx, a, l.errorMessage(ctx, a, err))
		return
	}
	shown, err := l.place(short, a, m)
	if err != nil && ctx.Err() == nil {
		l.Log.Warn("a modal was not opened", "error", slackapi.LogText(err))
		l.answer(ctx, a, view.Answer(notOpened))
	}
	if err == nil {
		l.openedStepUp(ctx, a, m, shown)
	}
}

const notOpened = "The form didn't open. Please try again."

// wasOpened answers a click or command whose modal nobody has opened: the program
// ended between recording it and that.
func wasOpened(a *event.Event) view.Message {
	if !a.Opened {
		return view.Answer(notOpened)
	}
	return view.Message{}
}

// place opens a modal, or replaces the one in which something was clicked. A
// change that came too late for its hash is dropped: a later one shows. It returns the
// ID of the modal that shows m.
func (l *Handler) place(ctx context.Context, a *event.Event, m slack.ModalViewRequest) (string, error) {
	if !a.InModal {
		opened, err := l.Slack.OpenViewContext(ctx, a.TriggerID, m)
		if err != nil {
			return "", err
		}
		return opened.View.ID, nil
	}
	_, err := l.Slack.UpdateViewContext(ctx, m, "", a.Hash, a.View)
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) && refused.Err == "hash_conflict" {
		return "", nil
	}
	return a.View, err
}
