package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// modalTime bounds what is done before a modal opens: its trigger is good for three seconds.
const modalTime = 2 * time.Second

// Handler does what events ask for, and answers the person of each privately.
type Handler struct {
	Slack      *slack.Client     // made by [slackapi.NewClient]
	APIURL     string            // of the client
	HTTP       http.RoundTripper // of answers through a response URL; nil: the default one
	Desk       Desk
	Requests   Requests
	Values     Values
	Inbox      Inbox
	Enrolled   Enrolments // nil: that is not known
	AuditTrail AuditTrail
	StepUp     StepUps // nil: nothing is confirmed in Okta Verify
	Schema     Schema
	Channels   func() []reset.Channel // where rosters are taken up
	Limits     func() roster.Limits
	Deciders   func() view.Helpers // who can approve, for refusals
	Log        *slog.Logger
	Now        func() time.Time

	// Away reports whether an error says that the record cannot be reached: what was
	// acknowledged waits for it. nil: it always can.
	Away func(error) bool

	fileTime time.Duration // of one download, tries included; 0: downloadTime
	columns  attributes
	asking   sync.Mutex // held while a question about an upload is read or remembered
}

// takes reports whether rosters are taken up in the channel.
func (h *Handler) takes(c reset.Channel) bool { return slices.Contains(h.Channels(), c) }

// recordAgain is how long to wait for a record that cannot be reached.
const recordAgain = time.Second

// Serve serves one event and answers it. If Slack's rate limit hides who the person is, or
// the record cannot be reached, it returns how long to wait before the event is served
// again: what was acknowledged is not lost.
func (h *Handler) Serve(ctx context.Context, e *event.Event) (again time.Duration) {
	m, err := h.serve(ctx, e)
	switch {
	case ctx.Err() != nil, errors.Is(err, reset.ErrLost): // another process serves it
		return 0
	case isLimited(err):
		return slackapi.RetryDelay(err, 0)
	case err != nil && h.Away != nil && h.Away(err):
		h.Log.Warn("an event waits for the record, which cannot be reached", "key", e.Key, "error", slackapi.LogText(err))
		return recordAgain
	case err != nil:
		m = h.errorMessage(ctx, e, err)
	}
	switch {
	case m.Text == "":
	case err == nil && e.Kind == event.KindClick && e.Action == view.ActionChooseColumn:
		h.answerInPlace(ctx, e, m)
	default:
		h.answer(ctx, e, m)
	}
	return 0
}

// isLimited reports whether Slack's rate limit refused a call.
func isLimited(err error) bool {
	_, limited := errors.AsType[*slack.RateLimitedError](err)
	return limited
}

// serve serves one event and returns the answer to its person, if any. A panic ends this
// event only.
func (h *Handler) serve(ctx context.Context, e *event.Event) (m view.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	switch e.Kind {
	case event.KindUpload:
		return h.serveUpload(ctx, e)
	case event.KindCommand:
		return h.serveCommand(ctx, e)
	case event.KindClick:
		return h.serveClick(ctx, e)
	case event.KindSubmission:
		return h.serveSubmission(ctx, e)
	case event.KindStepUp:
		return m, h.beginStepUp(ctx, e)
	}
	return m, nil
}

// intent returns what the desk is told of an event.
func intent(e *event.Event) desk.Intent {
	return desk.Intent{Op: e.Key, By: e.By, Team: e.Team, Channel: e.Channel, Asked: e.At, Overtaken: e.Overtaken}
}

// tookEffect notes that a stop took effect: nothing that was asked for before undoes it.
func (h *Handler) tookEffect(e *event.Event) {
	t := e.Task()
	if !t.Stops {
		return
	}
	if e.Stopped != nil {
		e.Stopped()
	}
	if h.StepUp != nil && (t.Verb == roster.VerbFreeze || t.Request != "") {
		h.StepUp.Stopped(t.Request)
	}
}
