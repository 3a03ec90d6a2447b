package slacksim

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

// TestBot_conversation has a bot of slack-go do what a bot does: hear of a file,
// read it, answer a command, open a view at a click, take its submission.
func TestBot_conversation(t *testing.T) {
	p := mustServe(t, Options{})
	heard := make(chan *slackevents.MessageEvent, 10)
	submitted := make(chan slack.InteractionCallback, 1)
	p.mustConnect(t, func(c *socketmode.Client, e socketmode.Event) {
		switch data := e.Data.(type) {
		case slackevents.EventsAPIEvent:
			_ = c.Ack(*e.Request)
			if m, ok := data.InnerEvent.Data.(*slackevents.MessageEvent); ok {
				heard <- m
			}
		case slack.SlashCommand:
			_ = c.Ack(*e.Request)
			_ = slack.PostWebhook(data.ResponseURL, &slack.WebhookMessage{Text: "got " + data.Text})
		case slack.InteractionCallback:
			switch data.Type {
			case slack.InteractionTypeBlockActions:
				_ = c.Ack(*e.Request)
				_, err := p.api.OpenView(data.TriggerID, modal())
				if err != nil {
					t.Error(err)
				}
			case slack.InteractionTypeViewSubmission:
				if data.View.State.Values["why"]["reason"].Value == "no" {
					_ = c.Ack(*e.Request, map[string]any{"response_action": "errors", "errors": map[string]string{"why": "Say more."}})
					return
				}
				_ = c.Ack(*e.Request)
				submitted <- data
			}
		}
	})

	ts, err := p.Upload(Upload{User: "U_REQUESTER", Channel: "C_FACTORS", Comment: "lost <phones>", Files: []UploadedFile{{"r.csv", []byte("id\n00u1\n")}}})
	if err != nil {
		t.Fatal(err)
	}
	m := <-heard
	if m.SubType != "file_share" || m.TimeStamp != ts || m.Text != "lost &lt;phones&gt;" || m.User != "U_REQUESTER" || len(m.Message.Files) != 1 {
		t.Fatalf("event %+v", m)
	}
	var got bytes.Buffer
	if err := p.api.GetFile(m.Message.Files[0].URLPrivateDownload, &got); err != nil || got.String() != "id\n00u1\n" {
		t.Fatalf("file %q, %v", got.String(), err)
	}

	answer, err := p.Command(t.Context(), "U_REQUESTER", "C_FACTORS", "/factor-reset @ana because lost phone")
	if err != nil {
		t.Fatal(err)
	}
	if !answer.OK || len(answer.Ephemeral) != 1 || answer.Ephemeral[0].Text != "got <@U_ANA|ana> because lost phone" {
		t.Fatalf("answer %+v", answer)
	}

	button := slack.NewButtonBlockElement("approve", "FR-1:abc", slack.NewTextBlockObject("plain_text", "Approve", false, false))
	_, ts, err = p.api.PostMessage("C_FACTORS", slack.MsgOptionText("a request", false), slack.MsgOptionBlocks(slack.NewActionBlock("b", button)))
	if err != nil {
		t.Fatal(err)
	}
	click := Click{User: "U_APPROVER1", Channel: "C_FACTORS", Message: ts, ActionID: "approve"}
	result, err := p.Click(t.Context(), click)
	if err != nil || !result.OK || result.View == nil {
		t.Fatalf("click %+v, %v", result, err)
	}
	id, _ := result.View["id"].(string)
	for _, step := range []struct {
		reason string
		ok     bool
		errs   string
	}{{"", false, "Please complete this required field."}, {"no", false, "Say more."}, {"a lost phone", true, ""}} {
		r, err := p.Submit(t.Context(), "U_APPROVER1", id, object{"why": object{"reason": object{"type": "plain_text_input", "value": step.reason}}})
		if err != nil || r.OK != step.ok || r.Errors["why"] != step.errs {
			t.Fatalf("submit %q: %+v, %v", step.reason, r, err)
		}
	}
	if s := <-submitted; s.User.ID != "U_APPROVER1" || s.View.PrivateMetadata != "FR-1" {
		t.Errorf("submission %+v", s)
	}
}

func modal() slack.ModalViewRequest {
	text := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, false, false) }
	input := slack.NewInputBlock("why", text("Why"), nil, slack.NewPlainTextInputBlockElement(nil, "reason"))
	return slack.ModalViewRequest{
		Type: "modal", Title: text("Deny"), Submit: text("Send"), PrivateMetadata: "FR-1",
		Blocks: slack.Blocks{BlockSet: []slack.Block{input}},
	}
}

// TestBot_files sends a file up and looks for it: the share comes later.
func TestBot_files(t *testing.T) {
	p := mustServe(t, Options{})
	_, ts, err := p.api.PostMessage("C_FACTORS", slack.MsgOptionText("plan", false))
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.api.UploadFile(slack.UploadFileParameters{
		Channel: "C_FACTORS", ThreadTimestamp: ts, Filename: "FR-1-plan.csv", Title: "Plan", FileSize: 3, Content: "a,b",
	})
	if err != nil {
		t.Fatal(err)
	}
	changes, stop := p.watch()
	defer stop()
	for len(p.Books().Shares) == 0 {
		select {
		case <-changes:
		case <-time.After(5 * time.Minute):
			t.Fatal("the file was never shared")
		}
	}
	info, _, _, err := p.api.GetFileInfo(f.ID, 0, 0)
	if err != nil || info.Shares.Public["C_FACTORS"][0].ThreadTs != ts {
		t.Fatalf("info %+v, %v", info, err)
	}
	messages, _ := p.Messages("C_FACTORS", "")
	if len(messages) != 2 || messages[1].Files[0]["name"] != "FR-1-plan.csv" {
		t.Errorf("messages %+v", messages)
	}
	thief := slack.New("xoxb-wrong", slack.OptionAPIURL(p.server.URL+"/api/"))
	if err := thief.GetFile(info.URLPrivate, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "sign-in page") {
		t.Errorf("download with a bad token: %v", err)
	}
}
