package slacksim

import (
	"testing"
	"time"
)

// trigger makes a trigger ID as a click of a person would.
func trigger(w *Workspace, user string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.interact(user, "").trigger
}

func viewOf(title string) object {
	return object{
		"type": "modal", "title": object{"type": "plain_text", "text": title}, "submit": object{"type": "plain_text", "text": "Go"},
		"blocks": []any{object{
			"type": "input", "block_id": "b", "label": object{"type": "plain_text", "text": "L"},
			"element": object{"type": "plain_text_input", "action_id": "a", "initial_value": "start"},
		}},
	}
}

func TestTrigger(t *testing.T) {
	w := mustNew(t, Options{})
	id := trigger(w, "U_ANA")
	open := func() any { return callAPI(w, "views.open", object{"trigger_id": id, "view": viewOf("A")})["error"] }
	if got := open(); got != nil {
		t.Fatalf("first: %v", got)
	}
	if got := open(); got != "exchanged_trigger_id" {
		t.Errorf("second: %v", got)
	}
	id = trigger(w, "U_ANA")
	w.mu.Lock()
	w.interactions[id].issued = time.Now().Add(-usualPatience - time.Millisecond)
	w.mu.Unlock()
	if got := open(); got != "expired_trigger_id" {
		t.Errorf("late: %v", got)
	}
}

func TestViews_stack(t *testing.T) {
	w := mustNew(t, Options{})
	if o := callAPI(w, "views.push", object{"trigger_id": trigger(w, "U_ANA"), "view": viewOf("A")}); o["error"] != "not_found" {
		t.Errorf("push on nothing: %v", o)
	}
	first := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": viewOf("A")})["view"].(object)
	var last object
	for _, title := range []string{"B", "C"} {
		last = callAPI(w, "views.push", object{"trigger_id": trigger(w, "U_ANA"), "view": viewOf(title)})["view"].(object)
	}
	if last["root_view_id"] != first["id"] || last["previous_view_id"] == nil {
		t.Errorf("the third: %v", last)
	}
	if o := callAPI(w, "views.push", object{"trigger_id": trigger(w, "U_ANA"), "view": viewOf("D")}); o["error"] != "push_limit_reached" {
		t.Errorf("the fourth: %v", o)
	}
	if err := w.CloseView("U_ANA", last["id"].(string)); err != nil {
		t.Fatal(err)
	}
	if o := callAPI(w, "views.update", object{"view_id": last["id"], "view": viewOf("E")}); o["error"] != "not_found" {
		t.Errorf("update of a closed view: %v", o)
	}
}

// TestViews_update: hash guards, typed text survives where the input stays.
func TestViews_update(t *testing.T) {
	w := mustNew(t, Options{})
	v := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": viewOf("A")})["view"].(object)
	id, _ := v["id"].(string)
	w.mu.Lock()
	w.enter(w.views[id], object{"b": object{"a": "typed"}})
	w.mu.Unlock()
	o := callAPI(w, "views.update", object{"view_id": id, "hash": v["hash"], "view": viewOf("B")})
	value := o["view"].(object)["state"].(object)["values"].(object)["b"].(object)["a"].(object)["value"]
	if value != "typed" {
		t.Errorf("value %v", value)
	}
	if o := callAPI(w, "views.update", object{"view_id": id, "hash": v["hash"], "view": viewOf("C")}); o["error"] != "hash_conflict" {
		t.Errorf("old hash: %v", o)
	}
	other := viewOf("D")
	other["blocks"].([]any)[0].(object)["block_id"] = "c"
	o = callAPI(w, "views.update", object{"view_id": id, "view": other})
	value = o["view"].(object)["state"].(object)["values"].(object)["c"].(object)["a"].(object)["value"]
	if value != "start" {
		t.Errorf("value of another input %v", value)
	}
}

func TestViews_externalID(t *testing.T) {
	w := mustNew(t, Options{})
	named := viewOf("A")
	named["external_id"] = "one"
	callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": named})
	if o := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_APPROVER1"), "view": named}); o["error"] != "duplicate_external_id" {
		t.Errorf("twice: %v", o)
	}
	if o := callAPI(w, "views.update", object{"external_id": "one", "view": named}); o["ok"] != true {
		t.Errorf("update by external ID: %v", o)
	}
}

