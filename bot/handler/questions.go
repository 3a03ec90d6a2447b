package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"factorbot/bot/reset"
)

const (
	// questionTime is how long the uploader may take to answer.
	questionTime = 24 * time.Hour
	// mostQuestions is how many questions are kept; the oldest are dropped.
	mostQuestions = 100
	// questionsKey is the name of their value.
	questionsKey = "upload-questions"
)

// question is what is remembered of a file while its sender is asked about it.
type question struct {
	Upload string       `json:"upload"` // what names the file in buttons: "CHANNEL:TS:FILE"
	Key    string       `json:"key"`    // of the envelope that the request will be of
	By     reset.Person `json:"by"`
	Team   string       `json:"team,omitempty"`
	Asked  time.Time    `json:"asked"`
	File   string       `json:"file"`
	With   fileAsk      `json:"with"`
	SHA256 reset.Digest `json:"sha256,omitempty"` // of the bytes that the question was about; "" before they are read
}

// remember keeps a question in the record, so that its answer counts after a restart;
// another one about the same file replaces it.
func (h *Handler) remember(ctx context.Context, one question) error {
	h.asking.Lock()
	defer h.asking.Unlock()
	all, err := h.questions(ctx)
	if err != nil {
		return err
	}
	one.Asked = h.Now()
	all = append(slices.DeleteFunc(all, func(o question) bool { return o.Upload == one.Upload }), one)
	slices.SortStableFunc(all, func(a, b question) int { return a.Asked.Compare(b.Asked) })
	value, err := json.Marshal(all[max(0, len(all)-mostQuestions):])
	if err != nil {
		return fmt.Errorf("remember a question: %w", err)
	}
	return h.Values.PutValue(ctx, questionsKey, value)
}

// questionAbout returns the question about a file; ok is false if there is none that is still open.
func (h *Handler) questionAbout(ctx context.Context, upload string) (one question, ok bool, err error) {
	h.asking.Lock()
	defer h.asking.Unlock()
	all, err := h.questions(ctx)
	if err != nil {
		return question{}, false, err
	}
	i := slices.IndexFunc(all, func(o question) bool { return o.Upload == upload })
	if i < 0 {
		return question{}, false, nil
	}
	return all[i], true, nil
}

// questions returns the questions that are not too old.
func (h *Handler) questions(ctx context.Context) ([]question, error) {
	raw, err := h.Values.Value(ctx, questionsKey)
	if err != nil {
		return nil, fmt.Errorf("read the open questions: %w", err)
	}
	var all []question
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &all); err != nil {
			return nil, fmt.Errorf("read the open questions: %w", err)
		}
	}
	return slices.DeleteFunc(all, func(o question) bool { return h.Now().Sub(o.Asked) > questionTime }), nil
}
