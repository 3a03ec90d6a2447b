package slacksim

import (
	"reflect"
	"testing"
)

// answering has the app acknowledge the next frame with payload while do runs,
// and returns the frame's payload.
func answering(t *testing.T, a *app, payload any, do func()) object {
	t.Helper()
	heard := make(chan object, 1)
	go func() {
		f := <-a.frames
		a.ack(f, payload)
		heard <- f
	}()
	do()
	f := <-heard
	return f["payload"].(object)
}

func oneElement(e object) []any {
	return []any{object{"type": "actions", "block_id": "b", "elements": []any{e}}}
}

// TestClick_values: what each kind of element sends.
func TestClick_values(t *testing.T) {
	option := object{"text": object{"type": "plain_text", "text": "One"}, "value": "1"}
	options := []any{option}
	for kind, tc := range map[string]struct {
		extra object
		value any
		key   string
		want  any
	}{
		"static_select":        {object{"options": options}, "1", "selected_option", option},
		"multi_static_select":  {object{"options": options}, []any{"1"}, "selected_options", options},
		"overflow":             {object{"options": options}, "1", "selected_option", option},
		"checkboxes":           {object{"options": options}, []any{"1"}, "selected_options", options},
		"radio_buttons":        {object{"options": options}, "1", "selected_option", option},
		"users_select":         {nil, "U_ANA", "selected_user", "U_ANA"},
		"multi_users_select":   {nil, []any{"U_ANA"}, "selected_users", []any{"U_ANA"}},
		"channels_select":      {nil, "C_GENERAL", "selected_channel", "C_GENERAL"},
		"conversations_select": {nil, "C_GENERAL", "selected_conversation", "C_GENERAL"},
		"datepicker":           {nil, "2026-05-04", "selected_date", "2026-05-04"},
		"timepicker":           {nil, "07:00", "selected_time", "07:00"},
		"datetimepicker":       {nil, "1700000000", "selected_date_time", 1700000000.0},
	} {
		t.Run(kind, func(t *testing.T) {
			inBubble(t, Options{Events: []string{"user_change"}}, func(t *testing.T, w *Workspace, open func() *app) {
				a := open()
				<-a.frames
				e := object{"type": kind, "action_id": "x"}
				for k, v := range tc.extra {
					e[k] = v
				}
				o := callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x", "blocks": oneElement(e)})
				if kind == "multi_static_select" || kind == "multi_users_select" { // sections only
					o = callAPI(w, "chat.postMessage", object{"channel": "C_FACTORS", "text": "x", "blocks": []any{object{
						"type": "section", "block_id": "b", "text": object{"type": "mrkdwn", "text": "x"}, "accessory": e}}})
				}
				ts, _ := o["ts"].(string)
				payload := answering(t, a, nil, func() {
					if r, err := w.Click(t.Context(), Click{User: "U_ANA", Channel: "C_FACTORS", Message: ts, ActionID: "x", Value: tc.value}); err != nil || !r.OK {
						t.Errorf("click: %+v, %v (%v)", r, err, o)
					}
				})
				action := payload["actions"].([]any)[0].(object)
				if !reflect.DeepEqual(action[tc.key], tc.want) || action["type"] != kind || action["block_id"] != "b" {
					t.Errorf("action %v", action)
				}
			})
		})
	}
}

// TestClick_view: a button in a modal brings what the other inputs hold.
func TestClick_view(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		<-a.frames
		v := viewOf("A")
		v["blocks"] = append(v["blocks"].([]any), oneElement(object{"type": "button", "action_id": "more", "value": "2", "text": object{"type": "plain_text", "text": "More"}})...)
		v["blocks"].([]any)[1].(object)["block_id"] = "c"
		id, _ := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": v})["view"].(object)["id"].(string)
		payload := answering(t, a, nil, func() {
			_, err := w.Click(t.Context(), Click{User: "U_ANA", View: id, ActionID: "more", Values: object{"b": object{"a": "typed"}}})
			if err != nil {
				t.Error(err)
			}
		})
		state := payload["view"].(object)["state"].(object)["values"].(object)
		if got := state["b"].(object)["a"].(object)["value"]; got != "typed" || payload["container"].(object)["view_id"] != id || payload["response_url"] != nil {
			t.Errorf("payload %v", payload)
		}
		if _, err := w.Click(t.Context(), Click{User: "U_REQUESTER", View: id, ActionID: "more"}); err == nil {
			t.Error("somebody else's modal")
		}
	})
}

