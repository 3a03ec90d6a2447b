package handler

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/view"
)

// decisionOf is the intent of a button on a request.
func decisionOf(a *event.Event) (desk.Intent, error) {
	id, digest, err := view.ParseValue(a.Value)
	if err != nil {
		return desk.Intent{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	in := intent(a)
	in.Request, in.Digest = id, digest
	return in, nil
}

// decided is the intent of a modal about a request.
func decided(a *event.Event) (desk.Intent, view.Frame, error) {
	f, err := a.Frame()
	if err == nil && f.Request == "" {
		err = fmt.Errorf("%w: no request", event.ErrForeignValue)
	}
	in := intent(a)
	in.Request, in.Digest = f.Request, f.Digest
	return in, f, err
}

// denyModal asks an approver why; nobody else gets that far.
func (l *Handler) denyModal(ctx context.Context, a *event.Event) (slack.ModalViewRequest, error) {
	in, err := decisionOf(a)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	r, err := l.Desk.MayDecide(ctx, in)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	return view.DenyModal(r, a.Channel), nil
}

func (l *Handler) checkDenial(_ context.Context, a *event.Event) map[string]string {
	if _, _, err := decided(a); err != nil {
		return map[string]string{view.FieldReason: outOfDate}
	}
	if a.Typed(view.FieldReason) == "" {
		return map[string]string{view.FieldReason: "Please say why: the requester reads it."}
	}
	return nil
}

// denied judges a denial with its reason.
func (l *Handler) denied(ctx context.Context, a *event.Event) (view.Message, error) {
	in, _, err := decided(a)
	if err != nil {
		return view.Message{}, err
	}
	in.Why = a.Typed(view.FieldReason)
	return l.moved(ctx, a, in, l.Desk.Deny)
}
