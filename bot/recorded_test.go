package bot_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/slack-go/slack"

	"factorbot/bot/event"
	"factorbot/bot/slackapi"
)

// recordingsDir is where recordings of what Slack sent lie beside the checkout.
const recordingsDir = "../../shared/recordings/slack"

// mustRecording returns the body of a recording.
func mustRecording(t *testing.T, name string) json.RawMessage {
	t.Helper()
	if _, err := os.Stat(recordingsDir); err != nil {
		t.Skip("no recordings beside the checkout")
	}
	raw, err := os.ReadFile(filepath.Join(recordingsDir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r.Body
}

// TestRecorded_envelopes decodes every payload that Slack was seen to send.
func TestRecorded_envelopes(t *testing.T) {
	for name, c := range map[string]struct {
		kind string // of the envelope
		want string // kind of the event, "" for what is not for us
		by   string
		team string
		file string // name of the first file
	}{
		"event.message":                       {"events_api", "", "", "", ""},
		"event.message.bot":                   {"events_api", "", "", "", ""},
		"event.message.bot_message":           {"events_api", "", "", "", ""},
		"event.message.thread_broadcast":      {"events_api", "", "", "", ""},
		"event.message_changed":               {"events_api", "", "", "", ""},
		"event.message_deleted":               {"events_api", "", "", "", ""},
		"event.member_joined_channel":         {"events_api", "", "", "", ""},
		"event.shared_channel":                {"events_api", "", "", "", ""},
		"event.app_home_opened":               {"events_api", "", "", "", ""}, // of the messages tab
		"event.message.file_share":            {"events_api", event.KindUpload, "U111", "", "file.png"},
		"event.message.file_share.2":          {"events_api", event.KindUpload, "U111", "", "file.png"},
		"interactive.block_actions.java":      {"interactive", event.KindClick, "U123", "T123", ""},
		"interactive.block_actions.message":   {"interactive", event.KindClick, "W111", "T111", ""},
		"interactive.block_suggestion":        {"interactive", event.KindTyping, "W111", "T111", ""},
		"interactive.block_suggestion.java":   {"interactive", event.KindTyping, "U123", "T123", ""},
		"interactive.view_closed":             {"interactive", "", "", "", ""},
		"interactive.view_submission":         {"interactive", event.KindSubmission, "W111", "T111", ""},
		"interactive.view_submission.connect": {"interactive", event.KindSubmission, "W111", "T-other-side", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := event.Decode(c.kind, mustRecording(t, name))
			a := d.Event
			if err != nil {
				t.Fatal(err)
			}
			if a == nil {
				if c.want != "" {
					t.Errorf("passed over, want %s", c.want)
				}
				return
			}
			if a.Kind != c.want || string(a.By) != c.by || a.Team != c.team {
				t.Errorf("got %s by %s of %s, want %+v", a.Kind, a.By, a.Team, c)
			}
			if c.file != "" && (len(a.Files) != 1 || a.Files[0].Name != c.file || a.Files[0].Fetch == "" || a.Files[0].Size == 0) {
				t.Errorf("files %+v, want %s", a.Files, c.file)
			}
		})
	}
}

// TestRecorded_socket decodes the payload of whole envelopes.
func TestRecorded_socket(t *testing.T) {
	for name, want := range map[string]string{
		"socket.envelope.block_actions.message": event.KindClick,
		"socket.envelope.slash_commands":        event.KindCommand,
		"socket.envelope.events_api":            "",
		"socket.envelope.app_mention":           "",
	} {
		var e struct {
			Type    string          `json:"type"`
			Payload json.RawMessage `json:"payload"`
		}
		if err := json.Unmarshal(mustRecording(t, name), &e); err != nil {
			t.Fatal(err)
		}
		d, err := event.Decode(e.Type, e.Payload)
		a := d.Event
		if err != nil || a == nil && want != "" || a != nil && (a.Kind != want || a.By == "") {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

// TestRecorded_history takes up people's files of a recorded history, whose
// messages have no subtype, through slack-go's types.
func TestRecorded_history(t *testing.T) {
	var page slack.GetConversationHistoryResponse
	if err := json.Unmarshal(mustRecording(t, "conversations.history.files"), &page); err != nil {
		t.Fatal(err)
	}
	withFiles, taken, elsewhere := 0, 0, 0
	for _, m := range page.Messages {
		if len(m.Files) == 0 {
			continue
		}
		withFiles++
		a := slackapi.Message("C1", m).Upload()
		if a == nil {
			continue
		}
		taken++
		if a.By == "" || a.TS != m.Timestamp || a.Files[0].ID == "" {
			t.Errorf("%s: %+v", m.Timestamp, a)
		}
		if a.Files[0].Mode == "external" {
			elsewhere++
		}
	}
	if withFiles == 0 || taken != withFiles || elsewhere == 0 {
		t.Errorf("%d of %d messages with files are taken up, %d of them lie elsewhere", taken, withFiles, elsewhere)
	}
}

// TestUpload_ofAStub: a file of which the event tells only the ID is asked for.
func TestUpload_ofAStub(t *testing.T) {
	w := newWorld(t).start().listens()
	w.set(`{"slack_stub_files": true}`)
	w.upload("U_REQUESTER", "why", "list.csv", threeUsers)
	w.until("the request", func() bool {
		r, err := w.Get(t.Context(), "FR-1")
		return err == nil && r.Rows == 3 && r.Asked.Source.File == "list.csv"
	})
}
