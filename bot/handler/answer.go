package handler

import (
	"context"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/event"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// answerTime bounds each way of giving a private answer: one that hangs leaves time for the next.
const answerTime = 4 * time.Second

// answerWay is one way of telling the person behind an event something privately.
type answerWay func(context.Context, *event.Event, view.Message) error

// answer tells the person privately, best effort: through the envelope's
// response URL, else by an ephemeral message in the channel, else by a DM. In a
// thread the ephemeral message comes first: a response URL knows the channel only.
func (h *Handler) answer(ctx context.Context, e *event.Event, m view.Message) {
	if e.Thread != "" {
		h.answerBy(ctx, e, m, h.sendEphemeral, h.respond(false), h.sendDM)
		return
	}
	h.answerBy(ctx, e, m, h.respond(false), h.sendEphemeral, h.sendDM)
}

// answerInPlace puts the answer in the place of the private question that a click has
// answered, so that it no longer offers the choice.
func (h *Handler) answerInPlace(ctx context.Context, e *event.Event, m view.Message) {
	h.answerBy(ctx, e, m, h.respond(true), h.sendEphemeral, h.sendDM)
}

// answerBy answers in the first way that works.
func (h *Handler) answerBy(ctx context.Context, e *event.Event, m view.Message, ways ...answerWay) {
	err := slackapi.ErrElsewhere
	for _, way := range ways {
		if ctx.Err() != nil {
			return
		}
		if err = h.within(ctx, way, e, m); slackapi.ErrorCode(err) == "invalid_blocks" {
			err = h.within(ctx, way, e, m.Plain())
		}
		if err == nil {
			return
		}
	}
	if ctx.Err() == nil {
		h.Log.Warn("a person was not answered", "user", e.By, "channel", e.Channel, "error", slackapi.LogText(err))
	}
}

// within tries one way of answering, for at most answerTime.
func (h *Handler) within(ctx context.Context, way answerWay, e *event.Event, m view.Message) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return way(ctx, e, m)
}

// sendEphemeral answers by an ephemeral message where the person acted. In a thread
// Slack shows it if there are replies already, as there are where a button was pressed.
// https://docs.slack.dev/reference/methods/chat.postEphemeral
func (h *Handler) sendEphemeral(ctx context.Context, e *event.Event, m view.Message) error {
	if e.Channel == "" {
		return slackapi.ErrElsewhere
	}
	_, err := h.Slack.PostEphemeralContext(ctx, string(e.Channel), string(e.By),
		slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...), slack.MsgOptionTS(e.Thread))
	return err
}

// respond answers through the response URL; with replace in the place of the message with
// the control, the only way to change an ephemeral message.
// https://docs.slack.dev/messaging/modifying-messages
func (h *Handler) respond(replace bool) answerWay {
	return func(ctx context.Context, e *event.Event, m view.Message) error {
		u, err := url.Parse(e.ResponseURL)
		if err != nil || !slackapi.IsSlack(u, h.APIURL) {
			return slackapi.ErrElsewhere
		}
		return slack.PostWebhookCustomHTTPContext(ctx, e.ResponseURL, slackapi.HTTPClient(h.APIURL, h.HTTP), &slack.WebhookMessage{
			Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks}, ResponseType: slack.ResponseTypeEphemeral, ThreadTimestamp: e.Thread, ReplaceOriginal: replace,
		})
	}
}

// sendDM answers by a DM: a click in a home tab has no channel, and an ephemeral message
// reaches nobody outside its channel.
func (h *Handler) sendDM(ctx context.Context, e *event.Event, m view.Message) error {
	dm, _, _, err := h.Slack.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{string(e.By)}, ReturnIM: true})
	if err != nil {
		return err
	}
	_, _, err = h.Slack.PostMessageContext(ctx, dm.ID, slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...))
	return err
}