// TestHook_original: what a click's response URL can do to the message.
func TestHook_original(t *testing.T) {
	for name, ephemeral := range map[string]bool{"message": false, "ephemeral": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Events: []string{"user_change"}}, func(t *testing.T, w *Workspace, open func() *app) {
				a := open()
				<-a.frames
				post := object{"channel": "C_FACTORS", "user": "U_ANA", "text": "x", "blocks": oneElement(object{"type": "button", "action_id": "go", "text": object{"type": "plain_text", "text": "Go"}})}
				ts, _ := callAPI(w, map[bool]string{true: "chat.postEphemeral", false: "chat.postMessage"}[ephemeral], post)["message_ts"].(string)
				if !ephemeral {
					ts = w.conversation["C_FACTORS"].messages[0].TS
				}
				payload := answering(t, a, nil, func() {
					_, _ = w.Click(t.Context(), Click{User: "U_ANA", Channel: "C_FACTORS", Message: ts, ActionID: "go"})
				})
				if (payload["message"] == nil) != ephemeral || payload["container"].(object)["is_ephemeral"] != ephemeral {
					t.Errorf("payload %v", payload)
				}
				path := payload["response_url"].(string)[len("http://127.0.0.1:8025"):]
				for _, step := range []struct{ body, want string }{
					{`{"replace_original":true,"text":"replaced"}`, "replaced"},
					{`{"delete_original":true}`, ""},
				} {
					if _, o := send(w, "POST", path, nil, step.body); o["ok"] != true {
						t.Fatalf("%s: %v", step.body, o)
					}
					got := ""
					if m, _ := w.Messages("C_FACTORS", "U_ANA"); len(m) > 0 {
						got = m[0].Text
					}
					if got != step.want {
						t.Errorf("%s: the message says %q", step.body, got)
					}
				}
				if _, o := send(w, "POST", path, nil, `{"response_type":"in_channel","text":"for all"}`); o["ok"] != true {
					t.Errorf("in_channel: %v", o)
				}
				if m, _ := w.Messages("C_FACTORS", ""); len(m) != 1 || m[0].Text != "for all" {
					t.Errorf("in the channel: %+v", m)
				}
			})
		})
	}
}

// TestClose_views: the app hears of closed views as they ask for it.
func TestClose_views(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		<-a.frames
		first, second := viewOf("A"), viewOf("B")
		first["notify_on_close"], second["notify_on_close"], second["clear_on_close"] = true, true, true
		callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": first})
		top := callAPI(w, "views.push", object{"trigger_id": trigger(w, "U_ANA"), "view": second})["view"].(object)
		if err := w.CloseView("U_ANA", top["id"].(string)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			f := <-a.frames
			a.ack(f, nil)
			if p := f["payload"].(object); p["type"] != "view_closed" || p["is_cleared"] != true {
				t.Errorf("heard %v", p)
			}
		}
		if w.top("U_ANA") != nil {
			t.Error("a modal is left")
		}
	})
}

// TestSuggest: an external_select offers what the app answers.
func TestSuggest(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		a := open()
		<-a.frames
		v := viewOf("A")
		v["blocks"].([]any)[0].(object)["element"] = object{"type": "external_select", "action_id": "a", "min_query_length": 1}
		id, _ := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": v})["view"].(object)["id"].(string)
		option := object{"text": object{"type": "plain_text", "text": "Contractors"}, "value": "00g1"}
		payload := answering(t, a, object{"options": []any{option}}, func() {
			o, err := w.Suggest(t.Context(), Click{User: "U_ANA", View: id, ActionID: "a", Value: "con"})
			if err != nil || !reflect.DeepEqual(o["options"], []any{option}) {
				t.Errorf("offered %v, %v", o, err)
			}
		})
		if payload["type"] != "block_suggestion" || payload["value"] != "con" || payload["action_id"] != "a" || payload["block_id"] != "b" {
			t.Errorf("payload %v", payload)
		}
		payload = answering(t, a, nil, func() {
			if r, err := w.Submit(t.Context(), "U_ANA", id, object{"b": object{"a": object{"type": "external_select", "selected_option": option}}}); err != nil || !r.OK {
				t.Errorf("submit: %+v, %v", r, err)
			}
		})
		got := payload["view"].(object)["state"].(object)["values"].(object)["b"].(object)["a"].(object)["selected_option"]
		if !reflect.DeepEqual(got, option) {
			t.Errorf("submitted %v", got)
		}
	})
}

// TestHome: the home tab is what the app publishes when it is opened.
func TestHome(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, w *Workspace, open func() *app) {
		if v, err := w.OpenHome(t.Context(), "U_ANA"); err != nil || v != nil {
			t.Errorf("without an app: %v, %v", v, err)
		}
		a := open()
		<-a.frames
		for f := range a.frames { // the first opening is told again
			a.ack(f, nil)
			break
		}
		go func() {
			f := <-a.frames
			a.ack(f, nil)
			user := f["payload"].(object)["event"].(object)["user"]
			callAPI(w, "views.publish", object{"user_id": user, "view": object{"type": "home", "blocks": []any{object{"type": "header", "text": object{"type": "plain_text", "text": "Requests"}}}}})
		}()
		v, err := w.OpenHome(t.Context(), "U_ANA")
		if err != nil || v["type"] != "home" {
			t.Fatalf("opened %v, %v", v, err)
		}
		if _, body := get(t, w, "/?user=U_ANA&channel=home"); !containsAll(body, "Requests", `data-view="`+v["id"].(string)+`"`) {
			t.Error("the page does not show it")
		}
	})
}
