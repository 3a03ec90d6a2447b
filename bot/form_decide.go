package bot

import (
	"context"
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/view"
)

// decisionOf is the intent of a button on a request.
func (a *arrival) decisionOf() (desk.Intent, error) {
	id, digest, err := view.ParseValue(a.Value)
	if err != nil {
		return desk.Intent{}, fmt.Errorf("%w: %w", errForeignValue, err)
	}
	in := a.intent()
	in.Request, in.Digest = id, digest
	return in, nil
}

// decided is the intent of a modal about a request.
func (a *arrival) decided() (desk.Intent, view.Frame, error) {
	f, err := a.frame()
	if err == nil && f.Request == "" {
		err = fmt.Errorf("%w: no request", errForeignValue)
	}
	in := a.intent()
	in.Request, in.Digest = f.Request, f.Digest
	return in, f, err
}

// denyModal asks an approver why; nobody else gets that far.
func (l *listening) denyModal(ctx context.Context, a *arrival) (slack.ModalViewRequest, error) {
	in, err := a.decisionOf()
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	r, err := l.Decide.MayDecide(ctx, in)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	return view.DenyModal(r, a.Channel), nil
}

func (l *listening) checkDenial(_ context.Context, a *arrival) map[string]string {
	if _, _, err := a.decided(); err != nil {
		return map[string]string{view.FieldReason: outOfDate}
	}
	if a.text(view.FieldReason) == "" {
		return map[string]string{view.FieldReason: "Please say why: the requester reads it."}
	}
	return nil
}

// denied judges a denial with its reason.
func (l *listening) denied(ctx context.Context, a *arrival) {
	in, _, err := a.decided()
	if err != nil {
		l.answer(ctx, a, l.words(a, err))
		return
	}
	in.Why = a.text(view.FieldReason)
	l.moved(ctx, a, in, l.Decide.Deny)
}
