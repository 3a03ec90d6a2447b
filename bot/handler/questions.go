package handler

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
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

// questions are kept in the record, so that an answer counts after a restart.
type questions struct {
	values Values
	now    func() time.Time
	mu     *sync.Mutex
}

// asked returns the questions that are open.
func (h *Handler) asked() *questions {
	return &questions{values: h.Values, now: h.Now, mu: &h.asking}
}

// ask remembers a question; another one about the same file replaces it.
func (q *questions) ask(ctx context.Context, one question) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	all, err := q.read(ctx)
	if err != nil {
		return err
	}
	one.Asked = q.now()
	all = append(slices.DeleteFunc(all, func(o question) bool { return o.Upload == one.Upload }), one)
	slices.SortStableFunc(all, func(a, b question) int { return cmp.Compare(a.Asked.UnixNano(), b.Asked.UnixNano()) })
	value, err := json.Marshal(all[max(0, len(all)-mostQuestions):])
	if err != nil {
		return fmt.Errorf("remember a question: %w", err)
	}
	return q.values.PutValue(ctx, questionsKey, value)
}

// about returns the question about a file; ok is false if there is none that is still open.
func (q *questions) about(ctx context.Context, upload string) (one question, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all, err := q.read(ctx)
	if err != nil {
		return question{}, false, err
	}
	i := slices.IndexFunc(all, func(o question) bool { return o.Upload == upload })
	if i < 0 {
		return question{}, false, nil
	}
	return all[i], true, nil
}

// read returns the questions that are not too old.
func (q *questions) read(ctx context.Context) ([]question, error) {
	raw, err := q.values.Value(ctx, questionsKey)
	if err != nil {
		return nil, fmt.Errorf("read the open questions: %w", err)
	}
	var all []question
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &all); err != nil {
			return nil, fmt.Errorf("read the open questions: %w", err)
		}
	}
	return slices.DeleteFunc(all, func(o question) bool { return q.now().Sub(o.Asked) > questionTime }), nil
}
