package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

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

// restart stops the bot, waits until Slack knows, and starts it again.
func (w *world) restart() {
	w.Helper()
	w.stop()
	w.until("no socket", func() bool { return w.slack.Sockets() == 0 })
	w.start().listens()
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
	files, err := w.slack.Attach("U_REQUESTER", slacksim.UploadedFile{Name: "page.csv", Content: []byte("<!DOCTYPE html><html></html>")})
	if err != nil {
		t.Fatal(err)
	}
	got := w.submit("U_REQUESTER", res.View, map[string]any{view.FieldFile: map[string]any{view.FieldFile: []any{files[0]}}, view.FieldReason: map[string]any{view.FieldReason: "lost phones"}})
	if !got.OK || len(got.Errors) > 0 {
		t.Fatalf("the form: %+v", got)
	}
	w.until("the refusal", w.told("U_REQUESTER", "web page"))
	if r, err := w.Get(context.Background(), "FR-1"); err != nil || r.State != reset.Rejected {
		t.Errorf("the request is %+v, %v", r, err)
	}
}

const twoColumns = "Manager Email,User Email\nstranger@partner.example,ana@example.com\nstranger@partner.example,guest@example.com\n"

// choose picks a column in the private question.
func (w *world) choose(user string, ask *slacksim.Message, column string) {
	w.Helper()
	_, err := w.slack.Click(context.Background(), slacksim.Click{User: user, Channel: "C_FACTORS", Message: ask.TS, ActionID: view.ActionChooseColumn, Value: column})
	if err != nil {
		w.Fatal(err)
	}
}

