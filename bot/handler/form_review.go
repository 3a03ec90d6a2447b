package handler

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/stepup"
	"factorbot/bot/view"
)

// reviewModal shows a plan row by row. A person who may not decide on it may look at it.
func (h *Handler) reviewModal(ctx context.Context, e *event.Event) (slack.ModalViewRequest, error) {
	r, err := h.toDecide(ctx, e)
	_, refused := errors.AsType[*desk.Refusal](err)
	looking := refused || errors.Is(err, reset.ErrOwnRequest)
	if err != nil && (!looking || r == nil) {
		return slack.ModalViewRequest{}, err
	}
	f := view.FrameOf(r, e.Channel)
	f.Looking = looking
	v, err := h.review(ctx, r, f)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	return v.Modal(), nil
}

// review reads the plan's targets.
func (h *Handler) review(ctx context.Context, r *reset.Request, f view.Frame) (*view.Review, error) {
	v := view.NewReview(r, f)
	for t, err := range h.Requests.Targets(ctx, r.ID, r.Plan.Revision, 1) {
		if err != nil {
			return nil, fmt.Errorf("read the plan of %s: %w", r.ID, err)
		}
		v.Add(t)
	}
	return v, nil
}

// turnedReviewModal shows another page of a review, or what is searched for. Ticks stay.
func (h *Handler) turnedReviewModal(ctx context.Context, e *event.Event, f view.Frame) (slack.ModalViewRequest, error) {
	r, err := h.Requests.Get(ctx, f.Request)
	switch {
	case err != nil:
		return slack.ModalViewRequest{}, err
	case r.Plan.Digest.Short() != f.Digest.Short():
		return view.Notice("The plan has changed", "There's a newer plan. Close this, and review the newest message of the request."), nil
	case r.State != reset.Pending:
		return view.Notice("Already decided", "Somebody decided this request meanwhile. Close this, and look at its message."), nil
	}
	full := !tick(e, &f)
	f = frameAfter(f, e)
	v, err := h.review(ctx, r, f)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	if full {
		v.Full()
	} else if e.Action == view.ReviewAll {
		v.TickFound()
	}
	return v.Modal(), nil
}