func TestViews_home(t *testing.T) {
	w := mustNew(t, Options{})
	home := object{"type": "home", "blocks": []any{object{"type": "divider"}}}
	o := callAPI(w, "views.publish", object{"user_id": "U_ANA", "view": home})
	if o["ok"] != true || o["view"].(object)["type"] != "home" {
		t.Fatalf("publish: %v", o)
	}
	if o := callAPI(w, "views.publish", object{"user_id": "U_ANA", "hash": "1.x", "view": home}); o["error"] != "hash_conflict" {
		t.Errorf("old hash: %v", o)
	}
	w.settings.HomeTab = false
	if o := callAPI(w, "views.publish", object{"user_id": "U_ANA", "view": home}); o["error"] != "not_enabled" {
		t.Errorf("home tab off: %v", o)
	}
}

// TestSubmit_answers: what each response_action makes of the modal.
func TestSubmit_answers(t *testing.T) {
	for name, tc := range map[string]struct {
		ack    string
		ok     bool
		errors int
		title  string // of the view that is seen then; empty: none
	}{
		"nothing":          {`{}`, true, 0, ""},
		"clear":            {`{"response_action":"clear"}`, true, 0, ""},
		"update":           {`{"response_action":"update","view":{"type":"modal","title":{"type":"plain_text","text":"New"},"blocks":[]}}`, true, 0, "New"},
		"push":             {`{"response_action":"push","view":{"type":"modal","title":{"type":"plain_text","text":"Top"},"blocks":[]}}`, true, 0, "Top"},
		"errors":           {`{"response_action":"errors","errors":{"b":"No."}}`, false, 1, "A"},
		"errors elsewhere": {`{"response_action":"errors","errors":{"nowhere":"No."}}`, false, 0, "A"},
		"bad view":         {`{"response_action":"update","view":{"type":"modal"}}`, false, 0, "A"},
		"unknown":          {`{"response_action":"dance"}`, false, 0, "A"},
	} {
		t.Run(name, func(t *testing.T) {
			w := mustNew(t, Options{})
			v := callAPI(w, "views.open", object{"trigger_id": trigger(w, "U_ANA"), "view": viewOf("A")})["view"].(object)
			r := w.submitted(w.views[v["id"].(string)], []byte(tc.ack))
			title := ""
			if r.View != nil {
				title = r.View["title"].(object)["text"].(string)
			}
			if r.OK != tc.ok || len(r.Errors) != tc.errors || title != tc.title {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestHook_uses(t *testing.T) {
	w := mustNew(t, Options{})
	w.mu.Lock()
	in := w.interact("U_ANA", "C_FACTORS")
	url := w.newHook("commands", in, nil)
	w.mu.Unlock()
	path := url[len("http://127.0.0.1:8025"):]
	for i := range hookUses + 1 {
		answer, o := send(w, "POST", path, map[string]string{"Content-Type": asJSON}, `{"text":"x"}`)
		if over := i == hookUses; (answer.StatusCode == 404) != over || (o["error"] == "used_url") != over {
			t.Errorf("use %d: %d %v", i, answer.StatusCode, o)
		}
	}
	if mine, _ := w.Messages("C_FACTORS", "U_ANA"); len(mine) != hookUses || !mine[0].Ephemeral {
		t.Errorf("%d messages", len(mine))
	}
	if others, _ := w.Messages("C_FACTORS", "U_APPROVER1"); len(others) != 0 {
		t.Errorf("others see %d", len(others))
	}
	w.Reload("U_ANA")
	if mine, _ := w.Messages("C_FACTORS", "U_ANA"); len(mine) != 0 {
		t.Errorf("%d messages after the reload", len(mine))
	}
	for _, h := range w.hooks {
		h.uses, h.issued = 0, time.Now().Add(-hookLives-time.Second)
	}
	if _, o := send(w, "POST", path, nil, `{"text":"x"}`); o["error"] != "expired_url" {
		t.Errorf("after half an hour: %v", o)
	}
}
