package handler

import (
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"

	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// reasonModal asks for the reason of an upload.
func (h *Handler) reasonModal(_ context.Context, e *event.Event) (slack.ModalViewRequest, error) {
	if _, err := view.ParseUpload(e.Value); err != nil {
		return slack.ModalViewRequest{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	return view.ReasonModal(e.Value), nil
}

// checkReason says what is wrong with the reason of an upload.
func (h *Handler) checkReason(ctx context.Context, e *event.Event) map[string]string {
	up, err := view.ParseUpload(e.Metadata)
	if err != nil {
		return map[string]string{view.FieldReason: outOfDate}
	}
	said, err := roster.ParseUpload(e.Typed(view.FieldReason), h.Now())
	switch {
	case err != nil:
		return map[string]string{view.FieldReason: fieldWords(err)}
	case said.Reason == "":
		return map[string]string{view.FieldReason: "Please say why."}
	}
	e.Channel = up.Channel
	if words, _ := h.mayAsk(ctx, e, said.Reason); words != "" {
		return map[string]string{view.FieldReason: words}
	}
	return nil
}

// errNoUpload says that an uploaded file is gone, or is not the person's.
var errNoUpload = errors.New("the upload is gone")

// openWithReason opens the request of an upload whose reason was asked for.
func (h *Handler) openWithReason(ctx context.Context, e *event.Event) (view.Message, error) {
	up, err := view.ParseUpload(e.Metadata)
	if err != nil {
		return view.Message{}, fmt.Errorf("%w: %w", event.ErrForeignValue, err)
	}
	e.Channel = up.Channel
	with := fileAsk{TS: up.TS}
	if up.File != "" { // else the button is an earlier version's, which read no options
		q, known, err := h.questionAbout(ctx, up.Value())
		switch {
		case err != nil:
			return view.Message{}, err
		case !known || q.By != e.By:
			return view.Answer("This question is closed. Drop the file again, with the reason as its message."), nil
		}
		with = q.With
	}
	said, err := roster.ParseUpload(e.Typed(view.FieldReason), h.Now())
	if err != nil {
		return view.Message{}, err
	}
	with.say(said)
	f, err := h.findUpload(ctx, e, up)
	if err != nil {
		return fileGone(err)
	}
	if m := hintFor(f); m.Text != "" {
		return m, nil
	}
	// The request is the upload's, not the form's: a second form for it opens nothing.
	e.Key = event.UploadKey(up)
	return h.open(ctx, e, f, with)
}

// fileGone answers that the file of an earlier message is not there any more.
func fileGone(err error) (view.Message, error) {
	if errors.Is(err, errNoUpload) {
		return view.Answer("The file isn't there any more. Drop it again, with the reason as its message."), nil
	}
	return view.Message{}, err
}

// findUpload asks Slack for an upload's file by its ID, so that an edited or deleted
// message changes nothing. Another person's file counts if it is in the person's message.
func (h *Handler) findUpload(ctx context.Context, e *event.Event, u view.Upload) (event.File, error) {
	if u.File != "" {
		got, _, _, err := h.Slack.GetFileInfoContext(ctx, u.File, 0, 0)
		if code := slackapi.ErrorCode(err); code == "file_not_found" || code == "file_deleted" {
			return event.File{}, errNoUpload
		}
		if err != nil {
			return event.File{}, fmt.Errorf("ask Slack about the file: %w", err)
		}
		if f := slackapi.File(*got); reset.Person(got.User) == e.By && f.Mode != modeDeleted {
			return f, nil
		}
	}
	if u.TS == noMessage {
		return event.File{}, errNoUpload
	}
	page, err := h.Slack.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: string(u.Channel), Latest: u.TS, Oldest: u.TS, Inclusive: true, Limit: 1,
	})
	if err != nil {
		return event.File{}, fmt.Errorf("read the upload again: %w", err)
	}
	for _, m := range page.Messages {
		up := slackapi.Message(string(u.Channel), m).Upload()
		if up == nil || up.TS != u.TS || up.By != e.By {
			continue
		}
		if up.Bot = e.Bot; !h.Takes(up) {
			continue
		}
		for _, f := range present(up) {
			if u.File == "" || u.File == f.ID {
				return h.fileInfo(ctx, f)
			}
		}
	}
	return event.File{}, errNoUpload
}
