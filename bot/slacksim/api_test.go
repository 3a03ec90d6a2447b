package slacksim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slack-go/slack"
)

// mustNew makes a workspace that is used without a network.
func mustNew(tb testing.TB, o Options) *Workspace {
	tb.Helper()
	if o.URL == "" {
		o.URL = "http://127.0.0.1:8025"
	}
	w, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.Close)
	return w
}

// send gives the workspace a request and returns status, headers and JSON.
func send(w http.Handler, method, path string, header map[string]string, body string) (*http.Response, object) {
	r := httptest.NewRequest(method, "http://127.0.0.1:8025"+path, strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	answer := rec.Result()
	raw, _ := io.ReadAll(answer.Body)
	o := object{}
	_ = json.Unmarshal(raw, &o)
	return answer, o
}

const (
	form   = "application/x-www-form-urlencoded"
	asJSON = "application/json; charset=utf-8"
)

// callAPI calls a method with JSON and the bot's token.
func callAPI(w http.Handler, method string, a object) object {
	raw, _ := json.Marshal(a)
	_, o := send(w, "POST", "/api/"+method, map[string]string{"Content-Type": asJSON, "Authorization": "Bearer xoxb-sandbox"}, string(raw))
	return o
}

func TestAPI_checks(t *testing.T) {
	w := mustNew(t, Options{})
	bot := "Bearer xoxb-sandbox"
	for name, tc := range map[string]struct {
		path, auth, kind, body, want string
	}{
		"unknown method":           {"nothing.here", bot, form, "", "unknown_method"},
		"no token":                 {"auth.test", "", form, "", "not_authed"},
		"token in form":            {"auth.test", "", form, "token=xoxb-sandbox", ""},
		"token in query":           {"auth.test?token=xoxb-sandbox", "", form, "", ""},
		"scheme in small letters":  {"auth.test", "bearer xoxb-sandbox", form, "", "not_authed"},
		"bad token":                {"auth.test", "Bearer xoxb-other", form, "", "invalid_auth"},
		"app token elsewhere":      {"auth.test", "Bearer xapp-sandbox", form, "", "not_allowed_token_type"},
		"bot token for a socket":   {"apps.connections.open", bot, form, "", "not_allowed_token_type"},
		"app token in form":        {"apps.connections.open", "", form, "token=xapp-sandbox", "not_authed"},
		"token before arguments":   {"chat.postMessage", "Bearer x", form, "", "invalid_auth"},
		"missing channel":          {"chat.postMessage", bot, form, "text=x", "invalid_arguments"},
		"missing user":             {"users.info", bot, form, "", "user_not_found"},
		"limit is no number":       {"conversations.history", bot, form, "channel=C_FACTORS&limit=many", "invalid_arguments"},
		"arguments before channel": {"chat.postMessage", bot, form, "channel=C_NONE", "no_text"},
		"no such channel":          {"chat.postMessage", bot, form, "channel=C_NONE&text=x", "channel_not_found"},
		"channel not joined":       {"chat.postMessage", bot, form, "channel=C_GENERAL&text=x", "not_in_channel"},
		"private channel":          {"chat.postMessage", bot, form, "channel=C_LEADS&text=x", "channel_not_found"},
		"archived channel":         {"chat.postMessage", bot, form, "channel=C_ARCHIVED&text=x", "is_archived"},
		"channel by name":          {"chat.postMessage", bot, form, "channel=%23factor-resets&text=x", ""},
		"person's direct message":  {"chat.postMessage", bot, form, "channel=U_ANA&text=x", ""},
		"history, private":         {"conversations.history", bot, form, "channel=C_LEADS", "channel_not_found"},
		"history, not joined":      {"conversations.history", bot, form, "channel=C_GENERAL", "not_in_channel"},
		"history, bad cursor":      {"conversations.history", bot, form, "channel=C_FACTORS&cursor=x", "invalid_cursor"},
		"history, bad time":        {"conversations.history", bot, form, "channel=C_FACTORS&oldest=x", "invalid_ts_oldest"},
		"no such thread":           {"conversations.replies", bot, form, "channel=C_FACTORS&ts=1.1", "thread_not_found"},
		"deactivated by e-mail":    {"users.lookupByEmail", bot, form, "email=gone@example.com", "users_not_found"},
		"DM with a deactivated":    {"conversations.open", bot, form, "users=U_GONE", "user_disabled"},
		"DM with the bot":          {"conversations.open", bot, form, "users=U_FACTORBOT", "cannot_dm_bot"},
		"post to a deactivated":    {"chat.postMessage", bot, form, "channel=U_GONE&text=x", ""},
		"ephemeral to outsider":    {"chat.postEphemeral", bot, form, "channel=C_FACTORS&user=U_GONE&text=x", "user_not_in_channel"},
		"unknown usergroup":        {"usergroups.users.list", bot, form, "usergroup=S1", "no_such_subteam"},
		"invalid JSON":             {"chat.postMessage", bot, asJSON, "{", "invalid_json"},
		"JSON list":                {"chat.postMessage", bot, asJSON, "[]", "json_not_object"},
		"JSON where none is taken": {"conversations.info", bot, asJSON, `{"channel":"C_FACTORS"}`, "invalid_arguments"},
		"blocks are no JSON":       {"chat.postMessage", bot, form, "channel=C_FACTORS&blocks={", "invalid_blocks_format"},
		"metadata without payload": {"chat.postMessage", bot, form, `channel=C_FACTORS&text=x&metadata={"event_type":"a"}`, "invalid_metadata_schema"},
		"bad trigger":              {"views.open", bot, asJSON, `{"trigger_id":"1.2","view":{"type":"modal","title":{"type":"plain_text","text":"T"},"blocks":[]}}`, "invalid_trigger_id"},
		"empty upload":             {"files.getUploadURLExternal", bot, form, "filename=a&length=0", "invalid_arguments"},
		"complete nothing":         {"files.completeUploadExternal", bot, asJSON, `{"files":[{"id":"F1"}]}`, "file_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, o := send(w, "POST", "/api/"+tc.path, map[string]string{"Authorization": tc.auth, "Content-Type": tc.kind}, tc.body)
			got, _ := o["error"].(string)
			if got != tc.want || (o["ok"] == true) != (tc.want == "") {
				t.Errorf("got %v, want error %q", o, tc.want)
			}
		})
	}
}

