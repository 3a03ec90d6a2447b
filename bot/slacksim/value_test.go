package slacksim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// everyInput is a modal with an input of every kind, its block_id the kind.
func everyInput() object {
	plain := func(s string) object { return object{"type": "plain_text", "text": s} }
	options := []any{
		object{"text": plain("Text message"), "value": "sms"},
		object{"text": plain("Phone call"), "value": "call", "description": plain("Landlines too")},
		object{"text": plain("Okta Verify"), "value": "push"},
	}
	var blocks []any
	for _, kind := range []string{
		"plain_text_input", "number_input", "email_text_input", "url_text_input", "static_select", "multi_static_select",
		"external_select", "multi_external_select", "users_select", "multi_users_select", "channels_select",
		"checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker", "file_input",
	} {
		e := object{"type": kind, "action_id": "a"}
		switch kind {
		case "number_input":
			e["is_decimal_allowed"], e["min_value"], e["max_value"] = false, "1", "500"
		case "static_select", "multi_static_select", "checkboxes", "radio_buttons":
			e["options"] = options
		case "external_select", "multi_external_select":
			e["min_query_length"] = 1
		case "multi_users_select":
			e["max_selected_items"] = 2
		case "file_input":
			e["filetypes"], e["max_files"] = []any{"csv"}, 1
		}
		blocks = append(blocks, object{
			"type": "input", "block_id": kind, "optional": true, "label": plain(strings.ReplaceAll(kind, "_", " ")), "element": e,
		})
	}
	return object{"type": "modal", "callback_id": "every", "title": plain("Every input"), "submit": plain("Send"), "blocks": blocks}
}

// sandbox posts to /sandbox/ and returns the answer.
func sandbox(tb testing.TB, w http.Handler, path string, body any) object {
	tb.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		tb.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://127.0.0.1:8025/sandbox/"+path, strings.NewReader(string(raw)))
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	answer := object{}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		tb.Fatalf("%s: %s", path, rec.Body)
	}
	return answer
}

// TestSubmit_everyInput fills in every kind of input, as state.values has it or
// with bare values, and reads what slack-go makes of the submission.
func TestSubmit_everyInput(t *testing.T) {
	option := func(value string) object {
		return object{"text": object{"type": "plain_text", "text": value}, "value": value}
	}
	entered := map[string]object{
		"full": {
			"plain_text_input":      object{"type": "plain_text_input", "value": "two\nlines"},
			"number_input":          object{"type": "number_input", "value": "42"},
			"email_text_input":      object{"type": "email_text_input", "value": "ana@example.com"},
			"url_text_input":        object{"type": "url_text_input", "value": "https://example.com/x"},
			"static_select":         object{"type": "static_select", "selected_option": option("sms")},
			"multi_static_select":   object{"type": "multi_static_select", "selected_options": []any{option("sms"), option("push")}},
			"external_select":       object{"type": "external_select", "selected_option": option("00g1")},
			"multi_external_select": object{"type": "multi_external_select", "selected_options": []any{option("00g1"), option("00g2")}},
			"users_select":          object{"type": "users_select", "selected_user": "U_ANA"},
			"multi_users_select":    object{"type": "multi_users_select", "selected_users": []any{"U_ANA", "U_GUEST"}},
			"channels_select":       object{"type": "channels_select", "selected_channel": "C_FACTORS"},
			"checkboxes":            object{"type": "checkboxes", "selected_options": []any{option("call")}},
			"radio_buttons":         object{"type": "radio_buttons", "selected_option": option("push")},
			"datepicker":            object{"type": "datepicker", "selected_date": "2026-11-30"},
			"timepicker":            object{"type": "timepicker", "selected_time": "07:00"},
			"datetimepicker":        object{"type": "datetimepicker", "selected_date_time": 1795000000},
			"file_input":            object{"type": "file_input", "files": []any{object{"name": "roster.csv", "content": "id\n00u1\n"}}},
		},
		"bare": {
			"plain_text_input": "two\nlines", "number_input": 42, "email_text_input": "ana@example.com",
			"url_text_input": "https://example.com/x", "static_select": "sms", "multi_static_select": []any{"sms", "push"},
			"external_select": "00g1", "multi_external_select": []any{"00g1", "00g2"}, "users_select": "U_ANA",
			"multi_users_select": []any{"U_ANA", "U_GUEST"}, "channels_select": "C_FACTORS", "checkboxes": []any{"call"},
			"radio_buttons": "push", "datepicker": "2026-11-30", "timepicker": "07:00", "datetimepicker": "1795000000",
			"file_input": []any{object{"name": "roster.csv", "content": "id\n00u1\n"}},
		},
	}
	for name, values := range entered {
		t.Run(name, func(t *testing.T) {
			p := mustServe(t, Options{})
			got := make(chan slack.InteractionCallback, 1)
			p.mustConnect(t, func(c *socketmode.Client, e socketmode.Event) {
				_ = c.Ack(*e.Request)
				if callback, ok := e.Data.(slack.InteractionCallback); ok {
					got <- callback
				}
			})
			view := callAPI(p.Workspace, "views.open", object{"trigger_id": trigger(p.Workspace, "U_ANA"), "view": everyInput()})["view"].(object)
			state := object{}
			for block, v := range values {
				state[block] = object{"a": v}
			}
			if o := sandbox(t, p.Workspace, "view", object{"user": "U_ANA", "view_id": view["id"], "values": state}); o["ok"] != true {
				t.Fatalf("refused: %v", o)
			}
			checkEvery(t, p, (<-got).View.State.Values)
		})
	}
}

