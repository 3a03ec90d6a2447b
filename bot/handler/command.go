package handler

import (
	"context"
	"fmt"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// serveCommand serves a slash command. Each gets a private answer.
func (h *Handler) serveCommand(ctx context.Context, e *event.Event) (view.Message, error) {
	if h.modalOf(e) != nil {
		return wasOpened(e), nil // the form is the answer
	}
	c, err := roster.ParseCommand(e.Text)
	if err != nil {
		return view.Message{}, err
	}
	return h.runCommand(ctx, e, c)
}

func (h *Handler) runCommand(ctx context.Context, e *event.Event, c roster.Command) (view.Message, error) {
	switch c.Verb {
	case roster.VerbHelp, roster.VerbForm:
		return view.Help(), nil
	case roster.VerbWhoami:
		return h.whoami(ctx, e)
	case roster.VerbStatus:
		return h.status(ctx, e, c)
	case roster.VerbHistory:
		return h.history(ctx, e, c)
	case roster.VerbCancel:
		return h.changeState(ctx, e, c, Desk.Cancel)
	case roster.VerbPause:
		return h.changeState(ctx, e, c, Desk.Pause)
	case roster.VerbResume:
		return h.changeState(ctx, e, c, Desk.Resume)
	case roster.VerbFreeze, roster.VerbThaw:
		return h.freezeOrThaw(ctx, e, c)
	case roster.VerbRetry, roster.VerbReceipt, roster.VerbEnrolled:
		return h.showRequest(ctx, e, c)
	}
	return opened(h.Desk.OpenCommand(ctx, intent(e), c))
}

func (h *Handler) status(ctx context.Context, e *event.Event, c roster.Command) (view.Message, error) {
	in := intent(e)
	if len(c.Users) == 1 && len(c.Args) == 0 {
		return h.userStatus(ctx, in, c.Users[0])
	}
	if len(c.Args)+len(c.Users) > 0 {
		id, err := requestNamed(c)
		if err != nil {
			return view.Message{}, err
		}
		in.Request = id
	}
	all, err := h.Desk.Status(ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	return view.Status(all), nil
}

// userStatus serves "status ana@example.com".
func (h *Handler) userStatus(ctx context.Context, in desk.Intent, u roster.UserRef) (view.Message, error) {
	if u.Kind != roster.UserID && u.Kind != roster.UserLogin && u.Kind != roster.UserMention {
		return view.Message{}, &roster.Error{Code: roster.CodeOption, Words: "Whose status? Write one user: `/factor-reset status ana@example.com`."}
	}
	all, more, err := h.Desk.Became(ctx, in, u)
	if err != nil {
		return view.Message{}, err
	}
	name := u.Value
	if u.Kind == roster.UserMention && len(all) > 0 {
		name = all[0].Target.Login
	}
	return view.UserStatus(name, all, more), nil
}

// changeState serves "cancel FR-42", "pause FR-42" and "resume FR-42".
func (h *Handler) changeState(ctx context.Context, e *event.Event, c roster.Command, act move) (view.Message, error) {
	id, err := requestNamed(c)
	if err != nil {
		return view.Message{}, err
	}
	in := intent(e)
	in.Request, in.Why = id, c.Reason
	r, err := act(h.Desk, ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	h.tookEffect(e)
	return view.Moved(r), nil
}

// showRequest serves the commands that show or repeat one request.
func (h *Handler) showRequest(ctx context.Context, e *event.Event, c roster.Command) (view.Message, error) {
	id, err := requestNamed(c)
	if err != nil {
		return view.Message{}, err
	}
	in := intent(e)
	in.Request = id
	if c.Verb == roster.VerbRetry {
		return opened(h.Desk.Retry(ctx, in))
	}
	all, err := h.Desk.Status(ctx, in) // which judges who may see it
	if err != nil {
		return view.Message{}, err
	}
	if c.Verb == roster.VerbReceipt {
		return h.receipt(ctx, all[0])
	}
	return h.enrolled(ctx, all[0])
}

// receipt adds the heads of the audit trail to what the head of the request proves.
func (h *Handler) receipt(ctx context.Context, r *reset.Request) (view.Message, error) {
	heads, err := h.AuditTrail.Heads(ctx, r.ID)
	if err != nil {
		return view.Message{}, fmt.Errorf("read the heads of the audit trail: %w", err)
	}
	return view.Receipt(r, heads), nil
}

// enrolledTime bounds the search for users who have enrolled again: it reads pages of Okta's log.
const enrolledTime = 60 * time.Second

func (h *Handler) enrolled(ctx context.Context, r *reset.Request) (view.Message, error) {
	if h.Enrolled == nil || !r.HasRun() {
		return view.Enrolled(r, nil, 0, h.Now()), nil
	}
	ctx, cancel := context.WithTimeout(ctx, enrolledTime)
	defer cancel()
	of, again, err := h.Enrolled.Enrolled(ctx, r.ID)
	if err != nil {
		return view.Message{}, err
	}
	return view.Enrolled(r, again, of, h.Now()), nil
}

// requestNamed returns the one request that a command names.
func requestNamed(c roster.Command) (reset.ID, error) {
	if len(c.Args) == 1 && len(c.Users) == 0 {
		if id, err := reset.ParseID(c.Args[0]); err == nil {
			return id, nil
		}
	}
	return "", &roster.Error{Code: roster.CodeOption, Words: fmt.Sprintf("Which request? Write `/factor-reset %s FR-42`, with the number of yours.", c.Verb)}
}
