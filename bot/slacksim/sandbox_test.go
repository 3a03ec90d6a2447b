package slacksim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// post sends JSON to /sandbox/PATH and returns the answer.
func (p *place) post(tb testing.TB, path string, body any) (int, object) {
	tb.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	answer, o := send(p, "POST", "/sandbox/"+path, map[string]string{"Content-Type": "application/json"}, string(raw))
	return answer.StatusCode, o
}

func (p *place) read(tb testing.TB, path string) object {
	tb.Helper()
	answer, o := send(p, "GET", "/sandbox/"+path, nil, "")
	if answer.StatusCode != http.StatusOK {
		tb.Fatalf("%s: %d %v", path, answer.StatusCode, o)
	}
	return o
}

// drop uploads files as the page does.
func (p *place) drop(tb testing.TB, fields map[string]string, files ...string) object {
	tb.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, v := range fields {
		_ = form.WriteField(k, v)
	}
	for _, name := range files {
		part, err := form.CreateFormFile("file", name)
		if err != nil {
			tb.Fatal(err)
		}
		_, _ = part.Write([]byte("content of " + name))
	}
	_ = form.Close()
	_, o := send(p, "POST", "/sandbox/upload", map[string]string{"Content-Type": form.FormDataContentType()}, body.String())
	return o
}

// TestSandbox_job walks through /sandbox/ as a test of the bot would.
func TestSandbox_job(t *testing.T) {
	p := mustServe(t, Options{Org: newMade(3)})
	p.mustConnect(t, asker(t, p))
	changes, stop := p.watch()
	defer stop()
	o := p.drop(t, map[string]string{"user": "U_REQUESTER", "channel": "C_FACTORS", "comment": "why"}, "a.csv")
	if o["ok"] != true || o["ts"] == "" {
		t.Fatalf("upload: %v", o)
	}
	var ask object
	for ask == nil {
		for _, m := range p.read(t, "messages?channel=C_FACTORS")["messages"].([]any) {
			if m := m.(object); m["bot_id"] == BotID {
				ask = m
			}
		}
		if ask == nil {
			<-changes
		}
	}
	click := object{"user": "U_APPROVER1", "channel": "C_FACTORS", "message_ts": ask["ts"], "action_id": "approve"}
	_, o = p.post(t, "action", click)
	view, _ := o["view"].(object)
	if o["ok"] != true || view["callback_id"] != "" || view["id"] == nil {
		t.Fatalf("action: %v", o)
	}
	submit := object{"user": "U_APPROVER1", "view_id": view["id"], "values": object{"why": object{"reason": object{"type": "plain_text_input", "value": ""}}}}
	if _, o = p.post(t, "view", submit); o["ok"] != false || o["errors"].(object)["why"] == nil || o["view"] == nil {
		t.Errorf("empty submission: %v", o)
	}
	submit["values"] = object{"why": object{"reason": object{"type": "plain_text_input", "value": "lost"}}}
	if _, o = p.post(t, "view", submit); o["ok"] != true || o["errors"] != nil || o["view"] != nil {
		t.Errorf("submission: %v", o)
	}
	if _, o = p.post(t, "view", submit); o["error"] != "view_not_found" {
		t.Errorf("second submission: %v", o)
	}
	_, o = p.post(t, "command", object{"user": "U_REQUESTER", "channel": "C_FACTORS", "text": "/factor-reset help"})
	said, _ := o["ephemeral"].([]any)
	if o["ok"] != true || len(said) != 1 || said[0].(object)["text"] != "you asked for help" || said[0].(object)["ephemeral"] != true || o["view"] != nil {
		t.Errorf("command: %v", o)
	}
}

