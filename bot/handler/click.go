package handler

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// clicked serves a button on a request.
func (l *Handler) clicked(ctx context.Context, a *event.Event) (view.Message, error) {
	if l.modalOf(a) != nil {
		return wasOpened(a), nil // beside its acknowledgement, while its trigger was good
	}
	if a.Callback == view.ReviewCallback && (a.Action == view.ActionApprove || a.Action == view.ReviewRemove) {
		return l.clickedInReview(ctx, a)
	}
	switch a.Action {
	case view.ActionRetryFailed:
		return l.retried(ctx, a)
	case view.ActionNotMe:
		return l.reported(ctx, a)
	case view.ActionChooseColumn:
		return l.chose(ctx, a)
	}
	act := l.act(a.Action)
	if act == nil {
		l.Log.Warn("an unknown button was pressed and is passed over", "action", a.Action)
		return view.Refused(formerButton), nil
	}
	in, err := decisionOf(a)
	if err != nil {
		return view.Message{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	return l.moved(ctx, a, in, act)
}

// act is the move of the desk that a button asks for; nil for a button that is none of ours.
func (l *Handler) act(action string) func(context.Context, desk.Intent) (*reset.Request, error) {
	switch action {
	case view.ActionApprove:
		return l.Desk.Approve
	case view.ActionCancel:
		return l.Desk.Cancel
	case view.ActionPause:
		return l.Desk.Pause
	case view.ActionResume:
		return l.Desk.Resume
	}
	return nil
}

// moved makes a move. The messages show that it took place; only who could not make it hears so.
func (l *Handler) moved(ctx context.Context, a *event.Event, in desk.Intent, act func(context.Context, desk.Intent) (*reset.Request, error)) (view.Message, error) {
	r, err := act(ctx, in)
	if ctx.Err() != nil {
		return view.Message{}, nil
	}
	if n, lacks := unconfirmed(err); lacks {
		return l.askNumber(ctx, a, in, n)
	}
	if proof := (*reset.StepUpError)(nil); errors.As(err, &proof) && a.Action == view.ActionApprove {
		if r, err := l.Board.Get(ctx, in.Request); err == nil {
			return view.AskStepUp(r), nil
		}
	}
	if err != nil {
		return view.Message{}, err
	}
	l.tookEffect(a)
	l.Log.Info("a button took effect", "request", r.ID, "action", cmp.Or(a.Action, a.Callback), "user", a.By, "state", r.State)
	return view.Message{}, nil
}

// retried opens a request for what failed or was not run, where the button stands.
func (l *Handler) retried(ctx context.Context, a *event.Event) (view.Message, error) {
	in, err := decisionOf(a)
	if err != nil {
		return view.Message{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	if !l.takes(in.Channel) {
		in.Channel = "" // pressed in a DM or the home tab: it is asked where it was asked before
	}
	r, err := l.Desk.Retry(ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	return view.Opened(r), nil
}

// reported takes the word of an affected user that a reset was not wanted.
func (l *Handler) reported(ctx context.Context, a *event.Event) (view.Message, error) {
	id, row, err := view.ParseRowValue(a.Value)
	if err != nil {
		return view.Message{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	in := intent(a)
	in.Request, in.Row = id, row
	r, paused, err := l.Desk.Report(ctx, in)
	if errors.Is(err, reset.ErrAlreadyCounted) {
		return view.Answer("The security team already knows that you didn't expect this."), nil
	}
	if err != nil {
		return view.Message{}, err
	}
	l.tookEffect(a)
	l.Log.Warn("a user said that a reset was not wanted", "request", r.ID, "row", row, "user", a.By, "paused", paused)
	return view.ReportTaken(r), nil
}
