package slacksim

import (
	"encoding/json"
	"testing"
)

// TestFiles_inMessages: what the event and the history say of a file, and what
// only files.info says.
func TestFiles_inMessages(t *testing.T) {
	w := mustNew(t, Options{})
	history := func() (m, f object) {
		t.Helper()
		got := callForm(w, "conversations.history", object{"channel": "C_FACTORS", "limit": "1"})
		m = got["messages"].([]any)[0].(object)
		return m, m["files"].([]any)[0].(object)
	}
	drop := func(elsewhere string) {
		t.Helper()
		if _, err := w.Upload(Upload{User: "U_ANA", Channel: "C_FACTORS", Elsewhere: elsewhere, Files: []UploadedFile{{"a.csv", []byte("login")}}}); err != nil {
			t.Fatal(err)
		}
	}
	drop("")
	m, f := history()
	if m["subtype"] != nil || m["team"] != nil || m["upload"] != true {
		t.Errorf("history tells more than Slack does: %v", m)
	}
	if f["shares"] != nil || f["channels"] != nil || f["name"] != "a.csv" || f["url_private_download"] == nil {
		t.Errorf("file of a message: %v", f)
	}
	info := callForm(w, "files.info", object{"file": f["id"]})["file"].(object)
	if info["shares"] == nil || info["file_access"] != "visible" {
		t.Errorf("files.info: %v", info)
	}

	drop("gdrive")
	if _, f = history(); f["mode"] != "external" || f["is_external"] != true || f["external_type"] != "gdrive" || f["url_private_download"] != nil {
		t.Errorf("file of Google Drive: %v", f)
	}

	mustSet(t, w, `{"slack_stub_files": true}`)
	if _, f = history(); f["file_access"] != "check_file_info" || f["name"] != nil || f["url_private"] != nil {
		t.Errorf("stub: %v", f)
	}
}

// TestFiles_complete: the answer has the whole file, of which nothing is known yet.
func TestFiles_complete(t *testing.T) {
	w := mustNew(t, Options{})
	start := callForm(w, "files.getUploadURLExternal", object{"filename": "a.csv", "length": "3"})
	id := start["file_id"].(string)
	send(w, "POST", "/upload/v1/"+id, nil, "abc")
	done := callForm(w, "files.completeUploadExternal", object{"channel_id": "C_FACTORS", "files": `[{"id":"` + id + `","title":"a"}]`})
	f := done["files"].([]any)[0].(object)
	if shares, ok := f["shares"].(object); !ok || len(shares) != 0 || f["mimetype"] != "" || f["name"] != "a.csv" || f["size"] != 3.0 {
		t.Errorf("completed: %v", f)
	}
}

// TestAPI_headers: who sends no token is told no scopes.
func TestAPI_headers(t *testing.T) {
	w := mustNew(t, Options{})
	for token, scopes := range map[string]bool{"": false, "Bearer xoxb-sandbox": true} {
		answer, _ := send(w, "POST", "/api/auth.test", map[string]string{"Authorization": token}, "")
		if got := answer.Header.Get("X-OAuth-Scopes") != ""; got != scopes {
			t.Errorf("token %q: scopes told %v", token, got)
		}
	}
}

// TestEnterprise: what Enterprise Grid adds to payloads and answers.
func TestEnterprise(t *testing.T) {
	w := mustNew(t, Options{People: append(Cast(), Person{ID: "W_EVE", Name: "eve", Email: "eve@example.com", Team: "T_OTHER"})})
	mustSet(t, w, `{"slack_enterprise": "E_SANDBOX", "slack_org_install": true}`)
	who := callForm(w, "auth.test", nil)
	if who["enterprise_id"] != "E_SANDBOX" || who["team_id"] != "E_SANDBOX" || who["is_enterprise_install"] != true {
		t.Errorf("auth.test: %v", who)
	}
	eve := callForm(w, "users.info", object{"user": "W_EVE"})["user"].(object)
	if eve["team_id"] != "T_OTHER" || eve["enterprise_user"].(object)["enterprise_id"] != "E_SANDBOX" {
		t.Errorf("users.info: %v", eve)
	}
	if out := callForm(w, "users.info", object{"user": "U_STRANGER"})["user"].(object); out["enterprise_user"] != nil {
		t.Errorf("somebody of another company: %v", out)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.common("block_actions", w.interact("W_EVE", "C_FACTORS"))
	if p["team"] != nil || p["enterprise"].(object)["id"] != "E_SANDBOX" || p["user"].(object)["id"] != "W_EVE" {
		t.Errorf("interaction: %v", p)
	}
}

func mustSet(t testing.TB, w *Workspace, settings string) {
	t.Helper()
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(settings), &values); err != nil {
		t.Fatal(err)
	}
	if err := w.Set(values); err != nil {
		t.Fatal(err)
	}
}
