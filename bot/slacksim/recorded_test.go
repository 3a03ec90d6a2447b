package slacksim

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recordingsDir is where recordings of Slack's answers lie beside the checkout.
const recordingsDir = "../../../shared/recordings/slack"

// recording is one answer or payload that Slack once sent.
type recording struct {
	name    string
	Kind    string              `json:"kind"` // recorded..., shape, documented
	Headers map[string][]string `json:"headers"`
	Body    any                 `json:"body"`
}

// recordings reads all recordings whose names match one of the patterns.
func recordings(t *testing.T, patterns ...string) []recording {
	t.Helper()
	if _, err := os.Stat(recordingsDir); err != nil {
		t.Skip("no recordings beside the checkout")
	}
	var all []recording
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(recordingsDir, pattern+".json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no recording %s: %v", pattern, err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			r := recording{name: strings.TrimSuffix(filepath.Base(name), ".json")}
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, r)
		}
	}
	return all
}

// shape is what kinds of values are at each path of a JSON document. Elements
// of a list share one path; what people and apps wrote is left out.
type shape map[string]map[string]bool

func (s shape) add(path string, v any) {
	kind := "null"
	switch v.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "bool"
	case float64:
		kind = "number"
	case []any:
		kind = "list"
	case object:
		kind = "object"
	}
	if s[path] == nil {
		s[path] = map[string]bool{}
	}
	s[path][kind] = true
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			s.add(path+"[]", x)
		}
	case object:
		for k, x := range v {
			s.addKey(path, k, x)
		}
	}
}

// addKey adds one member of an object. IDs that are keys are one path.
func (s shape) addKey(path, key string, v any) {
	switch {
	case key == "blocks", key == "attachments", key == "event_payload", key == "values", key == "icons":
		v = nil
		s.add(path+"."+key, []any{})
		delete(s[path+"."+key], "list")
		return
	case strings.HasSuffix(path, ".shares.public"), strings.HasSuffix(path, ".shares.private"):
		key = "*"
	}
	s.add(path+"."+key, v)
}

// compared is a call or payload of the simulator beside recordings of it.
type compared struct {
	name     string
	sent     any      // by the simulator
	patterns []string // of recordings
	within   string   // key of the recording under which the payload is, or ""
}

// unlike lists the paths that only the simulator has, and those at which it has
// another kind of value. A recording of kind shape or documented vouches for a
// path, not for the kind of its value.
func unlike(t *testing.T, c compared) []string {
	seen, vague := shape{}, shape{}
	for _, r := range recordings(t, c.patterns...) {
		body := r.Body
		if c.within != "" {
			body = body.(object)[c.within]
		}
		if strings.HasPrefix(r.Kind, "recorded") {
			seen.add("", body)
		} else {
			vague.add("", body)
		}
	}
	ours := shape{}
	ours.add("", plainJSON(t, c.sent))
	var bad []string
	for path, kinds := range ours {
		for kind := range kinds {
			switch {
			case seen[path] == nil && vague[path] == nil:
				bad = append(bad, c.name+path)
			case seen[path] != nil && vague[path] == nil && !seen[path][kind]:
				bad = append(bad, c.name+path+" "+kind)
			}
		}
	}
	slices.Sort(bad)
	return slices.Compact(bad)
}

