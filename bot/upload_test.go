package bot

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/slacksim"
	"factorbot/bot/view"
)

// ask returns the person's newest private message with this action.
func (w *world) ask(user, action string) *slacksim.Message {
	w.Helper()
	var found *slacksim.Message
	w.until("a private "+action, func() bool {
		for _, m := range w.see(user) {
			if m.Ephemeral && strings.Contains(said(m), action) {
				found = m
			}
		}
		return found != nil
	})
	return found
}

// submit fills a modal in and sends it.
func (w *world) submit(user string, view map[string]any, values map[string]any) slacksim.Result {
	w.Helper()
	got, err := w.slack.Submit(context.Background(), user, view["id"].(string), values)
	if err != nil {
		w.Fatal(err)
	}
	return got
}

// The same shape as conversations.history answered in a recording (rusq/slackdump,
// internal/fixtures/assets/CHY5HUESG.json): no subtype, no team, no client_msg_id.
const historyMessage = `{"type":"message","user":"U1","text":"lost phones","ts":"1777896000.000100","upload":true,"display_as_bot":false,
	"files":[{"id":"F1","name":"list.csv","mode":"hosted","size":9,"url_private":"https://files.slack.com/a"}]}`

func TestHistory_messageWithFilesHasNoSubtype(t *testing.T) {
	for name, tt := range map[string]struct {
		change string // JSON that is merged into the message
		want   bool
	}{
		"as recorded":         {`{}`, true},
		"as an event has it":  {`{"subtype":"file_share"}`, true},
		"a bot's":             {`{"bot_id":"B1"}`, false},
		"in a thread":         {`{"thread_ts":"1777890000.000100"}`, false},
		"broadcast":           {`{"thread_ts":"1777890000.000100","subtype":"thread_broadcast"}`, false},
		"the thread's parent": {`{"thread_ts":"1777896000.000100"}`, true},
		"an edit":             {`{"subtype":"message_changed"}`, false},
		"of nobody":           {`{"user":""}`, false},
		"without files":       {`{"files":[]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var m slack.Message
			for _, text := range []string{historyMessage, tt.change} {
				if err := json.Unmarshal([]byte(text), &m); err != nil {
					t.Fatal(err)
				}
			}
			up := fromHistory("C1", m).upload()
			if (up != nil) != tt.want {
				t.Fatalf("got %+v", up)
			}
			if up != nil && (up.key != "message:C1:1777896000.000100" || up.Files[0].ID != "F1") {
				t.Errorf("key %q, files %+v", up.key, up.Files)
			}
		})
	}
}

// The file is found by its ID, whatever became of the message since.
func TestUpload_reasonForAnEditedMessage(t *testing.T) {
	w := newWorld(t).start().listens()
	up := w.upload("U_REQUESTER", "", "list.csv", threeUsers)
	res := w.click("U_REQUESTER", w.ask("U_REQUESTER", "add_reason").TS, "add_reason")
	if res.View == nil {
		t.Fatalf("no modal: %+v", res)
	}
	w.set(`{"slack_fail_next": [{"method": "conversations.history", "kind": "internal", "times": 100}]}`)
	text := "now it says something else"
	if err := w.slack.Edit("C_FACTORS", up, &text); err != nil {
		t.Fatal(err)
	}
	w.submit("U_REQUESTER", res.View, map[string]any{"reason": map[string]any{"reason": "lost phones"}})
	w.until("the request", w.opened(1))
	if r, _ := w.Get(context.Background(), "FR-1"); r.Asked.Reason != "lost phones" || r.Asked.Source.TS != up {
		t.Errorf("the request is %+v", r.Asked)
	}
}

// A file that cannot be used is refused to who asked, by a form too, which has no thread.
func TestForm_aFileThatCannotBeUsedIsRefusedToItsSender(t *testing.T) {
	w := newWorld(t).start().listens()
	res, err := w.slack.Command(context.Background(), "U_REQUESTER", "C_FACTORS", "/factor-reset")
	if err != nil || res.View == nil {
		t.Fatalf("no form: %+v, %v", res, err)
	}
	turned, err := w.slack.Click(context.Background(), slacksim.Click{User: "U_REQUESTER", View: res.View["id"].(string), ActionID: view.FieldWhom, Value: view.WhomFile})
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.slack.Attach("U_REQUESTER", slacksim.UploadedFile{Name: "page.csv", Content: []byte("<!DOCTYPE html><html></html>")})
	if err != nil {
		t.Fatal(err)
	}
	got := w.submit("U_REQUESTER", turned.View, map[string]any{view.FieldFile: map[string]any{view.FieldFile: []any{files[0]}}, view.FieldReason: map[string]any{view.FieldReason: "lost phones"}})
	if !got.OK || len(got.Errors) > 0 {
		t.Fatalf("the form: %+v", got)
	}
	w.until("the refusal", w.told("U_REQUESTER", "web page"))
	if r, err := w.Get(context.Background(), "FR-1"); err != nil || r.State != reset.Rejected {
		t.Errorf("the request is %+v, %v", r, err)
	}
}
