package handler

import (
	"context"
	"fmt"
	"testing"
	"time"
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
