package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/view"
)

// reasonModal asks for the reason of an upload.
func (l *listening) reasonModal(_ context.Context, a *arrival) (slack.ModalViewRequest, error) {
	if _, _, err := view.ParseUploadValue(a.Value); err != nil {
		return slack.ModalViewRequest{}, fmt.Errorf("%w: %w", errForeignValue, err)
	}
	return view.ReasonModal(a.Value), nil
}

// checkReason says what is wrong with the reason of an upload.
func (l *listening) checkReason(ctx context.Context, a *arrival) map[string]string {
	channel, _, err := view.ParseUploadValue(a.Metadata)
	if err != nil {
		return map[string]string{view.ReasonBlock: outOfDate}
	}
	reason := a.text(view.ReasonAction)
	if reason == "" {
		return map[string]string{view.ReasonBlock: "Please say why."}
	}
	a.Channel = channel
	if words, _ := l.mayAsk(ctx, a, reason); words != "" {
		return map[string]string{view.ReasonBlock: words}
	}
	return nil
}

// errNoUpload says that the message of a form is gone.
var errNoUpload = errors.New("the upload is gone")

// reasoned opens the request of an upload whose reason came by form.
func (l *listening) reasoned(ctx context.Context, a *arrival) {
	channel, ts, err := view.ParseUploadValue(a.Metadata)
	if err != nil {
		l.foreign(ctx, a, err)
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
	l.open(ctx, a, up.Files[0], fileAsk{ts: ts, reason: a.text(view.ReasonAction)})
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
