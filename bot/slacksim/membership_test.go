package slacksim

import (
	"encoding/json"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// TestMembership takes the bot out of a channel and back, and archives it: the
// app hears of each, and its posts are answered as Slack does.
func TestMembership(t *testing.T) {
	p := mustServe(t, Options{})
	heard := make(chan string, 20)
	p.mustConnect(t, func(c *socketmode.Client, e socketmode.Event) {
		_ = c.Ack(*e.Request)
		if event, ok := e.Data.(slackevents.EventsAPIEvent); ok {
			heard <- event.InnerEvent.Type
		}
	})
	post := func() string {
		_, _, err := p.api.PostMessage("C_FACTORS", slack.MsgOptionText("hello", false))
		if err == nil {
			return ""
		}
		return err.Error()
	}
	for _, step := range []struct{ command, event, refusal string }{
		{"/remove @factorbot", "channel_left", "not_in_channel"},
		{"/invite @factorbot", "member_joined_channel", ""},
		{"/remove @gil", "member_left_channel", ""},
		{"/archive", "channel_archive", "is_archived"},
	} {
		a, err := p.Command(t.Context(), "U_REQUESTER", "C_FACTORS", step.command)
		if err != nil || !a.OK {
			t.Fatalf("%s: %+v, %v", step.command, a, err)
		}
		for got := range heard {
			if got == step.event {
				break
			}
		}
		if got := post(); got != step.refusal {
			t.Errorf("post after %s: %q", step.command, got)
		}
	}
	if err := p.Set(map[string]json.RawMessage{"slack_channels": json.RawMessage(`{"C_FACTORS": {"is_archived": false}}`)}); err != nil {
		t.Fatal(err)
	}
	for got := range heard {
		if got == "channel_unarchive" {
			break
		}
	}
	if _, err := p.Command(t.Context(), "U_GUEST", "C_GENERAL", "/invite @factorbot"); err == nil {
		t.Error("somebody who is not in the channel invited the bot")
	}
}

// TestClick_foreign: nobody presses a button in a conversation that they do not see.
func TestClick_foreign(t *testing.T) {
	w := mustNew(t, Options{})
	button := object{"type": "button", "action_id": "not_me", "value": "FR-1:3", "text": object{"type": "plain_text", "text": "That wasn't me"}}
	o := callAPI(w, "chat.postMessage", object{"channel": "U_ANA", "text": "reset", "blocks": []any{object{"type": "actions", "elements": []any{button}}}})
	ts, _ := o["ts"].(string)
	click := Click{User: "U_ANA", Channel: "D_ANA", Message: ts, ActionID: "not_me"}
	if r, err := w.Click(t.Context(), click); err != nil || r.Error != "dispatch_failed" {
		t.Errorf("by Ana, with no app: %+v, %v", r, err)
	}
	click.User = "U_GUEST"
	if r, err := w.Click(t.Context(), click); err == nil {
		t.Errorf("by somebody else: %+v", r)
	}
}