func plainJSON(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

// recordedCalls calls every method that a recording knows.
func recordedCalls(t *testing.T, w *Workspace) []compared {
	t.Helper()
	call := func(method string, a object) object {
		t.Helper()
		o := callForm(w, method, a)
		if o["ok"] != true {
			t.Fatalf("%s: %v", method, o)
		}
		return o
	}
	posted := call("chat.postMessage", object{"channel": "C_FACTORS", "text": "posted"})
	call("chat.postMessage", object{"channel": "C_FACTORS", "text": "reply", "thread_ts": posted["ts"]})
	if _, err := w.Upload(Upload{User: "U_REQUESTER", Channel: "C_FACTORS", Comment: "phones", Files: []UploadedFile{{"a.csv", []byte("login\nana@example.com\n")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Upload(Upload{User: "U_REQUESTER", Channel: "C_FACTORS", Elsewhere: "gdrive", Files: []UploadedFile{{"a", nil}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Say("U_REQUESTER", "C_FACTORS", "talk", ""); err != nil {
		t.Fatal(err)
	}
	start := call("files.getUploadURLExternal", object{"filename": "a.csv", "length": "3"})
	if answer, _ := send(w, "POST", "/upload/v1/"+start["file_id"].(string), nil, "abc"); answer.StatusCode != 200 {
		t.Fatal(answer.Status)
	}
	complete := call("files.completeUploadExternal", object{"files": `[{"id":"` + start["file_id"].(string) + `","title":"a"}]`})
	return []compared{
		{"auth.test", call("auth.test", nil), []string{"auth.test.rb.auth_test_success.0", "shape.auth.test"}, ""},
		{"conversations.history", call("conversations.history", object{"channel": "C_FACTORS"}), []string{"conversations.history*", "shape.conversations.history"}, ""},
		{"conversations.replies", call("conversations.replies", object{"channel": "C_FACTORS", "ts": posted["ts"]}), []string{"conversations.history*", "shape.conversations.replies"}, ""},
		{"conversations.info", call("conversations.info", object{"channel": "C_FACTORS"}), []string{"conversations.info.public", "conversations.info.private", "conversations.info.rb.*", "shape.conversations.info"}, ""},
		{"conversations.open", call("conversations.open", object{"users": "U_ANA", "return_im": "true"}), []string{"conversations.info.im", "shape.conversations.open"}, ""},
		{"chat.postMessage", posted, []string{"shape.chat.postMessage"}, ""},
		{"chat.update", call("chat.update", object{"channel": "C_FACTORS", "ts": posted["ts"], "text": "changed"}), []string{"shape.chat.update"}, ""},
		{"chat.postEphemeral", call("chat.postEphemeral", object{"channel": "C_FACTORS", "user": "U_ANA", "text": "x"}), []string{"shape.chat.postEphemeral"}, ""},
		{"chat.getPermalink", call("chat.getPermalink", object{"channel": "C_FACTORS", "message_ts": posted["ts"]}), []string{"shape.chat.getPermalink"}, ""},
		{"chat.delete", call("chat.delete", object{"channel": "C_FACTORS", "ts": posted["ts"]}), []string{"shape.chat.delete"}, ""},
		{"files.getUploadURLExternal", start, []string{"files.getUploadURLExternal*", "shape.files.getUploadURLExternal"}, ""},
		{"files.completeUploadExternal", complete, []string{"files.completeUploadExternal*"}, ""},
		{"files.info", call("files.info", object{"file": firstFile(w)}), []string{"shape.files.info"}, ""},
		{"users.info", call("users.info", object{"user": "U_ANA"}), []string{"users.info*", "shape.users.info"}, ""},
		{"users.info of a bot", call("users.info", object{"user": BotUser}), []string{"users.info*", "shape.users.info"}, ""},
		{"users.list", member(call("users.list", nil)["members"]), []string{"users.info*", "shape.users.info"}, ""},
		{"users.lookupByEmail", call("users.lookupByEmail", object{"email": "ana@example.com"}), []string{"users.info*", "shape.users.lookupByEmail"}, ""},
		{"usergroups.list", call("usergroups.list", object{"include_users": "true", "include_count": "true"}), []string{"usergroups.list", "shape.usergroups.list"}, ""},
		{"usergroups.users.list", call("usergroups.users.list", object{"usergroup": "S_SECURITY"}), []string{"shape.usergroups.users.list"}, ""},
	}
}

// member is the last of a list of people, as users.info returns it: a person of
// another company is in the list, too.
func member(list any) any {
	all := list.([]any)
	return object{"user": all[len(all)-2]}
}

// callForm calls a method with a form, as most clients do.
func callForm(w *Workspace, method string, a object) object {
	_, o := send(w, "POST", "/api/"+method, map[string]string{"Content-Type": form, "Authorization": "Bearer xoxb-sandbox"}, encode(a))
	return o
}

func encode(a object) string {
	q := url.Values{}
	for k, v := range a {
		s, _ := v.(string)
		q.Set(k, s)
	}
	return q.Encode()
}

// firstFile is the ID of a file that a person shared.
func firstFile(w *Workspace) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.conversation["C_FACTORS"].messages {
		if len(m.fileIDs) > 0 {
			return m.fileIDs[0]
		}
	}
	return ""
}

// TestRecorded_shapes compares what the simulator sends with what Slack sent:
// a path that only the simulator has misleads whoever tests with it.
func TestRecorded_shapes(t *testing.T) {
	recordings(t, "socket.hello")
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		var bad []string
		used := map[string]bool{}
		for _, c := range append(recordedCalls(t, w), recordedFrames(t, w, open())...) {
			for _, path := range unlike(t, c) {
				if _, ok := onlyHere()[path]; ok {
					used[path] = true
					continue
				}
				bad = append(bad, path)
			}
		}
		for path, reason := range onlyHere() {
			if !used[path] {
				bad = append(bad, "exception is not needed: "+path+" ("+reason+")")
			}
		}
		slices.Sort(bad)
		if len(bad) > 0 {
			t.Errorf("no recording has these:\n%s", strings.Join(bad, "\n"))
		}
	})
}

// onlyHere are the paths that no recording has, each with the reason to keep it.
func onlyHere() map[string]string {
	context := "docs.slack.dev/apis/events-api shows it; the recordings are older"
	only := map[string]string{}
	for _, event := range []string{"app_home_opened", "file_share", "message", "message_changed", "message_deleted"} {
		only["event."+event+".context_team_id"] = context
		only["event."+event+".context_enterprise_id"] = context
	}
	return only
}

// recordedFrames does once what makes Slack send each kind of frame.
func recordedFrames(t *testing.T, w *Workspace, a *app) []compared {
	t.Helper()
	var acting sync.WaitGroup
	next := func(wanted func(payload object) bool) object {
		t.Helper()
		for {
			frame := <-a.frames
			payload, _ := frame["payload"].(object)
			if frame["envelope_id"] != nil {
				a.ack(frame, nil)
			}
			if wanted(payload) {
				return frame
			}
		}
	}
	event := func(kind, subtype string) func(object) bool {
		return func(p object) bool {
			e, _ := p["event"].(object)
			got, _ := e["subtype"].(string)
			return e["type"] == kind && got == subtype
		}
	}
	typed := func(kind string) func(object) bool { return func(p object) bool { return p["type"] == kind } }
	do := func(what func() error) {
		t.Helper()
		acting.Go(func() {
			if err := what(); err != nil {
				t.Error(err)
			}
		})
	}
	var all []compared
	payload := func(name string, frame object, patterns ...string) {
		all = append(all, compared{name, frame["payload"], patterns, ""})
	}
	all = append(all, compared{"hello", <-a.frames, []string{"socket.hello*"}, ""})
	do(func() error { _, err := w.Say("U_ANA", "C_FACTORS", "hello", ""); return err })
	frame := next(event("message", ""))
	payload("event.message", frame, "event.message", "shape.event.MessagePayload")
	all = append(all, compared{"events_api", frame, []string{"socket.envelope.events_api", "socket.envelope.app_mention"}, ""})
	delete(frame, "payload")
	do(func() error {
		_, err := w.Upload(Upload{User: "U_ANA", Channel: "C_FACTORS", Files: []UploadedFile{{"a.csv", []byte("x")}}})
		return err
	})
	payload("event.file_share", next(event("message", fileShare)), "event.message.file_share*")
	ts, err := w.Say("U_ANA", "C_FACTORS", "before", "")
	if err != nil {
		t.Fatal(err)
	}
	text := "after"
	do(func() error { return w.Edit("C_FACTORS", ts, &text) })
	payload("event.message_changed", next(event("message", "message_changed")), "event.message_changed", "shape.event.MessageChangedPayload")
	do(func() error { return w.Edit("C_FACTORS", ts, nil) })
	payload("event.message_deleted", next(event("message", "message_deleted")), "event.message_deleted", "shape.event.MessageDeletedPayload")
	do(func() error { _, err := w.OpenHome(t.Context(), "U_ANA"); return err })
	payload("event.app_home_opened", next(func(p object) bool { e, _ := p["event"].(object); return e["type"] == "app_home_opened" }), "event.app_home_opened", "shape.event.AppHomeOpenedPayload")

	do(func() error { _, err := w.Command(t.Context(), "U_ANA", "C_FACTORS", "/factor-reset help"); return err })
	frame = next(func(p object) bool { return p["command"] != nil })
	payload("slash_command", frame, "slash_command.http", "shape.slash_command")
	trigger := frame["payload"].(object)["trigger_id"]
	const view = `{"type":"modal","callback_id":"c","title":{"type":"plain_text","text":"T"},"submit":{"type":"plain_text","text":"S"},
		"blocks":[{"type":"input","block_id":"b","label":{"type":"plain_text","text":"L"},"element":{"type":"plain_text_input","action_id":"a"}}]}`
	opened := callForm(w, "views.open", object{"trigger_id": trigger, "view": view})
	if opened["ok"] != true {
		t.Fatal(opened)
	}
	all = append(all, compared{"views.open", opened, []string{"shape.views.open"}, ""})
	id, _ := opened["view"].(object)["id"].(string)
	do(func() error {
		_, err := w.Submit(t.Context(), "U_ANA", id, object{"b": object{"a": object{"type": "plain_text_input", "value": "x"}}})
		return err
	})
	payload("view_submission", next(typed("view_submission")), "interactive.view_submission*", "shape.view_submission")

	post := callForm(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "t", "blocks": `[{"type":"actions","elements":[{"type":"button","action_id":"b","value":"v","text":{"type":"plain_text","text":"B"}}]}]`})
	posted, _ := post["ts"].(string)
	do(func() error {
		_, err := w.Click(t.Context(), Click{User: "U_ANA", Channel: "C_FACTORS", Message: posted, ActionID: "b"})
		return err
	})
	frame = next(typed("block_actions"))
	payload("block_actions", frame, "interactive.block_actions*", "shape.block_actions")
	all = append(all, compared{"interactive", frame, []string{"socket.envelope.block_actions.message", "socket.envelope.slash_commands", "interactive.block_actions.message"}, ""})
	delete(frame, "payload")
	acting.Wait()
	w.disconnect("warning")
	for frame = range a.frames {
		if frame["type"] == "disconnect" {
			break
		}
	}
	all = append(all, compared{"disconnect", frame, []string{"socket.disconnect"}, ""})
	return all
}
