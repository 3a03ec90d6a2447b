package slacksim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// get fetches a page as a browser on this machine does.
func get(tb testing.TB, w http.Handler, path string) (*http.Response, string) {
	tb.Helper()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest("GET", "http://127.0.0.1:8025"+path, nil))
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		tb.Fatal(err)
	}
	return rec.Result(), string(body)
}

func TestPage_empty(t *testing.T) {
	w := mustNew(t, Options{Org: newMade(30), Sample: func() []byte { return []byte("id\n") }})
	answer, body := get(t, w, "/")
	for _, want := range []string{"Drop the sample file", "Rosa Quint", "Avery Stone", "User 24", "#factor-resets", "old-resets"} {
		if !strings.Contains(strings.ReplaceAll(body, `<span class="sigil" aria-hidden="true">#</span>`, "#"), want) {
			t.Errorf("the empty page lacks %q", want)
		}
	}
	if strings.Contains(body, "security-leads") {
		t.Error("a private channel is shown to who is not in it")
	}
	if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if strings.Contains(body, "style=") || strings.Contains(body, "<script>") {
		t.Error("the policy forbids what the page has inline")
	}
}

// The tour is where the bot is first: another channel is empty, and has no sample to
// drop, whoever invites the bot there.
func TestPage_tourWhereTheBotIs(t *testing.T) {
	w := mustNew(t, Options{Org: newMade(1), Sample: func() []byte { return []byte("id\n") }})
	if _, err := w.Command(t.Context(), "U_REQUESTER", "C_GENERAL", "/invite @factorbot"); err != nil {
		t.Fatal(err)
	}
	for channel, has := range map[string]bool{"C_FACTORS": true, "C_GENERAL": false} {
		_, body := get(t, w, "/sandbox/part/conversation?user=U_REQUESTER&channel="+channel)
		if got := strings.Contains(body, "data-sample"); got != has {
			t.Errorf("%s has the sample: %v", channel, got)
		}
		if got := strings.Contains(body, "Try the whole job"); got != has {
			t.Errorf("%s has the tour: %v", channel, got)
		}
	}
}

// While Slack is down the page says so above the messages, with a button that ends it;
// afterwards it does not.
func TestPage_outage(t *testing.T) {
	w := mustNew(t, Options{Org: newMade(1)})
	banner := func() bool {
		_, body := get(t, w, "/sandbox/part/conversation?user=U_REQUESTER&channel=C_FACTORS")
		says := strings.Contains(body, `role="alert"><strong>Slack is having trouble.</strong>`)
		if ends := strings.Contains(body, "data-slack-up"); ends != says {
			t.Errorf("the outage is said: %v, the button is there: %v", says, ends)
		}
		return says
	}
	for _, down := range []bool{false, true, false} {
		if err := w.Set(map[string]json.RawMessage{"slack_down": json.RawMessage(fmt.Sprint(down))}); err != nil {
			t.Fatal(err)
		}
		if got := banner(); got != down {
			t.Errorf("Slack is down: %v, the page says so: %v", down, got)
		}
	}
}

// TestPage_hostile posts what an attacker might and looks for it alive.
func TestPage_hostile(t *testing.T) {
	w := mustNew(t, Options{Org: newMade(1)})
	w.settings.NoLimits = true
	evil := `<script>alert(1)</script><img src=x onerror=alert(1)>"' onmouseover="x`
	section := func(text object) object { return object{"type": "section", "text": text} }
	button := object{"type": "button", "action_id": evil, "value": evil, "text": object{"type": "plain_text", "text": evil[:50]},
		"confirm": object{"title": object{"type": "plain_text", "text": evil}, "text": object{"type": "plain_text", "text": evil}, "confirm": object{"type": "plain_text", "text": "y"}, "deny": object{"type": "plain_text", "text": "n"}}}
	for _, blocks := range [][]any{
		{section(object{"type": "mrkdwn", "text": evil})},
		{section(object{"type": "plain_text", "text": evil})},
		{object{"type": "header", "text": object{"type": "plain_text", "text": evil}}},
		{object{"type": "actions", "elements": []any{button}}},
		{object{"type": "context", "elements": []any{object{"type": "mrkdwn", "text": evil}}}},
		{object{"type": "table", "rows": []any{[]any{object{"type": "raw_text", "text": evil}}}}},
		{object{"type": "image", "alt_text": evil, "image_url": "https://example.com/x.png"}},
		{object{"type": "rich_text", "elements": []any{object{"type": "rich_text_section", "elements": []any{object{"type": "text", "text": evil}, object{"type": "link", "url": "javascript:alert(1)", "text": evil}}}}}},
		{object{"type": "actions", "elements": []any{object{"type": "button", "url": "javascript:alert(1)", "text": object{"type": "plain_text", "text": "x"}}}}},
	} {
		if o := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": evil, "blocks": blocks}); o["ok"] != true {
			t.Errorf("refused: %v", o)
		}
	}
	if _, err := w.Say("U_ANA", "C_FACTORS", evil, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Upload(Upload{User: "U_ANA", Channel: "C_FACTORS", Comment: evil, Files: []UploadedFile{{evil + ".csv", []byte(evil)}}}); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, w, "/")
	for _, alive := range []string{"<script>alert", "<img", `href="javascript:`, `onmouseover="x"`} {
		if strings.Contains(body, alive) {
			at := strings.Index(body, alive)
			t.Errorf("%q is alive: %s", alive, body[max(0, at-100):at+100])
		}
	}
	if n := strings.Count(body, "alert(1)"); n < 15 {
		t.Errorf("only %d of the texts are on the page", n)
	}
}