// Nobody is reset before the uploader has said which column names the users; the answer counts after a restart, too.
func TestUpload_asksWhichColumnNamesTheUsers(t *testing.T) {
	w := newWorld(t).start().listens()
	up := w.upload("U_REQUESTER", "dry-run because lost phones", "list.csv", twoColumns)
	ask := w.ask("U_REQUESTER", "choose_column")
	for _, words := range []string{"Manager Email", "User Email", "ana@example.com, guest@example.com", "stranger@partner.example", `"block_id":"C_FACTORS:` + up + ":F"} {
		if !strings.Contains(said(ask), words) {
			t.Errorf("the question lacks %s: %s", words, said(ask))
		}
	}
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	if n := w.requests(); n != 0 {
		t.Fatalf("%d requests before the choice", n)
	}
	w.restart()
	w.choose("U_REQUESTER", ask, "2")
	w.until("the request", w.opened(1))
	r, _ := w.Get(context.Background(), "FR-1")
	if s := r.Asked.Source; s.Chosen != 2 || s.Column != "User Email" || s.TS != up || r.Rows != 2 || r.Asked.Reason != "lost phones" {
		t.Errorf("the request is %+v", r.Asked)
	}
	if !r.Asked.Options.DryRun {
		t.Error("the option of the message was forgotten")
	}
	w.until("the answer in the place of the question", func() bool {
		return w.told("U_REQUESTER", "planning 2 users")() && !w.told("U_REQUESTER", "choose_column")()
	})
	w.pick("U_REQUESTER", w.block(ask), "1") // pressed before the question was gone
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	if n := w.requests(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestUpload_onlyTheUploaderChooses(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_REQUESTER", "lost phones", "list.csv", twoColumns)
	block := w.block(w.ask("U_REQUESTER", "choose_column"))
	w.pick("U_APPROVER1", block, "2")
	w.until("somebody else is refused", w.told("U_APPROVER1", "Only the person who sent the file"))
	w.pick("U_REQUESTER", strings.Replace(block, ":F", ":F9", 1), "2")
	w.until("a file that nobody asked about", w.told("U_REQUESTER", "question is closed"))
	w.pick("U_REQUESTER", "../x", "2")
	w.until("a forged block", w.told("U_REQUESTER", "out of date"))
	if n := w.requests(); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// block is the ID of the block that has the select.
func (w *world) block(m *slacksim.Message) string {
	w.Helper()
	for _, b := range m.Blocks {
		if o := b.(map[string]any); o["type"] == "actions" {
			return o["block_id"].(string)
		}
	}
	w.Fatal("no select")
	return ""
}

// pick sends a click as Slack would, also one that no screen shows.
func (w *world) pick(user, block, value string) {
	w.Helper()
	w.pressed++
	click, err := json.Marshal(map[string]any{"slack_frame": map[string]any{
		"type": "interactive", "envelope_id": fmt.Sprintf("press-%d", w.pressed), "accepts_response_payload": false,
		"payload": map[string]any{
			"type": "block_actions", "user": map[string]any{"id": user, "team_id": "T_SANDBOX"}, "channel": map[string]any{"id": "C_FACTORS"},
			"container": map[string]any{"message_ts": "1777896000.000100", "channel_id": "C_FACTORS"},
			"actions": []any{map[string]any{
				"action_id": view.ActionChooseColumn, "block_id": block, "action_ts": fmt.Sprintf("1777896000.%06d", w.pressed),
				"type": "static_select", "selected_option": map[string]any{"value": value},
			}},
		},
	}})
	if err != nil {
		w.Fatal(err)
	}
	w.set(string(click))
}

// A choice is about the bytes that were shown: where they have changed it is asked again.
func TestUpload_asksAgainWhenTheBytesChanged(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_REQUESTER", "lost phones", "list.csv", twoColumns)
	ask := w.ask("U_REQUESTER", "choose_column")
	up, err := view.ParseUpload(w.block(ask))
	if err != nil {
		t.Fatal(err)
	}
	if !w.slack.Replace(up.File, []byte(strings.ReplaceAll(twoColumns, "ana@", "rosa@"))) {
		t.Fatal("no such file")
	}
	w.choose("U_REQUESTER", ask, "2")
	w.until("the question again", func() bool {
		n := 0
		for _, m := range w.see("U_REQUESTER") {
			if m.Ephemeral && strings.Contains(said(m), "rosa@example.com") {
				n++
			}
		}
		return n == 1
	})
	if n := w.requests(); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// What is no list, or cannot be read, is told privately and never passed over in silence.
func TestUpload_hints(t *testing.T) {
	w := newWorld(t).start().listens()
	for name, tt := range map[string]struct {
		message string // keys of the event
		words   string
	}{
		"another ending with a message": {`"text":"these, please","files":[{"id":"F1","name":"list.pdf","mode":"hosted","url_private":"x"}]`, "isn't a list"},
		"several files":                 {`"text":"lost phones","files":[{"id":"F1","name":"a.csv","mode":"hosted"},{"id":"F2","name":"b.csv","mode":"hosted"}]`, "one file"},
		"a spreadsheet of another kind": {`"text":"","files":[{"id":"F1","name":"list.ods","mode":"hosted"}]`, "CSV UTF-8"},
		"a file in Google Drive":        {`"text":"lost phones","files":[{"id":"F1","name":"file","mode":"external","is_external":true,"external_type":"gdrive","url_private":"https://docs.google.com/x"}]`, "isn't in Slack"},
		"a file that Slack hides":       {`"text":"lost phones","files":[{"id":"F_NONE","file_access":"check_file_info"}]`, "doesn't let me see"},
	} {
		w.pressed++
		ts := fmt.Sprintf("1795470332.%06d", w.pressed)
		w.set(fmt.Sprintf(`{"slack_frame":{"type":"events_api","envelope_id":"up-%d","payload":{"type":"event_callback","event":{"type":"message","subtype":"file_share",
			"channel":"C_FACTORS","user":"U_REQUESTER","ts":"%s",%s}}}}`, w.pressed, ts, tt.message))
		w.until(name, w.told("U_REQUESTER", tt.words))
	}
	if n := w.requests(); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// Options come first in the message of a file; what looks like one later is asked about.
func TestUpload_optionsInTheMessage(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_REQUESTER", "factors:sms sessions:revoke lost phones", "list.csv", threeUsers)
	w.until("the request", w.opened(1))
	r, _ := w.Get(context.Background(), "FR-1")
	if r.Asked.Reason != "lost phones" || !slices.Equal(r.Asked.Options.Factors, []string{"sms"}) || !r.Asked.Options.RevokeSessions {
		t.Errorf("asked %+v", r.Asked)
	}

	w.upload("U_REQUESTER", "lost phones, only factors:sms please", "list.csv", threeUsers)
	ask := w.ask("U_REQUESTER", "looks like an option")
	if w.requests() != 1 {
		t.Fatal("a request before the question was answered")
	}
	res := w.click("U_REQUESTER", ask.TS, "add_reason")
	if res.View == nil {
		t.Fatalf("no modal: %+v", res)
	}
	w.submit("U_REQUESTER", res.View, map[string]any{"reason": map[string]any{"reason": "factors:call lost phones"}})
	w.until("the second request", w.opened(2))
	if r, _ = w.Get(context.Background(), "FR-2"); !slices.Equal(r.Asked.Options.Factors, []string{"call"}) || r.Asked.Reason != "lost phones" {
		t.Errorf("asked %+v", r.Asked)
	}

	w.upload("U_REQUESTER", "@U_FACTORBOT", "list.csv", threeUsers)
	w.ask("U_REQUESTER", "Add a reason to reset")
	w.upload("U_REQUESTER", "factors:toes lost phones", "list.csv", threeUsers)
	w.until("an unknown factor", w.told("U_REQUESTER", "toes"))
	if n := w.requests(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// The options of a message outlive the question for its reason.
func TestUpload_optionsWithoutReason(t *testing.T) {
	w := newWorld(t).start().listens()
	w.upload("U_REQUESTER", "dry-run", "list.csv", threeUsers)
	ask := w.ask("U_REQUESTER", "add_reason")
	w.restart()
	res := w.click("U_REQUESTER", ask.TS, "add_reason")
	w.submit("U_REQUESTER", res.View, map[string]any{"reason": map[string]any{"reason": "lost phones"}})
	w.until("the request", w.opened(1))
	if r, _ := w.Get(context.Background(), "FR-1"); !r.Asked.Options.DryRun || r.Asked.Reason != "lost phones" {
		t.Errorf("asked %+v", r.Asked)
	}
}

// A reason is given by who sent the file, and opens one request however often it is given.
func TestUpload_reasonOnceByItsSender(t *testing.T) {
	w := newWorld(t).start().listens()
	up := w.upload("U_REQUESTER", "", "list.csv", threeUsers)
	ask := w.ask("U_REQUESTER", "add_reason")
	opened := w.click("U_REQUESTER", ask.TS, "add_reason")
	upload, _ := opened.View["private_metadata"].(string)
	frame, err := json.Marshal(map[string]any{"slack_frame": map[string]any{
		"type": "interactive", "envelope_id": "forged-1", "accepts_response_payload": true,
		"payload": map[string]any{
			"type": "view_submission", "user": map[string]any{"id": "U_APPROVER1", "team_id": "T_SANDBOX"},
			"view": map[string]any{
				"id": "V_FORGED", "hash": "1", "callback_id": view.ReasonCallback, "private_metadata": upload,
				"state": map[string]any{"values": map[string]any{view.FieldReason: map[string]any{view.FieldReason: map[string]any{"type": "plain_text_input", "value": "not mine"}}}},
			},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.set(string(frame))
	w.until("somebody else is told", w.told("U_APPROVER1", "question is closed"))
	for range 2 {
		if modal := w.click("U_REQUESTER", ask.TS, "add_reason").View; modal != nil { // the second time the question may be closed
			w.submit("U_REQUESTER", modal, map[string]any{view.FieldReason: map[string]any{view.FieldReason: "lost phones"}})
		}
	}
	w.until("the request", w.opened(1))
	w.until("an empty inbox", func() bool { return w.pending() == 0 })
	r, err := w.Get(context.Background(), "FR-1")
	if err != nil || w.requests() != 1 || r.Asked.Source.TS != up || r.Asked.Reason != "lost phones" || r.Asked.By != "U_REQUESTER" {
		t.Errorf("%d requests, the first %+v, %v", w.requests(), r, err)
	}
}
