package handler

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/view"
)

func TestWords(t *testing.T) {
	var logged strings.Builder
	h := &Handler{Log: slog.New(slog.NewTextHandler(&logged, nil)), Deciders: func() view.Helpers { return view.Helpers{} }}
	e := &event.Event{Kind: event.KindClick, Key: "click:1", By: "U_APPROVER1"}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&desk.Refusal{Code: "x", Words: "Ask <@U1> & co."}, "Ask &lt;@U1&gt; &amp; co."},
		{fmt.Errorf("open: %w", &roster.Error{Code: "empty", Words: "The file is empty."}), "The file is empty."},
		{fmt.Errorf("update: %w", &reset.TransitionError{ID: "FR-1", Move: reset.MoveApprove, Found: reset.Denied, By: "U_APPROVER2"}), "FR-1 is already denied (by <@U_APPROVER2>)"},
		{fmt.Errorf("update: %w", reset.ErrOtherPlan), "plan has changed"},
		{reset.ErrExpired, "has expired"},
		{reset.ErrAlreadyCounted, "already counts"},
		{reset.ErrOwnRequest, "can't approve your own request"},
		{reset.ErrNotTheirs, "Only another approver"},
		{reset.ErrFrozen, "frozen"},
		{reset.ErrNotFound, "no such request"},
		{desk.ErrStale, "press again"},
		{fmt.Errorf("ask: %w", &desk.AwayError{Service: "Okta", Err: io.EOF}), "Okta isn't answering, so nothing was done. Try again in a minute."},
		{errors.New("pq: deadlock at 0xdeadbeef"), "Something went wrong on my side (ref"},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "Something went wrong on my side (ref"},
	} {
		if got := h.errorMessage(t.Context(), e, c.err).Text; !strings.Contains(got, c.want) || strings.Contains(got, "0xdeadbeef") {
			t.Errorf("%v: %q, want %q in it", c.err, got, c.want)
		}
	}
	if !strings.Contains(logged.String(), "0xdeadbeef") {
		t.Error("the log does not tell what the reference stands for")
	}
}

func TestLacksReason(t *testing.T) {
	if !lacksReason(fmt.Errorf("ask: %w", &desk.Refusal{Code: "no_reason"})) || lacksReason(&desk.Refusal{Code: "guest"}) || lacksReason(io.EOF) {
		t.Error("a missing reason is not told from other refusals")
	}
}
