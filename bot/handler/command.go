package handler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// commanded serves a slash command. Every one gets a private answer.
func (l *Handler) commanded(ctx context.Context, a *event.Event) (view.Message, error) {
	if l.modalOf(a) != nil {
		return wasOpened(a), nil // the form is the answer
	}
	c, err := roster.ParseCommand(a.Text)
	if err != nil {
		return view.Message{}, err
	}
	return l.runCommand(ctx, a, c)
}

func (l *Handler) runCommand(ctx context.Context, a *event.Event, c roster.Command) (view.Message, error) {
	switch c.Verb {
	case roster.VerbHelp, roster.VerbForm:
		return view.Help(), nil
	case roster.VerbWhoami:
		return l.whoami(ctx, a)
	case roster.VerbStatus:
		return l.status(ctx, a, c)
	case roster.VerbHistory:
		return l.listPast(ctx, a, c)
	case roster.VerbCancel, roster.VerbPause, roster.VerbResume:
		return l.changeState(ctx, a, c)
	case roster.VerbFreeze, roster.VerbThaw:
		return l.brake(ctx, a, c)
	case roster.VerbRetry, roster.VerbReceipt, roster.VerbEnrolled:
		return l.showRequest(ctx, a, c)
	}
	r, err := l.Desk.OpenCommand(ctx, intent(a), c)
	if err != nil {
		return view.Message{}, err
	}
	return view.Opened(r), nil
}

func (l *Handler) status(ctx context.Context, a *event.Event, c roster.Command) (view.Message, error) {
	in := intent(a)
	if len(c.Users) == 1 && len(c.Args) == 0 {
		return l.userStatus(ctx, in, c.Users[0])
	}
	if len(c.Args)+len(c.Users) > 0 {
		id, err := named(c)
		if err != nil {
			return view.Message{}, err
		}
		in.Request = id
	}
	all, err := l.Desk.Status(ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	return view.Status(all), nil
}

// userStatus serves "status ana@example.com".
func (l *Handler) userStatus(ctx context.Context, in desk.Intent, u roster.UserRef) (view.Message, error) {
	if u.Kind != roster.UserID && u.Kind != roster.UserLogin && u.Kind != roster.UserMention {
		return view.Message{}, &roster.Error{Code: roster.CodeOption, Words: "Whose status? Write one user: `/factor-reset status ana@example.com`."}
	}
	found, more, err := l.Desk.Became(ctx, in, u)
	if err != nil {
		return view.Message{}, err
	}
	all := make([]view.Became, 0, len(found))
	for _, b := range found {
		all = append(all, view.Became(b))
	}
	name := u.Value
	if u.Kind == roster.UserMention && len(all) > 0 {
		name = all[0].Target.Login
	}
	return view.UserStatus(name, all, more), nil
}

// changeState serves "cancel FR-42" and its like.
func (l *Handler) changeState(ctx context.Context, a *event.Event, c roster.Command) (view.Message, error) {
	id, err := named(c)
	if err != nil {
		return view.Message{}, err
	}
	in := intent(a)
	in.Request, in.Why = id, c.Reason
	act := l.act(string(c.Verb)) // a verb is called as its button
	if act == nil {
		return view.Message{}, errors.New("no move for the verb " + string(c.Verb))
	}
	r, err := act(ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	l.tookEffect(a)
	return view.Moved(r), nil
}

// showRequest serves what needs one request and answers with it.
func (l *Handler) showRequest(ctx context.Context, a *event.Event, c roster.Command) (view.Message, error) {
	id, err := named(c)
	if err != nil {
		return view.Message{}, err
	}
	in := intent(a)
	in.Request = id
	if c.Verb == roster.VerbRetry {
		r, err := l.Desk.Retry(ctx, in)
		if err != nil {
			return view.Message{}, err
		}
		return view.Opened(r), nil
	}
	all, err := l.Desk.Status(ctx, in) // which judges who may see it
	if err != nil {
		return view.Message{}, err
	}
	if c.Verb == roster.VerbReceipt {
		return l.receipt(ctx, all[0])
	}
	return l.enrolled(ctx, all[0])
}

// receipt adds the heads of the audit trail to what the head of the request proves.
func (l *Handler) receipt(ctx context.Context, r *reset.Request) (view.Message, error) {
	heads := view.Heads{Org: r.Anchor}
	if l.Anchors != nil {
		var err error
		if heads, err = l.Anchors.Heads(ctx, r.ID); err != nil {
			return view.Message{}, fmt.Errorf("read the heads of the audit trail: %w", err)
		}
	}
	return view.Receipt(r, heads), nil
}

// enrolledTime bounds the question who has enrolled again: it reads pages of Okta's log.
const enrolledTime = 60 * time.Second

func (l *Handler) enrolled(ctx context.Context, r *reset.Request) (view.Message, error) {
	if l.Enrolled == nil || !r.HasRun() {
		return view.Enrolled(r, nil, 0, l.Now()), nil
	}
	ctx, cancel := context.WithTimeout(ctx, enrolledTime)
	defer cancel()
	of, again, err := l.Enrolled.Enrolled(ctx, r.ID)
	if err != nil {
		return view.Message{}, err
	}
	return view.Enrolled(r, again, of, l.Now()), nil
}

// named reads the one request that a command is about.
func named(c roster.Command) (reset.ID, error) {
	if len(c.Args) != 1 || len(c.Users) > 0 {
		return "", misnamed(c)
	}
	id, err := reset.ParseID(c.Args[0])
	if err != nil {
		return "", misnamed(c)
	}
	return id, nil
}

// misnamed says that a command lacks its request, or names several.
func misnamed(c roster.Command) error {
	return &roster.Error{Code: roster.CodeOption, Words: fmt.Sprintf("Which request? Write `/factor-reset %s FR-42`, with the number of yours.", c.Verb)}
}
