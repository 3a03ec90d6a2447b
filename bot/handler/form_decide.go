package handler

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// buttonIntent returns the intent of a button on a request.
func buttonIntent(e *event.Event) (desk.Intent, error) {
	id, digest, err := view.ParseValue(e.Value)
	if err != nil {
		return desk.Intent{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	in := intent(e)
	in.Request, in.Digest = id, digest
	return in, nil
}

// modalIntent returns the intent of a modal about a request.
func modalIntent(e *event.Event) (desk.Intent, view.Frame, error) {
	f, err := e.Frame()
	if err == nil && f.Request == "" {
		err = fmt.Errorf("%w: no request", event.ErrForeignValue)
	}
	in := intent(e)
	in.Request, in.Digest = f.Request, f.Digest
	return in, f, err
}

// toDecide returns the request of a pressed button if the person who pressed may decide it.
func (h *Handler) toDecide(ctx context.Context, e *event.Event) (*reset.Request, error) {
	in, err := buttonIntent(e)
	if err != nil {
		return nil, err
	}
	return h.Desk.MayDecide(ctx, in)
}

// decisionModal returns what makes a modal for somebody who may decide on the request of a
// pressed button; anybody else is refused.
func (h *Handler) decisionModal(of func(*reset.Request, reset.Channel) slack.ModalViewRequest) modalMaker {
	return func(ctx context.Context, e *event.Event) (slack.ModalViewRequest, error) {
		r, err := h.toDecide(ctx, e)
		if err != nil {
			return slack.ModalViewRequest{}, err
		}
		return of(r, e.Channel), nil
	}
}

func (h *Handler) checkDenial(_ context.Context, e *event.Event) map[string]string {
	if _, _, err := modalIntent(e); err != nil {
		return map[string]string{view.FieldReason: outOfDate}
	}
	if e.Typed(view.FieldReason) == "" {
		return map[string]string{view.FieldReason: "Please say why: the requester reads it."}
	}
	return nil
}

// deny denies a request for the reason that was typed.
func (h *Handler) deny(ctx context.Context, e *event.Event) (view.Message, error) {
	in, _, err := modalIntent(e)
	if err != nil {
		return view.Message{}, err
	}
	in.Why = e.Typed(view.FieldReason)
	return h.makeMove(ctx, e, in, Desk.Deny)
}

// confirmModal asks for the number of users.
func confirmModal(r *reset.Request, c reset.Channel) slack.ModalViewRequest {
	n := r.Plan.Resets
	if r.Terms.Confirm > 0 {
		n = r.Terms.Confirm
	}
	return view.ConfirmModal(r, c, n)
}

func (h *Handler) checkNumber(_ context.Context, e *event.Event) map[string]string {
	_, f, err := modalIntent(e)
	if err != nil {
		return map[string]string{view.FieldUsers: outOfDate}
	}
	switch n, err := typedNumber(e); {
	case err != nil:
		return map[string]string{view.FieldUsers: "Type a whole number, such as 120."}
	case n != f.Users:
		return map[string]string{view.FieldUsers: fmt.Sprintf("That isn't the number of users of %s. Look again at what you approve.", f.Request)}
	}
	return nil
}

// typedNumber reads the number, with or without separators of thousands.
func typedNumber(e *event.Event) (int, error) {
	return strconv.Atoi(strings.NewReplacer(",", "", ".", "", " ", "", "\u00a0", "", "\u202f", "", "'", "", "\u2019", "").Replace(e.Typed(view.FieldUsers)))
}

// approveNumber approves a request whose number of users was typed.
func (h *Handler) approveNumber(ctx context.Context, e *event.Event) (view.Message, error) {
	in, f, err := modalIntent(e)
	if err == nil {
		in.Confirmed, err = typedNumber(e)
	}
	if err != nil {
		return view.Message{}, err
	}
	if f.Act != "" {
		return view.Message{}, h.beginStepUp(ctx, e)
	}
	return h.makeMove(ctx, e, in, Desk.Approve)
}

// askNumber opens the modal for the number while the trigger of the click is
// good; later, and after a restart, a private button opens it.
func (h *Handler) askNumber(ctx context.Context, e *event.Event, in desk.Intent, n int) (view.Message, error) {
	r, err := h.Requests.Get(ctx, in.Request)
	if err != nil {
		return view.Message{}, err
	}
	if e.TriggerID != "" {
		short, cancel := context.WithTimeout(ctx, modalTime)
		defer cancel()
		_, err := h.Slack.OpenViewContext(short, e.TriggerID, view.ConfirmModal(r, e.Channel, n))
		if err == nil || ctx.Err() != nil {
			return view.Message{}, nil
		}
		h.Log.Info("a modal was not opened, so a button asks instead", "error", slackapi.LogText(err))
	}
	return view.AskNumber(r, n), nil
}