func TestAPI_scopes(t *testing.T) {
	w := mustNew(t, Options{Scopes: []string{"chat:write", "channels:read", "users:read"}})
	o := callAPI(w, "usergroups.list", nil)
	if o["error"] != "missing_scope" || o["needed"] != "usergroups:read" || o["provided"] != "chat:write,channels:read,users:read" {
		t.Errorf("usergroups.list: %v", o)
	}
	_, o = send(w, "GET", "/api/users.info?user=U_ANA", map[string]string{"Authorization": "Bearer xoxb-sandbox"}, "")
	if profile := o["user"].(object)["profile"].(object); profile["email"] != nil {
		t.Errorf("without users:read.email: %v", profile["email"])
	}
	if got := w.Books().Scopes["users.info"]; len(got) != 1 || got[0] != "users:read" {
		t.Errorf("scopes used: %v", got)
	}
}

func TestAPI_limits(t *testing.T) {
	w := mustNew(t, Options{})
	for i := range postBurst + 1 {
		raw := `{"channel":"C_FACTORS","text":"x"}`
		answer, o := send(w, "POST", "/api/chat.postMessage", map[string]string{"Content-Type": asJSON, "Authorization": "Bearer xoxb-sandbox"}, raw)
		if i < postBurst && o["ok"] != true {
			t.Fatalf("post %d: %v", i, o)
		}
		if i == postBurst && (answer.StatusCode != 429 || answer.Header.Get("Retry-After") != "1" || o["error"] != "ratelimited") {
			t.Fatalf("post %d: %d, %v", i, answer.StatusCode, o)
		}
	}
	if o := callAPI(w, "chat.postMessage", object{"channel": "U_ANA", "text": "x"}); o["ok"] != true {
		t.Errorf("another channel has its own second: %v", o)
	}
	if n := w.Books().RateLimited["chat.postMessage"]; n != 1 {
		t.Errorf("counted %d", n)
	}
}