// TestSandbox_people: what people write, edit and delete, and who reads it.
func TestSandbox_people(t *testing.T) {
	p := mustServe(t, Options{})
	_, o := p.post(t, "message", object{"user": "U_ANA", "channel": "C_FACTORS", "text": "hi @rosa & <all>", "unknown": 1})
	ts, _ := o["ts"].(string)
	p.post(t, "message", object{"user": "U_REQUESTER", "channel": "C_FACTORS", "text": "yes", "thread_ts": ts})
	list := p.read(t, "messages?channel=C_FACTORS&thread_ts="+ts)["messages"].([]any)
	first, second := list[0].(object), list[1].(object)
	if first["text"] != "hi <@U_REQUESTER|rosa> &amp; &lt;all&gt;" || first["reply_count"] != 1.0 || second["thread_ts"] != ts || second["parent_user_id"] != "U_ANA" {
		t.Errorf("thread: %v", list)
	}
	p.post(t, "edit", object{"channel": "C_FACTORS", "message_ts": ts, "text": "changed"})
	if status, _ := p.post(t, "edit", object{"channel": "C_FACTORS", "message_ts": ts}); status != http.StatusBadRequest {
		t.Errorf("an edit without text: %d", status)
	}
	p.post(t, "edit", object{"channel": "C_FACTORS", "message_ts": second["ts"], "text": nil})
	list = p.read(t, "messages?channel=C_FACTORS")["messages"].([]any)
	if m := list[0].(object); len(list) != 1 || m["text"] != "changed" || m["edited"] == nil || m["reply_count"] != nil {
		t.Errorf("after edits: %v", list)
	}
	for name, body := range map[string]object{
		"channel_not_found": {"user": "U_ANA", "channel": "C_NONE", "text": "x"},
		"user_not_found":    {"user": "U_NOBODY", "channel": "C_FACTORS", "text": "x"},
		"is_archived":       {"user": "U_ANA", "channel": "C_ARCHIVED", "text": "x"},
	} {
		if status, o := p.post(t, "message", body); status != http.StatusBadRequest || o["error"] != name {
			t.Errorf("%s: %d %v", name, status, o)
		}
	}
	if got := p.read(t, "messages?channel=D_ANA")["messages"].([]any); len(got) != 0 {
		t.Errorf("a direct message in which nothing was said: %v", got)
	}
}

func TestSandbox_uploads(t *testing.T) {
	p := mustServe(t, Options{})
	ts := p.drop(t, map[string]string{"user": "U_ANA", "channel": "C_FACTORS"}, "a.csv", "b.csv")["ts"]
	list := p.read(t, "messages?channel=C_FACTORS")["messages"].([]any)
	m := list[0].(object)
	files, _ := m["files"].([]any)
	if m["ts"] != ts || m["subtype"] != "file_share" || len(files) != 2 || files[1].(object)["size"] != 16.0 {
		t.Fatalf("message %v", m)
	}
	_, body := get(t, p, "/sandbox/files/"+files[1].(object)["id"].(string))
	if body != "content of b.csv" {
		t.Errorf("bytes %q", body)
	}
	if o := p.drop(t, map[string]string{"user": "U_ANA", "channel": "C_FACTORS"}); o["error"] != "no_file_data" {
		t.Errorf("no file: %v", o)
	}
}

// TestStranger_file: of a stranger's file the app hears only that it exists.
func TestStranger_file(t *testing.T) {
	inBubble(t, Options{Events: []string{"message.channels"}}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		<-a.frames
		if _, err := w.Upload(Upload{User: "U_STRANGER", Channel: "C_FACTORS", Files: []UploadedFile{{"x.csv", []byte("id")}}}); err != nil {
			t.Fatal(err)
		}
		f := <-a.frames
		a.ack(f, nil)
		payload := f["payload"].(object)
		event := payload["event"].(object)
		stub := event["files"].([]any)[0].(object)
		if stub["file_access"] != "check_file_info" || stub["url_private"] != nil || payload["is_ext_shared_channel"] != true || event["team"] != nil {
			t.Errorf("event %v", event)
		}
		o := callAPI(w, "files.info", nil)
		if o["error"] != "invalid_arguments" {
			t.Errorf("files.info of nothing: %v", o)
		}
		_, o = send(w, "GET", "/api/files.info?token=xoxb-sandbox&file="+stub["id"].(string), nil, "")
		if o["file"].(object)["url_private"] == nil {
			t.Errorf("files.info: %v", o)
		}
		synctest.Wait()
	})
}

