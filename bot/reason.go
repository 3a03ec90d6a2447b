package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/view"
)

// opensModal reports whether a button opens a modal, which takes a trigger and so cannot wait for a worker.
func opensModal(action string) bool { return action == view.ActionAddReason }

// pressed records and acknowledges a button that opens a modal, and opens it,
// unless the same click has come on the other socket.
func (s *socket) pressed(ctx context.Context, id string, a *arrival) {
	fresh, err := s.receive(ctx, a)
	if err != nil {
		s.unrecorded(ctx, a, err)
		return
	}
	if fresh {
		s.beside.add(ctx, a.key, func() { s.modal(ctx, a) })
	}
	s.ack(ctx, id, nil)
}

// modal opens the modal of a button, beside its acknowledgement.
func (s *socket) modal(ctx context.Context, a *arrival) {
	if _, _, err := view.ParseUploadValue(a.Value); err != nil {
		s.Log.Warn("a button with a foreign value was pressed and is passed over", "action", a.Action, "error", brief(err))
		return
	}
	short, cancel := context.WithTimeout(ctx, modalTime)
	defer cancel()
	if _, err := s.Slack.OpenViewContext(short, a.trigger, view.ReasonModal(a.Value)); err != nil && ctx.Err() == nil {
		s.Log.Warn("a modal was not opened", "error", brief(err))
		s.answer(ctx, a, view.Answer("The form did not open. Please press the button again."))
	}
}

// submitted checks a form. A form with a mistake is answered at its field and
// not recorded: its next submission would have the same key.
func (s *socket) submitted(ctx context.Context, id string, a *arrival) {
	if a.Callback != view.ReasonCallback {
		s.Log.Warn("an unknown form was submitted and is passed over", "callback", a.Callback)
		s.ack(ctx, id, nil)
		return
	}
	if problem := s.formProblem(ctx, a); problem != "" {
		s.ack(ctx, id, slack.NewErrorsViewSubmissionResponse(map[string]string{view.ReasonBlock: problem}))
		return
	}
	if s.record(ctx, a) {
		s.ack(ctx, id, nil)
	}
}

// formProblem says what is wrong with a form, as far as that is known within two seconds.
func (s *socket) formProblem(ctx context.Context, a *arrival) string {
	channel, _, err := view.ParseUploadValue(a.Metadata)
	if err != nil {
		return "This form is out of date. Close it and press the button again."
	}
	reason := strings.TrimSpace(a.Inputs[view.ReasonAction])
	if reason == "" {
		return "Please say why."
	}
	ctx, cancel := context.WithTimeout(ctx, modalTime)
	defer cancel()
	in := a.intent()
	in.Channel, in.Asked = channel, s.Now()
	if err := s.Requests.MayAsk(ctx, in, reason); err != nil {
		if words, known := refusalWords(err); known {
			return words
		}
		if ctx.Err() == nil {
			s.Log.Warn("a form could not be checked; the desk judges it", "error", brief(err))
		}
	}
	return ""
}

// errNoUpload says that the message of a form is gone.
var errNoUpload = errors.New("the upload is gone")

// reasoned opens the request of an upload whose reason came by form.
func (l *listening) reasoned(ctx context.Context, a *arrival) {
	channel, ts, err := view.ParseUploadValue(a.Metadata)
	if err != nil {
		l.Log.Warn("a form with foreign metadata was submitted and is passed over", "error", brief(err))
		return
	}
	a.Channel = channel
	up, err := l.find(ctx, a, ts)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, errNoUpload):
		l.answer(ctx, a, view.Answer("The file is not there any more. Please drop it again, with the reason as its message."))
		return
	case err != nil:
		l.answer(ctx, a, l.puzzled(a, err))
		return
	}
	if kindOf(up.Files[0].Name) != fileRoster {
		l.answer(ctx, a, view.NotCSV(up.Files[0].Name))
		return
	}
	// The request is the upload's, not the form's: a second form for it opens nothing.
	a.key = up.key
	l.open(ctx, a, up.Files[0], ts, strings.TrimSpace(a.Inputs[view.ReasonAction]))
}

// find reads an upload of the person's again from the channel's history.
func (l *listening) find(ctx context.Context, a *arrival, ts string) (*arrival, error) {
	page, err := l.Slack.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: string(a.Channel), Latest: ts, Oldest: ts, Inclusive: true, Limit: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("read the upload again: %w", err)
	}
	for _, m := range page.Messages {
		up := fromHistory(a.Channel, m).upload()
		if up != nil && up.TS == ts && up.By == a.By && l.takesUp(up) {
			return up, nil
		}
	}
	return nil, errNoUpload
}