// frameAfter returns the frame after an action inside the review.
func frameAfter(f view.Frame, e *event.Event) view.Frame {
	if s := e.Typed(view.ReviewSearch); s != f.Search {
		f.Search, f.Page = s, 0
		if f.Show == view.ShowOdd { // a search is through all
			f.Show = view.ShowReset
		}
	}
	switch e.Action {
	case view.ReviewShow:
		f.Show, f.Page = e.Value, 0
	case view.ReviewBack, view.ReviewOn:
		if n, err := strconv.Atoi(e.Value); err == nil && n >= 0 {
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

// tick notes in a frame what is ticked on the page that is shown; fits is false if that is
// more than a frame holds.
func tick(e *event.Event, f *view.Frame) (fits bool) {
	fits = true
	for field, in := range e.Fields {
		if shown, ok := view.ShownRows(field); ok && !f.Tick(shown, numbers(in.Picked)) {
			fits = false
		}
	}
	return fits
}

// rowsOut returns every row that has a tick, on this page and on those before.
func rowsOut(e *event.Event, f view.Frame) ([]int, error) {
	if !tick(e, &f) {
		return nil, errTooManyRows
	}
	return view.ParseRows(f.Out)
}

const tooManyTicks = "That's more than fits at once. Take off some ticks, and remove those users from the next plan."

// errTooManyRows says that so many single rows do not fit into a frame.
var errTooManyRows = errors.New("too many rows for one go")

// checkReview keeps a review open whose ticks would be lost: its own button only
// closes it. Users are removed by a button that says so and asks first.
func (h *Handler) checkReview(_ context.Context, e *event.Event) map[string]string {
	_, f, err := modalIntent(e)
	if err != nil {
		return map[string]string{view.ReviewSearch: outOfDate}
	}
	if f.Looking {
		return nil
	}
	rows, err := rowsOut(e, f)
	switch {
	case err != nil:
		return map[string]string{view.ReviewSearch: tooManyTicks}
	case len(rows) == 1:
		return map[string]string{view.ReviewSearch: "1 user is ticked. Press Remove ticked above, or take off the tick."}
	case len(rows) > 1:
		return map[string]string{view.ReviewSearch: fmt.Sprintf("%s users are ticked. Press Remove ticked above, or take off the ticks.", reset.Count(len(rows)))}
	}
	return nil
}

// closeReview serves a review that was submitted: it is closed, nothing else is done.
func closeReview(context.Context, *event.Event) (view.Message, error) {
	return view.Message{}, nil
}

// serveReview serves the buttons of a review that act on the whole plan. It shows the
// result in the modal, or if that was closed, in a private answer.
func (h *Handler) serveReview(ctx context.Context, e *event.Event) (view.Message, error) {
	m, msg, err := h.inReview(ctx, e)
	if err != nil {
		if ctx.Err() != nil {
			return view.Message{}, err
		}
		msg = h.errorMessage(ctx, e, err)
		m = view.News("Nothing was done", msg.Text)
	}
	if h.replace(ctx, e, m) {
		if m.CallbackID == view.StepUpCallback {
			in, err := buttonIntent(e)
			if err != nil {
				return view.Message{}, err
			}
			return view.Message{}, h.StepUp.Begin(ctx, stepup.Ask{Act: stepup.Approve, Intent: in, View: e.View})
		}
		return view.Message{}, nil
	}
	return msg, nil
}

// inReview acts on the plan that a review shows. It returns the result as a modal and as a message.
func (h *Handler) inReview(ctx context.Context, e *event.Event) (m slack.ModalViewRequest, msg view.Message, err error) {
	in, err := buttonIntent(e)
	if err != nil {
		return m, msg, err
	}
	_, f, err := modalIntent(e)
	if err != nil {
		return m, msg, err
	}
	rows, err := rowsOut(e, f)
	if errors.Is(err, errTooManyRows) {
		return view.News("Nothing was done", tooManyTicks), view.Answer(tooManyTicks), nil
	}
	switch {
	case err != nil:
		return m, msg, err
	case e.Action == view.ReviewRemove && len(rows) == 0:
		const words = "Nobody was ticked, so nobody was removed. Open the review again to tick users."
		return view.News("Nothing was done", words), view.Answer(words), nil
	case e.Action == view.ReviewRemove:
		in.Rows = rows
		r, err := h.Desk.TakeOut(ctx, in)
		if err != nil {
			return m, msg, err
		}
		msg = view.TakenOut(r, len(rows))
		return view.News("Removed", msg.Text), msg, nil
	case len(rows) > 0: // an approver who wants users removed does not approve the plan
		f.Out = view.FormatRows(rows)
		return h.stillTicked(ctx, in, f)
	}
	r, err := h.Desk.Approve(ctx, in)
	if lacks, ok := errors.AsType[*reset.ConfirmError](err); ok {
		if r, err = h.Requests.Get(ctx, in.Request); err != nil {
			return m, msg, err
		}
		if r.Terms.StepUp && h.StepUp != nil {
			return view.StepUpFirst(r, e.Channel), view.AskNumber(r, lacks.Users), nil
		}
		return view.ConfirmModal(r, e.Channel, lacks.Users), view.AskNumber(r, lacks.Users), nil
	}
	if _, proof := errors.AsType[*reset.StepUpError](err); proof && h.StepUp != nil {
		if r, err = h.Requests.Get(ctx, in.Request); err != nil {
			return m, msg, err
		}
		return view.StepUpFirst(r, e.Channel), view.AskStepUp(r), nil
	}
	if err != nil {
		return m, msg, err
	}
	h.Log.Info("a button took effect", "request", r.ID, "action", e.Action, "user", e.By, "state", r.State)
	return view.ApprovedIn(r), msg, nil
}

// stillTicked shows the review again, with the reason why it did not approve.
func (h *Handler) stillTicked(ctx context.Context, in desk.Intent, f view.Frame) (m slack.ModalViewRequest, msg view.Message, err error) {
	r, err := h.Requests.Get(ctx, in.Request)
	if err != nil {
		return m, msg, err
	}
	v, err := h.review(ctx, r, f)
	if err != nil {
		return m, msg, err
	}
	v.Ticked()
	return v.Modal(), view.Answer(fmt.Sprintf("%s isn't approved: users were ticked to be removed. Open the review again.", r.ID)), nil
}

// replace shows a modal instead of the one in which something was clicked.
func (h *Handler) replace(ctx context.Context, e *event.Event, m slack.ModalViewRequest) bool {
	short, cancel := context.WithTimeout(ctx, modalTime)
	defer cancel()
	_, err := h.Slack.UpdateViewContext(short, m, "", "", e.View)
	if err != nil {
		h.Log.Info("a modal is closed already; its news is told privately", "error", slackapi.LogText(err))
	}
	return err == nil
}