// TestAPI_faults checks that each fault happens where it says: before the
// effect or after it.
func TestAPI_faults(t *testing.T) {
	for kind, posted := range map[string]int{"rate_limited": 0, "5xx": 0, "internal": 0, "lost": 1} {
		t.Run(kind, func(t *testing.T) {
			p := mustServe(t, Options{})
			values := map[string]json.RawMessage{"slack_fail_next": json.RawMessage(`[{"method":"chat.postMessage","kind":"` + kind + `","times":1}]`)}
			if err := p.Set(values); err != nil {
				t.Fatal(err)
			}
			if _, _, err := p.api.PostMessage("C_FACTORS"); err == nil {
				t.Error("an empty message was taken")
			}
			if n := p.Books().Faults[kind]; n != 1 {
				t.Errorf("%d faults counted", n)
			}
			_ = p.Set(values)
			answer, err := http.PostForm(p.server.URL+"/api/chat.postMessage", map[string][]string{"token": {"xoxb-sandbox"}, "channel": {"C_FACTORS"}, "text": {"x"}})
			if (err != nil) != (kind == "lost") {
				t.Errorf("err = %v", err)
			}
			if err == nil {
				_ = answer.Body.Close()
			}
			if n := len(p.Books().Posts); n != posted {
				t.Errorf("%d messages were posted, want %d", n, posted)
			}
		})
	}
}

// A call that hangs is answered by nothing, has no effect, and ends with the next setting.
func TestAPI_hang(t *testing.T) {
	p := mustServe(t, Options{})
	set := func(share string) {
		t.Helper()
		if err := p.Set(map[string]json.RawMessage{"slack_hang": json.RawMessage(share), "slack_fault_methods": json.RawMessage(`["chat.postMessage"]`)}); err != nil {
			t.Fatal(err)
		}
	}
	set("1")
	ended := make(chan error, 1)
	go func() {
		_, _, err := p.api.PostMessage("C_FACTORS", slack.MsgOptionText("x", false))
		ended <- err
	}()
	for p.Books().Faults["hang"] == 0 {
		if _, err := p.api.AuthTest(); err != nil { // another method answers meanwhile
			t.Fatal(err)
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("the call ended by itself: %v", err)
	default:
	}
	set("0")
	if err := <-ended; err == nil {
		t.Error("the call was answered")
	}
	if b := p.Books(); len(b.Posts) != 0 || b.Tried["chat.postMessage"] != 1 || b.Calls["chat.postMessage"] != 0 {
		t.Errorf("%d messages, tried %v, called %v", len(b.Posts), b.Tried, b.Calls)
	}
}

func TestSet_refuses(t *testing.T) {
	w := mustNew(t, Options{Org: newMade(1)})
	for name, body := range map[string]string{
		"unknown":         `{"nothing":1}`,
		"over 1":          `{"slack_5xx":2}`,
		"not a number":    `{"slack_5xx":"often"}`,
		"unknown channel": `{"slack_channels":{"C_NONE":{}}}`,
		"unknown kind":    `{"slack_fail_next":[{"method":"auth.test","kind":"odd","times":1}]}`,
	} {
		answer, o := send(w, "POST", "/sandbox/set", nil, body)
		if answer.StatusCode != http.StatusBadRequest || o["ok"] != false {
			t.Errorf("%s: %d %v", name, answer.StatusCode, o)
		}
	}
	if answer, o := send(w, "POST", "/sandbox/set", nil, `{"faults":0.5,"slack_5xx":0.25}`); answer.StatusCode != 200 {
		t.Errorf("both keys: %v", o)
	}
	if got := w.Settings()["slack_5xx"]; got != 0.25 {
		t.Errorf("slack_5xx = %v", got)
	}
}

func TestMessages_lengths(t *testing.T) {
	w := mustNew(t, Options{})
	o := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": strings.Repeat("é", 40001)})
	m, _ := o["message"].(object)
	if got := len([]rune(m["text"].(string))); got != 40000 {
		t.Errorf("posted text of %d characters", got)
	}
	ts := o["ts"]
	if o := callAPI(w, "chat.update", object{"channel": "C_FACTORS", "ts": ts, "text": strings.Repeat("é", 4001)}); o["error"] != "msg_too_long" {
		t.Errorf("update with 4001: %v", o["error"])
	}
	if o := callAPI(w, "chat.update", object{"channel": "C_FACTORS", "ts": ts, "text": strings.Repeat("é", 4000)}); o["ok"] != true {
		t.Errorf("update with 4000: %v", o["error"])
	}
}

// TestUpdate_blocks: text alone takes the blocks away and marks the message
// edited; blocks leave no mark; metadata stays unless it is given.
func TestUpdate_blocks(t *testing.T) {
	w := mustNew(t, Options{})
	blocks := []any{object{"type": "divider"}}
	o := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "a", "blocks": blocks,
		"metadata": object{"event_type": "k", "event_payload": object{"id": "1"}}})
	ts := o["ts"]
	callAPI(w, "chat.update", object{"channel": "C_FACTORS", "ts": ts, "text": "b", "blocks": blocks})
	m, _ := w.Messages("C_FACTORS", "")
	if m[0].Edited != nil || len(m[0].Blocks) != 1 || m[0].Metadata == nil {
		t.Errorf("after blocks: %+v", m[0])
	}
	callAPI(w, "chat.update", object{"channel": "C_FACTORS", "ts": ts, "text": "c"})
	m, _ = w.Messages("C_FACTORS", "")
	if m[0].Edited == nil || m[0].Blocks != nil || m[0].Metadata == nil {
		t.Errorf("after text: %+v", m[0])
	}
	callAPI(w, "chat.update", object{"channel": "C_FACTORS", "ts": ts, "text": "d", "metadata": object{}})
	m, _ = w.Messages("C_FACTORS", "")
	if m[0].Metadata != nil {
		t.Errorf("metadata was not cleared: %+v", m[0].Metadata)
	}
}

