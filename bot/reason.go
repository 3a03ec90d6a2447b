package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// reasonModal asks for the reason of an upload.
func (l *listening) reasonModal(_ context.Context, a *arrival) (slack.ModalViewRequest, error) {
	if _, err := view.ParseUpload(a.Value); err != nil {
		return slack.ModalViewRequest{}, fmt.Errorf("%w: %w", errForeignValue, err)
	}
	return view.ReasonModal(a.Value), nil
}

// checkReason says what is wrong with the reason of an upload.
func (l *listening) checkReason(ctx context.Context, a *arrival) map[string]string {
	up, err := view.ParseUpload(a.Metadata)
	if err != nil {
		return map[string]string{view.ReasonBlock: outOfDate}
	}
	reason := a.text(view.ReasonAction)
	if reason == "" {
		return map[string]string{view.ReasonBlock: "Please say why."}
	}
	a.Channel = up.Channel
	if words, _ := l.mayAsk(ctx, a, reason); words != "" {
		return map[string]string{view.ReasonBlock: words}
	}
	return nil
}

// errNoUpload says that an uploaded file is gone, or is not the person's.
var errNoUpload = errors.New("the upload is gone")

// reasoned opens the request of an upload whose reason came by form.
func (l *listening) reasoned(ctx context.Context, a *arrival) {
	up, err := view.ParseUpload(a.Metadata)
	if err != nil {
		l.foreign(ctx, a, err)
		return
	}
	a.Channel = up.Channel
	f, err := l.find(ctx, a, up)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, errNoUpload):
		l.answer(ctx, a, view.Answer("The file isn't there any more. Drop it again, with the reason as its message."))
		return
	case err != nil:
		l.answer(ctx, a, l.puzzled(a, err))
		return
	}
	if kindOf(f.Name) != fileRoster {
		l.answer(ctx, a, view.NotCSV(f.Name))
		return
	}
	// The request is the upload's, not the form's: a second form for it opens nothing.
	a.key = uploadKey(up)
	l.open(ctx, a, f, fileAsk{ts: up.TS, reason: a.text(view.ReasonAction)})
}

// uploadKey is the key of an upload's message, however it came to be known.
func uploadKey(u view.Upload) string { return "message:" + string(u.Channel) + ":" + u.TS }

// find asks Slack for an upload's file by its ID, so that an edited or deleted
// message changes nothing. A file that somebody else made counts where the
// person's message has it.
func (l *listening) find(ctx context.Context, a *arrival, u view.Upload) (file, error) {
	if u.File != "" {
		got, _, _, err := l.Slack.GetFileInfoContext(ctx, u.File, 0, 0)
		if code := slackCode(err); code == "file_not_found" || code == "file_deleted" {
			return file{}, errNoUpload
		}
		if err != nil {
			return file{}, fmt.Errorf("ask Slack about the file: %w", err)
		}
		if f := fileOf(*got); reset.Person(got.User) == a.By && f.Mode != modeDeleted {
			return f, nil
		}
	}
	page, err := l.Slack.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: string(u.Channel), Latest: u.TS, Oldest: u.TS, Inclusive: true, Limit: 1,
	})
	if err != nil {
		return file{}, fmt.Errorf("read the upload again: %w", err)
	}
	for _, m := range page.Messages {
		up := fromHistory(u.Channel, m).upload()
		if up == nil || up.TS != u.TS || up.By != a.By || !l.takesUp(up) {
			continue
		}
		if f := up.Files[0]; u.File == "" || u.File == f.ID {
			return l.know(ctx, f)
		}
	}
	return file{}, errNoUpload
}
