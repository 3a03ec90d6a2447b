package handler_test

import (
	"testing"

	"factorbot/bot/event"
	"factorbot/bot/handler"
	"factorbot/bot/reset"
)

// Files that were deleted, and those of the bot itself, are none to take up.
func TestUpload_presentFiles(t *testing.T) {
	h := &handler.Handler{Channels: func() []reset.Channel { return []reset.Channel{"C_FACTORS"} }}
	list, deleted := event.File{ID: "F1", Name: "list.csv"}, event.File{ID: "F2", Name: "list.csv", Mode: "tombstone"}
	for name, c := range map[string]struct {
		by    reset.Person
		files []event.File
		want  bool
	}{
		"a list":               {"U_REQUESTER", []event.File{list}, true},
		"our own":              {"U_FACTORBOT", []event.File{list}, false},
		"a deleted one":        {"U_REQUESTER", []event.File{deleted}, false},
		"one beside a deleted": {"U_REQUESTER", []event.File{deleted, list}, true},
	} {
		e := &event.Event{Bot: event.Bot{User: "U_FACTORBOT"}, Channel: "C_FACTORS", By: c.by, Text: "lost phones", Files: c.files}
		if h.Takes(e) != c.want {
			t.Errorf("%s: taken up: %v", name, !c.want)
		}
	}
}