// TestPage_files: what was uploaded never comes as something a browser runs.
func TestPage_files(t *testing.T) {
	w := mustNew(t, Options{})
	if _, err := w.Upload(Upload{User: "U_ANA", Channel: "C_FACTORS", Files: []UploadedFile{{"x.html", []byte("<script>")}}}); err != nil {
		t.Fatal(err)
	}
	messages, _ := w.Messages("C_FACTORS", "")
	answer, body := get(t, w, "/sandbox/files/"+messages[0].Files[0]["id"].(string))
	h := answer.Header
	if body != "<script>" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%q with %v", body, h)
	}
}

// TestGuard: no other site and no other name reaches what people do here.
func TestGuard(t *testing.T) {
	w := mustNew(t, Options{})
	for name, tc := range map[string]struct {
		method, host, origin, site string
		want                       int
	}{
		"own page":       {"POST", "127.0.0.1:8025", "http://127.0.0.1:8025", "same-origin", 200},
		"a program":      {"POST", "127.0.0.1:8025", "", "", 200},
		"localhost":      {"POST", "localhost:8025", "http://localhost:8025", "", 200},
		"IPv6":           {"GET", "[::1]:8025", "", "", 405},
		"other site":     {"POST", "127.0.0.1:8025", "https://evil.example", "cross-site", 403},
		"other port":     {"POST", "127.0.0.1:8025", "http://127.0.0.1:9999", "", 403},
		"sandboxed page": {"POST", "127.0.0.1:8025", "null", "", 403},
		"rebound name":   {"POST", "evil.example:8025", "http://evil.example:8025", "same-origin", 403},
		"rebound, read":  {"GET", "evil.example", "", "", 405},
	} {
		r := httptest.NewRequest(tc.method, "http://127.0.0.1:8025/sandbox/message", strings.NewReader(`{"user":"U_ANA","channel":"C_FACTORS","text":"x"}`))
		r.Host = tc.host
		if tc.origin != "" {
			r.Header.Set("Origin", tc.origin)
		}
		if tc.site != "" {
			r.Header.Set("Sec-Fetch-Site", tc.site)
		}
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		if rec.Code != tc.want {
			t.Errorf("%s: %d, want %d", name, rec.Code, tc.want)
		}
	}
	r := httptest.NewRequest("GET", "http://evil.example/sandbox/state", nil)
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	if rec.Code != http.StatusForbidden {
		t.Errorf("a rebound name reads the state: %d", rec.Code)
	}
}

