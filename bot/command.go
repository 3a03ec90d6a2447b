package bot

import (
	"context"
	"errors"
	"fmt"

	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

// commanded serves a slash command. Every one gets a private answer.
func (l *listening) commanded(ctx context.Context, a *arrival) {
	if l.modalOf(a) != nil {
		return // the form is the answer; it was opened beside the acknowledgement
	}
	c, err := roster.ParseCommand(a.Text)
	if err != nil {
		l.answer(ctx, a, l.words(a, err))
		return
	}
	m, err := l.obey(ctx, a, c)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		m = l.words(a, err)
	}
	l.answer(ctx, a, m)
}

func (l *listening) obey(ctx context.Context, a *arrival, c roster.Command) (view.Message, error) {
	in := a.intent()
	switch c.Verb {
	case roster.VerbHelp, roster.VerbForm:
		return view.Help(), nil
	case roster.VerbStatus:
		if len(c.Args) > 0 {
			id, err := reset.ParseID(c.Args[0])
			if err != nil {
				return view.Message{}, misnamed(c)
			}
			in.Request = id
		}
		all, err := l.Requests.Status(ctx, in)
		if err != nil {
			return view.Message{}, err
		}
		return view.Status(all), nil
	case roster.VerbCancel, roster.VerbPause, roster.VerbResume:
		return l.steer(ctx, a, c)
	}
	r, err := l.Requests.OpenCommand(ctx, in, c)
	if err != nil {
		return view.Message{}, err
	}
	return view.Opened(r), nil
}

// steer serves "cancel FR-42" and its like.
func (l *listening) steer(ctx context.Context, a *arrival, c roster.Command) (view.Message, error) {
	if len(c.Args) == 0 {
		return view.Message{}, misnamed(c)
	}
	id, err := reset.ParseID(c.Args[0])
	if err != nil {
		return view.Message{}, misnamed(c)
	}
	in := a.intent()
	in.Request = id
	act := l.act(string(c.Verb)) // a verb is called as its button
	if act == nil {
		return view.Message{}, errors.New("no move for the verb " + string(c.Verb))
	}
	r, err := act(ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	return view.Moved(r), nil
}

// misnamed says that a command lacks its request.
func misnamed(c roster.Command) error {
	return &roster.Error{Code: roster.CodeOption, Words: fmt.Sprintf("Which request? Write `/factor-reset %s FR-42`, with the number of yours.", c.Verb)}
}
