package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// reviewModal shows a plan row by row. Who may not decide on it may look.
func (l *listening) reviewModal(ctx context.Context, a *event.Event) (slack.ModalViewRequest, error) {
	in, err := decisionOf(a)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	r, err := l.Desk.MayDecide(ctx, in)
	var refusal *desk.Refusal
	looking := errors.Is(err, reset.ErrOwnRequest) || errors.As(err, &refusal)
	if err != nil && (!looking || r == nil) {
		return slack.ModalViewRequest{}, err
	}
	f := view.FrameOf(r, a.Channel)
	f.Looking = looking
	v, err := l.review(ctx, r, f)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	return v.Modal(), nil
}

// review reads the plan's targets.
func (l *listening) review(ctx context.Context, r *reset.Request, f view.Frame) (*view.Review, error) {
	v := view.NewReview(r, f)
	for t, err := range l.Board.Targets(ctx, r.ID, r.Plan.Revision, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		v.Add(t)
	}
	return v, nil
}

// turnReview shows another page, or what is searched for. Ticks stay over pages.
func (l *listening) turnReview(ctx context.Context, a *event.Event) (slack.ModalViewRequest, error) {
	f, err := a.Frame()
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	r, err := l.Board.Get(ctx, f.Request)
	switch {
	case err != nil:
		return slack.ModalViewRequest{}, err
	case r.Plan.Digest.Short() != f.Digest.Short():
		return view.Notice("The plan has changed", "This plan is not the newest one any more. Close this, and review the newest message of the request."), nil
	case r.State != reset.Pending:
		return view.Notice("Already decided", "This request was decided meanwhile. Close this, and look at its message."), nil
	}
	full := false
	for field, in := range a.Fields {
		if shown, ok := view.ShownRows(field); ok && !f.Tick(shown, numbers(in.Picked)) {
			full = true
		}
	}
	f = turned(f, a)
	v, err := l.review(ctx, r, f)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	if full {
		v.Full()
	} else if a.Action == view.ReviewAll {
		v.TickFound()
	}
	return v.Modal(), nil
}

// turned is the frame after an action inside the review.
func turned(f view.Frame, a *event.Event) view.Frame {
	if s := a.Typed(view.ReviewSearch); s != f.Search {
		f.Search, f.Page = s, 0
	}
	switch a.Action {
	case view.ReviewShow:
		f.Show, f.Page = a.Value, 0
	case view.ReviewBack, view.ReviewOn:
		if n, err := strconv.Atoi(a.Value); err == nil && n >= 0 {
			f.Page = n
		}
	}
	return f
}

func numbers(values []string) []int {
	var all []int
	for _, v := range values {
		if n, err := strconv.Atoi(v); err == nil && n > 0 {
			all = append(all, n)
		}
	}
	return all
}

// out is every row that has a tick, on this page and on those before.
func rowsOut(a *event.Event, f view.Frame) ([]int, error) {
	for field, in := range a.Fields {
		if shown, ok := view.ShownRows(field); ok && !f.Tick(shown, numbers(in.Picked)) {
			return nil, errTooManyRows
		}
	}
	return view.ParseRows(f.Out)
}

// errTooManyRows says that a frame has no room for so many single rows.
var errTooManyRows = errors.New("too many rows for one go")

// checkReview says what is wrong with the rows that are to be taken out. Who
// only looked closes the modal with its button and takes nothing out.
func (l *listening) checkReview(_ context.Context, a *event.Event) map[string]string {
	_, f, err := decided(a)
	if err != nil {
		return map[string]string{view.ReviewSearch: outOfDate}
	}
	rows, err := rowsOut(a, f)
	switch {
	case f.Looking:
		return nil
	case err != nil:
		return map[string]string{view.ReviewSearch: "These are more rows than fit into one go. Take off some ticks, and take the others out of the next plan."}
	case len(rows) == 0:
		return map[string]string{view.ReviewSearch: "Tick at least one row to take out, or close the review."}
	}
	return nil
}

// reviewed takes rows out of a plan.
func (l *listening) reviewed(ctx context.Context, a *event.Event) (view.Message, error) {
	in, f, err := decided(a)
	if err == nil {
		in.Rows, err = rowsOut(a, f)
	}
	if err != nil {
		return view.Message{}, err
	}
	if f.Looking {
		return view.Message{}, nil
	}
	r, err := l.Desk.TakeOut(ctx, in)
	if err != nil {
		return view.Message{}, err
	}
	return view.TakenOut(r, len(in.Rows)), nil
}