func checkEvery(t *testing.T, p *place, values map[string]map[string]slack.BlockAction) {
	t.Helper()
	for block, want := range map[string]func(slack.BlockAction) bool{
		"plain_text_input": func(a slack.BlockAction) bool { return a.Value == "two\nlines" },
		"number_input":     func(a slack.BlockAction) bool { return a.Value == "42" },
		"email_text_input": func(a slack.BlockAction) bool { return a.Value == "ana@example.com" },
		"url_text_input":   func(a slack.BlockAction) bool { return a.Value == "https://example.com/x" },
		"static_select":    func(a slack.BlockAction) bool { return a.SelectedOption.Value == "sms" },
		"multi_static_select": func(a slack.BlockAction) bool {
			return len(a.SelectedOptions) == 2 && a.SelectedOptions[1].Value == "push"
		},
		"external_select": func(a slack.BlockAction) bool { return a.SelectedOption.Value == "00g1" },
		"multi_external_select": func(a slack.BlockAction) bool {
			return len(a.SelectedOptions) == 2 && a.SelectedOptions[1].Value == "00g2"
		},
		"users_select":       func(a slack.BlockAction) bool { return a.SelectedUser == "U_ANA" },
		"multi_users_select": func(a slack.BlockAction) bool { return strings.Join(a.SelectedUsers, " ") == "U_ANA U_GUEST" },
		"channels_select":    func(a slack.BlockAction) bool { return a.SelectedChannel == "C_FACTORS" },
		"checkboxes": func(a slack.BlockAction) bool {
			return len(a.SelectedOptions) == 1 && a.SelectedOptions[0].Value == "call"
		},
		"radio_buttons":  func(a slack.BlockAction) bool { return a.SelectedOption.Value == "push" },
		"datepicker":     func(a slack.BlockAction) bool { return a.SelectedDate == "2026-11-30" },
		"timepicker":     func(a slack.BlockAction) bool { return a.SelectedTime == "07:00" },
		"datetimepicker": func(a slack.BlockAction) bool { return a.SelectedDateTime == 1795000000 },
		"file_input": func(a slack.BlockAction) bool {
			if len(a.Files) != 1 || a.Files[0].Name != "roster.csv" {
				return false
			}
			var content strings.Builder
			err := p.api.GetFile(a.Files[0].URLPrivateDownload, &content)
			return err == nil && content.String() == "id\n00u1\n"
		},
	} {
		if a := values[block]["a"]; !want(a) {
			t.Errorf("%s: %+v", block, a)
		}
	}
}

// TestSubmit_misfit lists what Slack's own client does not let anybody submit.
func TestSubmit_misfit(t *testing.T) {
	w := mustNew(t, Options{})
	theirs, err := w.Attach("U_GUEST", UploadedFile{"theirs.csv", []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	for block, values := range map[string][]any{
		"plain_text_input":   {strings.Repeat("é", 3001)},
		"number_input":       {"many", "0", "501", "1.5"},
		"email_text_input":   {"ana", "ana@", "Ana <ana@example.com>"},
		"url_text_input":     {"example.com", "javascript:alert(1)"},
		"multi_users_select": {[]any{"U_ANA", "U_GUEST", "U_REQUESTER"}},
		"datetimepicker":     {"tomorrow"},
		"file_input": {
			[]any{object{"name": "a.csv", "content": "x"}, object{"name": "b.csv", "content": "y"}},
			[]any{object{"name": "a.exe", "content": "x"}},
			[]any{object{"name": "a.csv", "content": strings.Repeat("x", maxInputFile+1)}},
		},
	} {
		for _, v := range values {
			view := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": everyInput()})["view"].(object)
			r, err := w.Submit(t.Context(), "U_ANA", view["id"].(string), object{block: object{"a": v}})
			if err != nil || r.OK || r.Errors[block] == "" || len(r.Errors) != 1 {
				t.Errorf("%s %.40v: %v, %v", block, v, r.Errors, err)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := w.filesOf("U_ANA", []any{theirs[0], "F404"}); len(got) != 0 {
		t.Errorf("somebody else's file was taken: %v", got)
	}
}