// TestPage_modal: a modal is rendered with what its inputs hold, and errors at
// their fields.
func TestPage_modal(t *testing.T) {
	w := mustNew(t, Options{})
	v := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": viewOf("Say why")})["view"].(object)
	id, _ := v["id"].(string)
	if _, err := w.Submit(t.Context(), "U_ANA", id, object{"b": object{"a": ""}}); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, w, "/sandbox/part/modal?user=U_ANA")
	for _, want := range []string{"Say why", `data-view="` + id + `"`, "Please complete this required field.", `aria-invalid="true"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the modal lacks %q:\n%s", want, body)
		}
	}
	if _, body := get(t, w, "/sandbox/part/modal?user=U_REQUESTER"); strings.Contains(body, "<dialog") {
		t.Error("another person sees the modal")
	}
}

// TestPage_inputs: every kind of input has its control.
func TestPage_inputs(t *testing.T) {
	w := mustNew(t, Options{})
	options := []any{object{"text": object{"type": "plain_text", "text": "One"}, "value": "1"}}
	var blocks []any
	kinds := map[string]string{
		"plain_text_input": "<input type=\"text\"", "number_input": "<input type=\"number\"", "email_text_input": "<input type=\"email\"",
		"url_text_input": "<input type=\"url\"", "static_select": "<select", "multi_static_select": "type=\"checkbox\"", "users_select": "Ana Lima",
		"multi_users_select": "Ana Lima", "channels_select": "#general", "conversations_select": "#general", "radio_buttons": "type=\"radio\"",
		"checkboxes": "type=\"checkbox\"", "datepicker": "<input type=\"date\"", "timepicker": "<input type=\"time\"",
		"datetimepicker": "<input type=\"datetime-local\"", "file_input": "<input type=\"file\"",
	}
	for kind := range kinds {
		e := object{"type": kind, "action_id": "a"}
		switch kind {
		case "static_select", "multi_static_select", "radio_buttons", "checkboxes":
			e["options"] = options
		case "number_input":
			e["is_decimal_allowed"] = false
		}
		blocks = append(blocks, object{"type": "input", "block_id": kind, "label": object{"type": "plain_text", "text": "L " + kind}, "element": e})
	}
	view := viewOf("All")
	view["blocks"] = blocks
	if o := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": view}); o["ok"] != true {
		t.Fatalf("refused: %v", o)
	}
	_, body := get(t, w, "/sandbox/part/modal?user=U_ANA")
	for kind, want := range kinds {
		_, part, found := strings.Cut(body, "L "+kind)
		if part, _, _ = strings.Cut(part, "b-input"); !found || !strings.Contains(part, want) || !strings.Contains(part, `data-type="`+kind+`"`) {
			t.Errorf("%s has no %s: %s", kind, want, part)
		}
	}
}

// TestPage_sees: ephemeral messages are one person's, DMs too.
func TestPage_sees(t *testing.T) {
	w := mustNew(t, Options{})
	callAPI(w, "chat.postEphemeral", object{"channel": "C_FACTORS", "user": "U_ANA", "text": "for your eyes"})
	callAPI(w, "chat.postMessage", object{"channel": "U_ANA", "text": "in a DM"})
	for path, want := range map[string]string{
		"/?user=U_ANA":                       "for your eyes",
		"/?user=U_ANA&channel=D_ANA":         "in a DM",
		"/?user=U_REQUESTER&channel=D_ANA":   "",
		"/?user=U_REQUESTER":                 "",
		"/?user=U_REQUESTER&channel=C_LEADS": "",
	} {
		_, body := get(t, w, path)
		for _, text := range []string{"for your eyes", "in a DM"} {
			if strings.Contains(body, text) != (text == want) {
				t.Errorf("%s: %q seen: %v", path, text, text != want)
			}
		}
	}
}

// TestPage_badges: what only a colored dot or a number shows is also said.
func TestPage_badges(t *testing.T) {
	w := mustNew(t, Options{})
	for _, text := range []string{"one", "two"} {
		callAPI(w, "chat.postMessage", object{"channel": "U_ANA", "text": text})
	}
	_, body := get(t, w, "/sandbox/part/sidebar?user=U_ANA")
	if want := `<span class="count">2<span class="vh"> unread</span></span>`; !strings.Contains(body, want) {
		t.Errorf("the sidebar lacks %s", want)
	}
	_, body = get(t, w, "/sandbox/part/sidebar?user=U_REQUESTER")
	_, ana, _ := strings.Cut(body, `id="pick-U_ANA"`)
	ana, _, _ = strings.Cut(ana, "</a>")
	if !containsAll(ana, "Ana Lima", `<span class="vh">, has news</span>`) {
		t.Errorf("the face of who has news says %s", ana)
	}
}

func BenchmarkPage(b *testing.B) {
	w := mustNew(b, Options{Org: newMade(10000)})
	w.settings.NoLimits = true
	for i := range 1000 {
		callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x", "blocks": []any{
			object{"type": "section", "text": object{"type": "mrkdwn", "text": fmt.Sprintf("*message* %d with `code`", i)}}}})
	}
	for _, part := range []string{"conversation", "org", "sidebar"} {
		b.Run(part, func(b *testing.B) {
			for b.Loop() {
				if _, body := get(b, w, "/sandbox/part/"+part); len(body) < 100 {
					b.Fatal(body)
				}
			}
		})
	}
}

func containsAll(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
