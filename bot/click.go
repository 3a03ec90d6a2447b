package bot

import (
	"context"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// clicked serves a button on a request.
func (l *listening) clicked(ctx context.Context, a *arrival) {
	if l.modalOf(a) != nil {
		return // served beside its acknowledgement, while its trigger was good
	}
	act := l.act(a.Action)
	if act == nil {
		l.Log.Warn("an unknown button was pressed and is passed over", "action", a.Action)
		return
	}
	in, err := a.decisionOf()
	if err != nil {
		l.Log.Warn("a button with a foreign value was pressed and is passed over", "action", a.Action, "error", brief(err))
		return
	}
	l.moved(ctx, a, in, act)
}

// act is the move of the desk that a button asks for; nil for a button that is none of ours.
func (l *listening) act(action string) func(context.Context, desk.Intent) (*reset.Request, error) {
	switch action {
	case view.ActionApprove:
		return l.Decide.Approve
	case view.ActionDeny:
		return l.Decide.Deny
	case view.ActionCancel:
		return l.Steer.Cancel
	case view.ActionPause:
		return l.Steer.Pause
	case view.ActionResume:
		return l.Steer.Resume
	}
	return nil
}

// moved makes a move. The messages show that it took place; only who could not make it hears so.
func (l *listening) moved(ctx context.Context, a *arrival, in desk.Intent, act func(context.Context, desk.Intent) (*reset.Request, error)) {
	r, err := act(ctx, in)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.answer(ctx, a, l.words(a, err))
		return
	}
	l.Log.Info("a button took effect", "request", r.ID, "action", a.Action, "user", a.By, "state", r.State)
}
