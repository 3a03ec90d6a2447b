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
