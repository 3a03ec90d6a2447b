package slackapi_test

import (
	"encoding/json"
	"testing"

	"github.com/slack-go/slack"

	"factorbot/bot/slackapi"
)

const historyMessage = `{"type":"message","user":"U1","text":"lost phones","ts":"1777896000.000100","upload":true,"display_as_bot":false,
	"files":[{"id":"F1","name":"list.csv","mode":"hosted","size":9,"url_private":"https://files.slack.com/a"}]}`

func TestHistory_messageWithFilesHasNoSubtype(t *testing.T) {
	for name, tt := range map[string]struct {
		change string // JSON that is merged into the message
		want   bool
	}{
		"as recorded":         {`{}`, true},
		"as an event has it":  {`{"subtype":"file_share"}`, true},
		"a bot's":             {`{"bot_id":"B1"}`, false},
		"in a thread":         {`{"thread_ts":"1777890000.000100"}`, false},
		"broadcast":           {`{"thread_ts":"1777890000.000100","subtype":"thread_broadcast"}`, false},
		"the thread's parent": {`{"thread_ts":"1777896000.000100"}`, true},
		"an edit":             {`{"subtype":"message_changed"}`, false},
		"of nobody":           {`{"user":""}`, false},
		"without files":       {`{"files":[]}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var m slack.Message
			for _, text := range []string{historyMessage, tt.change} {
				if err := json.Unmarshal([]byte(text), &m); err != nil {
					t.Fatal(err)
				}
			}
			up := slackapi.Message("C1", m).Upload()
			if (up != nil) != tt.want {
				t.Fatalf("got %+v", up)
			}
			if up != nil && (up.Key != "message:C1:1777896000.000100" || up.Files[0].ID != "F1") {
				t.Errorf("key %q, files %+v", up.Key, up.Files)
			}
		})
	}
}
