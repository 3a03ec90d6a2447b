package handler

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
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

func (h *Handler) whoami(ctx context.Context, e *event.Event) (view.Message, error) {
	s, err := h.Desk.WhoAmI(ctx, intent(e))
	if err != nil {
		return view.Message{}, err
	}
	s.Person = e.By
	return view.WhoAmI(s), nil
}

// history lists requests: of anybody, "mine", of one person, or of the last days.
func (h *Handler) history(ctx context.Context, e *event.Event, c roster.Command) (view.Message, error) {
	q, what, err := h.historyQuery(e, c)
	if err != nil {
		return view.Message{}, err
	}
	all, more, err := h.Desk.History(ctx, intent(e), q)
	if err != nil {
		return view.Message{}, err
	}
	return view.History(what, all, more), nil
}

// span is a number of days, weeks or hours: "30d".
var span = regexp.MustCompile(`^(\d{1,4})([hdw])$`)

// historyQuery reads the arguments of "history". It returns the query and its words.
func (h *Handler) historyQuery(e *event.Event, c roster.Command) (desk.HistoryQuery, string, error) {
	var q desk.HistoryQuery
	var what []string
	for _, u := range c.Users {
		if u.Kind != roster.UserMention || q.By != "" {
			return q, "", historyError(u.Input)
		}
		q.By = reset.Person(u.Value)
		what = append(what, "of <@"+u.Value+">")
	}
	for _, arg := range c.Args {
		m := span.FindStringSubmatch(strings.ToLower(arg))
		switch {
		case (strings.EqualFold(arg, "mine") || strings.EqualFold(arg, "me")) && q.By == "":
			q.By = e.By
			what = append(what, "of yours")
		case m != nil && q.Since.IsZero():
			n, err := strconv.Atoi(m[1])
			if err != nil || n == 0 {
				return q, "", historyError(arg)
			}
			unit := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]]
			q.Since = h.Now().Add(-time.Duration(n) * unit)
			what = append(what, fmt.Sprintf("of the last %s", strings.ToLower(arg)))
		default:
			return q, "", historyError(arg)
		}
	}
	return q, strings.Join(what, " "), nil
}

func historyError(word string) error {
	return &roster.Error{Code: roster.CodeOption, Words: fmt.Sprintf("I don't know the history of %q. Write: history, history mine, history @ana, or history 30d.", word)}
}

// freezeOrThaw serves freeze and thaw. bot/announcer tells the channels.
func (h *Handler) freezeOrThaw(ctx context.Context, e *event.Event, c roster.Command) (view.Message, error) {
	if len(c.Args)+len(c.Users) > 0 {
		return view.Message{}, &roster.Error{Code: roster.CodeOption, Words: fmt.Sprintf(
			"%s is for everything at once and takes no names. To stop one request, write: pause FR-42", c.Verb)}
	}
	in := intent(e)
	in.Why = c.Reason
	if c.Verb == roster.VerbFreeze {
		_, err := h.Desk.Freeze(ctx, in)
		if err == nil || errors.Is(err, desk.ErrFrozenAlready) {
			h.tookEffect(e)
		}
		if err != nil {
			return view.Message{}, err
		}
		return view.Answer("Everything is frozen. The channels are told."), nil
	}
	_, lifted, err := h.Desk.Thaw(ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	if !lifted {
		return view.Answer("Recorded. One more approver must run `/factor-reset thaw`."), nil
	}
	return view.Answer("The freeze is lifted. The channels are told."), nil
}
