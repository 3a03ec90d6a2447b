package handler

import (
	"context"
	"errors"
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

// confirmModal asks for the number of users.
func (l *Handler) confirmModal(ctx context.Context, a *event.Event) (slack.ModalViewRequest, error) {
	in, err := decisionOf(a)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	r, err := l.Desk.MayDecide(ctx, in)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	return view.ConfirmModal(r, a.Channel, numberOf(r)), nil
}

// numberOf is the number that an approver types.
func numberOf(r *reset.Request) int {
	if r.Terms.Confirm > 0 {
		return r.Terms.Confirm
	}
	return r.Plan.Resets
}

func (l *Handler) checkNumber(_ context.Context, a *event.Event) map[string]string {
	_, f, err := decided(a)
	if err != nil {
		return map[string]string{view.FieldUsers: outOfDate}
	}
	switch n, err := typedNumber(a); {
	case err != nil:
		return map[string]string{view.FieldUsers: "Type a whole number, such as 120."}
	case n != f.Users:
		return map[string]string{view.FieldUsers: fmt.Sprintf("That isn't the number of users of %s. Look again at what you approve.", f.Request)}
	}
	return nil
}

// typedNumber reads the number with or without the marks that people put between thousands.
func typedNumber(a *event.Event) (int, error) {
	return strconv.Atoi(strings.NewReplacer(",", "", ".", "", " ", "", "\u00a0", "", "\u202f", "", "'", "", "\u2019", "").Replace(a.Typed(view.FieldUsers)))
}

// numbered judges an approval whose number of users was typed.
func (l *Handler) numbered(ctx context.Context, a *event.Event) (view.Message, error) {
	in, f, err := decided(a)
	if err == nil {
		in.Confirmed, err = typedNumber(a)
	}
	if err != nil {
		return view.Message{}, err
	}
	if f.Act != "" {
		return view.Message{}, l.confirming(ctx, a)
	}
	return l.moved(ctx, a, in, l.Desk.Approve)
}

// askNumber opens the modal for the number while the trigger of the click is
// good; later, and after a restart, a private button opens it.
func (l *Handler) askNumber(ctx context.Context, a *event.Event, in desk.Intent, n int) (view.Message, error) {
	r, err := l.Board.Get(ctx, in.Request)
	if err != nil {
		return view.Message{}, err
	}
	if a.TriggerID != "" {
		short, cancel := context.WithTimeout(ctx, modalTime)
		defer cancel()
		_, err := l.Slack.OpenViewContext(short, a.TriggerID, view.ConfirmModal(r, a.Channel, n))
		if err == nil || ctx.Err() != nil {
			return view.Message{}, nil
		}
		l.Log.Info("a modal was not opened; a button stands in for it", "error", slackapi.LogText(err))
	}
	return view.AskNumber(r, n), nil
}

// unconfirmed returns the number that a large batch asks for, where an approval lacked it.
func unconfirmed(err error) (n int, lacks bool) {
	var e *reset.ConfirmError
	if errors.As(err, &e) {
		return e.Users, true
	}
	return 0, false
}
