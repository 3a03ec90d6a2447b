package bot

import (
	"cmp"
	"context"
	"errors"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// clicked serves a button on a request.
func (l *listening) clicked(ctx context.Context, a *arrival) {
	if l.modalOf(a) != nil {
		l.wasOpened(ctx, a) // beside its acknowledgement, while its trigger was good
		return
	}
	switch a.Action {
	case view.ActionRetryFailed:
		l.retried(ctx, a)
		return
	case view.ActionNotMe:
		l.reported(ctx, a)
		return
	case view.ActionChooseColumn:
		l.chose(ctx, a)
		return
	}
	act := l.act(a.Action)
	if act == nil {
		l.Log.Warn("an unknown button was pressed and is passed over", "action", a.Action)
		l.answer(ctx, a, view.Refused(formerButton))
		return
	}
	in, err := a.decisionOf()
	if err != nil {
		l.foreign(ctx, a, err)
		return
	}
	l.moved(ctx, a, in, act)
}

// act is the move of the desk that a button asks for; nil for a button that is none of ours.
func (l *listening) act(action string) func(context.Context, desk.Intent) (*reset.Request, error) {
	switch action {
	case view.ActionApprove:
		return l.Decide.Approve
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
	if n, lacks := unconfirmed(err); lacks {
		l.askNumber(ctx, a, in, n)
		return
	}
	if err != nil {
		l.answer(ctx, a, l.words(a, err))
		return
	}
	l.tookEffect(a)
	l.Log.Info("a button took effect", "request", r.ID, "action", cmp.Or(a.Action, a.Callback), "user", a.By, "state", r.State)
}

// retried opens a request for what failed or was not run, where the button stands.
func (l *listening) retried(ctx context.Context, a *arrival) {
	in, err := a.decisionOf()
	if err != nil {
		l.foreign(ctx, a, err)
		return
	}
	if !l.takes(in.Channel) {
		in.Channel = "" // pressed in a DM or the home tab: it is asked where it was asked before
	}
	r, err := l.Again.Retry(ctx, in)
	if err != nil {
		l.answer(ctx, a, l.words(a, err))
		return
	}
	l.answer(ctx, a, view.Opened(r))
}

// reported takes the word of an affected user that a reset was not wanted.
func (l *listening) reported(ctx context.Context, a *arrival) {
	id, row, err := view.ParseRowValue(a.Value)
	if err != nil {
		l.foreign(ctx, a, err)
		return
	}
	in := a.intent()
	in.Request, in.Row = id, row
	r, paused, err := l.Steer.Report(ctx, in)
	if errors.Is(err, reset.ErrAlreadyCounted) {
		l.answer(ctx, a, view.Answer("The security team knows already that you did not expect this."))
		return
	}
	if err != nil {
		l.answer(ctx, a, l.words(a, err))
		return
	}
	l.tookEffect(a)
	l.Log.Warn("a user said that a reset was not wanted", "request", r.ID, "row", row, "user", a.By, "paused", paused)
	l.answer(ctx, a, view.ReportTaken(r))
}