// TestSet_people: who is deactivated leaves the channels, and the app hears.
func TestSet_people(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		<-a.frames
		set := func(body string) {
			t.Helper()
			if answer, o := send(w, "POST", "/sandbox/set", nil, body); answer.StatusCode != 200 {
				t.Fatalf("%s: %v", body, o)
			}
		}
		set(`{"slack_people":{"U_APPROVER1":{"deleted":true}}}`)
		f := <-a.frames
		a.ack(f, nil)
		event := f["payload"].(object)["event"].(object)
		if event["type"] != "user_change" || event["user"].(object)["deleted"] != true {
			t.Errorf("event %v", event)
		}
		_, o := send(w, "GET", "/api/conversations.members?token=xoxb-sandbox&channel=C_FACTORS", nil, "")
		if raw, _ := json.Marshal(o["members"]); bytes.Contains(raw, []byte("U_APPROVER1")) || !bytes.Contains(raw, []byte("U_APPROVER2")) {
			t.Errorf("members %s", raw)
		}
		set(`{"slack_channels":{"C_FACTORS":{"is_archived":true}},"slack_groups":{"S_SECURITY":{"users":["U_ANA"]}}}`)
		if o := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x"}); o["error"] != "is_archived" {
			t.Errorf("post: %v", o)
		}
		_, o = send(w, "GET", "/api/usergroups.users.list?token=xoxb-sandbox&usergroup=S_SECURITY", nil, "")
		if raw, _ := json.Marshal(o["users"]); string(raw) != `["U_ANA"]` {
			t.Errorf("group %s", raw)
		}
		set(`{"slack_token_revoked":true}`)
		if o := callAPI(w, "auth.test", nil); o["error"] != "token_revoked" {
			t.Errorf("auth.test: %v", o)
		}
		set(`{"slack_token_revoked":false,"slack_bot_token":"xoxb-new"}`)
		if o := callAPI(w, "auth.test", nil); o["error"] != "invalid_auth" {
			t.Errorf("the old token: %v", o)
		}
	})
}

// TestClick_staleScreen: a button that an update took away may still be pressed
// on a screen that shows it, with the value it had.
func TestClick_staleScreen(t *testing.T) {
	inBubble(t, Options{Events: []string{"user_change"}}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		<-a.frames
		button := func(value string) []any {
			return []any{object{"type": "actions", "block_id": "b", "elements": []any{object{"type": "button", "action_id": "approve", "value": value, "text": object{"type": "plain_text", "text": "Go"}}}}}
		}
		ts := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x", "blocks": button("old")})["ts"].(string)
		callAPI(w, "chat.update", object{"channel": "C_FACTORS", "ts": ts, "text": "x", "blocks": button("new")})
		for given, want := range map[string]string{"": "new", "old": "old", "forged": "forged"} {
			var heard object
			done := make(chan struct{})
			go func() {
				defer close(done)
				heard = <-a.frames
				a.ack(heard, nil)
			}()
			c := Click{User: "U_APPROVER1", Channel: "C_FACTORS", Message: ts, ActionID: "approve"}
			if given != "" {
				c.Value = given
			}
			start := time.Now()
			if r, err := w.Click(t.Context(), c); err != nil || !r.OK {
				t.Fatalf("%q: %+v, %v", given, r, err)
			}
			<-done
			payload := heard["payload"].(object)
			action := payload["actions"].([]any)[0].(object)
			if action["value"] != want || payload["user"].(object)["team_id"] != Team || payload["message"].(object)["ts"] != ts {
				t.Errorf("%q: %v", given, payload)
			}
			if d := time.Since(start); d != usualPatience*2/3 {
				t.Errorf("a click that shows nothing was waited for %v", d)
			}
		}
		if _, err := w.Click(t.Context(), Click{User: "U_APPROVER1", Channel: "C_FACTORS", Message: ts, ActionID: "never"}); err == nil {
			t.Error("a button that never was")
		}
	})
}

func TestSandbox_state(t *testing.T) {
	p := mustServe(t, Options{Org: newMade(12)})
	o := p.read(t, "state")
	okta := o["okta"].(object)
	if len(okta["users"].([]any)) != 12 || okta["total"] != 12.0 || len(o["channels"].([]any)) != 4 {
		t.Errorf("state %v", o)
	}
	if raw, _ := json.Marshal(o); bytes.Contains(raw, []byte("xoxb-")) || bytes.Contains(raw, []byte("xapp-")) {
		t.Error("the state has a token in it")
	}
	if users := p.read(t, "state?q=user1&limit=2")["okta"].(object)["users"].([]any); len(users) != 2 {
		t.Errorf("%d users", len(users))
	}
}

// TestSandbox_events reads the stream of changes as a browser does.
func TestSandbox_events(t *testing.T) {
	org := newMade(2)
	p := mustServe(t, Options{Org: org})
	answer, err := http.Get(p.server.URL + "/sandbox/events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	lines := bufio.NewScanner(answer.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatal(lines.Err())
		return ""
	}
	lines.Scan() // the first line: from here on no change is missed
	ts, _ := p.Say("U_ANA", "C_FACTORS", "hi", "")
	if got := next(); got != `{"type":"message","channel":"C_FACTORS","ts":"`+ts+`"}` {
		t.Errorf("got %s", got)
	}
	org.reset(0)
	if got := next(); got != `{"type":"org"}` {
		t.Errorf("got %s", got)
	}
}
