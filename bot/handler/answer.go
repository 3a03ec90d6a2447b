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
func (l *Handler) answer(ctx context.Context, a *event.Event, m view.Message) {
	err := slackapi.ErrElsewhere
	ways := []answerWay{l.respond, l.sendEphemeral, l.sendDM}
	if a.Thread != "" {
		ways = []answerWay{l.sendEphemeral, l.respond, l.sendDM}
	}
	for _, way := range ways {
		if ctx.Err() != nil {
			return
		}
		if err = l.within(ctx, way, a, m); slackapi.ErrorCode(err) == "invalid_blocks" {
			err = l.within(ctx, way, a, m.Plain())
		}
		if err == nil {
			return
		}
	}
	if ctx.Err() == nil {
		l.Log.Warn("a person was not answered", "user", a.By, "channel", a.Channel, "error", slackapi.LogText(err))
	}
}

// within answers in one way, for as long as answerTime.
func (l *Handler) within(ctx context.Context, way answerWay, a *event.Event, m view.Message) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return way(ctx, a, m)
}

// sendEphemeral answers by an ephemeral message where the person acted. In a thread
// Slack shows it if there are replies already, as there are where a button was pressed.
// https://docs.slack.dev/reference/methods/chat.postEphemeral
func (l *Handler) sendEphemeral(ctx context.Context, a *event.Event, m view.Message) error {
	if a.Channel == "" {
		return slackapi.ErrElsewhere
	}
	_, err := l.Slack.PostEphemeralContext(ctx, string(a.Channel), string(a.By),
		slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...), slack.MsgOptionTS(a.Thread))
	return err
}

// respond answers through the response URL.
func (l *Handler) respond(ctx context.Context, a *event.Event, m view.Message) error {
	u, err := url.Parse(a.ResponseURL)
	if err != nil || !slackapi.IsSlack(u, l.APIURL) {
		return slackapi.ErrElsewhere
	}
	return slack.PostWebhookCustomHTTPContext(ctx, a.ResponseURL, slackapi.HTTPClient(l.APIURL, l.HTTP), &slack.WebhookMessage{
		Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks}, ResponseType: slack.ResponseTypeEphemeral, ThreadTimestamp: a.Thread,
	})
}

// sendDM answers by a DM: there is no channel where a home tab is clicked, and
// an ephemeral message reaches nobody who is not in the channel.
func (l *Handler) sendDM(ctx context.Context, a *event.Event, m view.Message) error {
	dm, _, _, err := l.Slack.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{string(a.By)}, ReturnIM: true})
	if err != nil {
		return err
	}
	_, _, err = l.Slack.PostMessageContext(ctx, dm.ID, slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...))
	return err
}
