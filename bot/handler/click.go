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

// serveClick serves a press of a button, or a choice from a menu.
func (h *Handler) serveClick(ctx context.Context, e *event.Event) (view.Message, error) {
	if h.modalOf(e) != nil {
		return wasOpened(e), nil // beside its acknowledgement, while its trigger was good
	}
	press := h.actions()[e.Action].press
	if press == nil {
		h.Log.Warn("an unknown button was pressed and is passed over", "action", e.Action)
		return view.Refused(formerButton), nil
	}
	return press(ctx, e)
}

// move is a method of the desk that changes the state of a request.
type move func(Desk, context.Context, desk.Intent) (*reset.Request, error)

func (h *Handler) approve(ctx context.Context, e *event.Event) (view.Message, error) {
	if e.Callback == view.ReviewCallback {
		return h.serveReview(ctx, e)
	}
	return h.decide(Desk.Approve)(ctx, e)
}

// decide makes the move that a button on a request asks for.
func (h *Handler) decide(act move) server {
	return func(ctx context.Context, e *event.Event) (view.Message, error) {
		in, err := buttonIntent(e)
		if err != nil {
			return view.Message{}, err
		}
		return h.makeMove(ctx, e, in, act)
	}
}

// opened answers that a request was opened.
func opened(r *reset.Request, err error) (view.Message, error) {
	if err != nil {
		return view.Message{}, err
	}
	return view.Opened(r), nil
}

// makeMove makes a move. The messages show that it took place, so only a person who could
// not make it is answered.
func (h *Handler) makeMove(ctx context.Context, e *event.Event, in desk.Intent, act move) (view.Message, error) {
	r, err := act(h.Desk, ctx, in)
	if ctx.Err() != nil {
		return view.Message{}, nil
	}
	if lacks, ok := errors.AsType[*reset.ConfirmError](err); ok {
		return h.askNumber(ctx, e, in, lacks.Users)
	}
	if _, proof := errors.AsType[*reset.StepUpError](err); proof && e.Action == view.ActionApprove {
		if r, err := h.Requests.Get(ctx, in.Request); err == nil {
			return view.AskStepUp(r), nil
		}
	}
	if err != nil {
		return view.Message{}, err
	}
	h.tookEffect(e)
	h.Log.Info("a button took effect", "request", r.ID, "action", cmp.Or(e.Action, e.Callback), "user", e.By, "state", r.State)
	return view.Message{}, nil
}

// retry opens a request for what failed or was not run, in the channel of the button.
func (h *Handler) retry(ctx context.Context, e *event.Event) (view.Message, error) {
	in, err := buttonIntent(e)
	if err != nil {
		return view.Message{}, err
	}
	if !h.takes(in.Channel) {
		in.Channel = "" // pressed in a DM or the home tab: it is asked where it was asked before
	}
	return opened(h.Desk.Retry(ctx, in))
}

// report records that an affected user did not want a reset.
func (h *Handler) report(ctx context.Context, e *event.Event) (view.Message, error) {
	id, row, err := view.ParseRowValue(e.Value)
	if err != nil {
		return view.Message{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	in := intent(e)
	in.Request, in.Row = id, row
	r, paused, err := h.Desk.Report(ctx, in)
	if errors.Is(err, reset.ErrAlreadyCounted) {
		return view.Answer("The security team already knows that you didn't expect this."), nil
	}
	if err != nil {
		return view.Message{}, err
	}
	h.tookEffect(e)
	h.Log.Warn("a user said that a reset was not wanted", "request", r.ID, "row", row, "user", e.By, "paused", paused)
	return view.ReportTaken(r), nil
}
