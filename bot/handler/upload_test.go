package handler

import (
	"context"
	"fmt"
	"testing"
	"time"

	"factorbot/bot/event"
	"factorbot/bot/reset"
)

// valuesInMemory keeps values in memory.
type valuesInMemory map[string][]byte

func (v valuesInMemory) PutValue(_ context.Context, name string, value []byte) error {
	v[name] = value
	return nil
}

func (v valuesInMemory) Value(_ context.Context, name string) ([]byte, error) { return v[name], nil }

// Questions are few and young, however many are asked.
func TestQuestions(t *testing.T) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	h := &Handler{Values: valuesInMemory{}, Now: func() time.Time { return now }}
	for i := range mostQuestions + 5 {
		if err := h.remember(t.Context(), question{Upload: fmt.Sprint(i), By: "U1"}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	known := func(upload string) bool {
		_, ok, err := h.questionAbout(t.Context(), upload)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if known("4") || !known("5") {
		t.Error("not the newest questions are kept")
	}
	now = now.Add(questionTime)
	if known("104") {
		t.Error("a question outlives its time")
	}
}

// Files that were deleted, and those of the bot itself, are none to take up.
func TestUpload_presentFiles(t *testing.T) {
	h := &Handler{Channels: func() []reset.Channel { return []reset.Channel{"C_FACTORS"} }}
	list, deleted := event.File{ID: "F1", Name: "list.csv"}, event.File{ID: "F2", Name: "list.csv", Mode: modeDeleted}
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
		if h.Takes(e) != c.want || c.want && len(present(e)) != 1 {
			t.Errorf("%s: taken up: %v, present %v", name, h.Takes(e), present(e))
		}
	}
}