// TestThreads: replies belong to their root, metadata comes when asked for, and
// a reply to a deleted message lands in the channel.
func TestThreads(t *testing.T) {
	w := mustNew(t, Options{})
	meta := object{"event_type": "k", "event_payload": object{"id": "1"}}
	root := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "root"})["ts"].(string)
	reply := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "one", "thread_ts": root, "metadata": meta})["ts"].(string)
	callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "two", "thread_ts": reply})
	for ask, want := range map[string]bool{"": false, "&include_all_metadata=true": true} {
		_, o := send(w, "GET", "/api/conversations.replies?token=xoxb-sandbox&channel=C_FACTORS&ts="+reply+ask, nil, "")
		list, _ := o["messages"].([]any)
		if len(list) != 3 || (list[1].(object)["metadata"] != nil) != want || list[2].(object)["thread_ts"] != root {
			t.Errorf("replies%s: %v", ask, list)
		}
	}
	_, o := send(w, "GET", "/api/conversations.history?token=xoxb-sandbox&channel=C_FACTORS", nil, "")
	if list, _ := o["messages"].([]any); len(list) != 1 || list[0].(object)["reply_count"] != 2.0 || o["response_metadata"] != nil {
		t.Errorf("history: %v", o)
	}
	gone := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x"})["ts"].(string)
	callAPI(w, "chat.delete", object{"channel": "C_FACTORS", "ts": gone})
	o = callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "late", "thread_ts": gone})
	if m, _ := o["message"].(object); o["ok"] != true || m["thread_ts"] != nil {
		t.Errorf("reply to nothing: %v", o)
	}
}

func TestHistory_pages(t *testing.T) {
	w := mustNew(t, Options{})
	var all []string
	for range 7 {
		all = append(all, callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x"})["ts"].(string))
	}
	var got []string
	for cursor := ""; ; {
		_, o := send(w, "GET", "/api/conversations.history?token=xoxb-sandbox&channel=C_FACTORS&limit=3&cursor="+cursor, nil, "")
		for _, m := range o["messages"].([]any) {
			got = append(got, m.(object)["ts"].(string))
		}
		meta, _ := o["response_metadata"].(object)
		if cursor, _ = meta["next_cursor"].(string); cursor == "" {
			break
		}
	}
	if len(got) != 7 || got[0] != all[6] || got[6] != all[0] {
		t.Errorf("paged %v of %v", got, all)
	}
	_, o := send(w, "GET", "/api/conversations.history?token=xoxb-sandbox&channel=C_FACTORS&oldest="+all[2]+"&latest="+all[5], nil, "")
	if list := o["messages"].([]any); len(list) != 2 {
		t.Errorf("between, without the ends: %d", len(list))
	}
}
