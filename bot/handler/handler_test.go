package handler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/handler"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// pastDesk has lost the record to another process.
type pastDesk struct{ handler.Desk }

func (pastDesk) OpenCommand(context.Context, desk.Intent, roster.Command) (*reset.Request, error) {
	return nil, reset.ErrLost
}

// A process that does not lead any more leaves what it was serving to the one that does,
// and tells the person nothing.
func TestHandler_leaves_to_its_successor(t *testing.T) {
	var logged bytes.Buffer
	h := &handler.Handler{Desk: pastDesk{}, Log: slog.New(slog.NewTextHandler(&logged, nil)), Now: time.Now}
	again := h.Serve(t.Context(), &event.Event{Kind: event.KindCommand, By: "U_REQUESTER", Text: "ana@example.com because lost", ResponseURL: "https://hooks.slack.com/x"})
	if again != 0 || logged.String() != "" { // an answer would have been tried, and logged
		t.Errorf("again in %s, logged %s", again, logged.String())
	}
}

// A form that another process has opened is open: its person hears nothing more.
func TestHandler_form_opened_or_not(t *testing.T) {
	for _, opened := range []bool{true, false} {
		person := &told{}
		h := &handler.Handler{APIURL: "https://slack.com/api/", HTTP: person, Log: slog.New(slog.DiscardHandler)}
		h.Serve(t.Context(), &event.Event{Kind: event.KindCommand, By: "U_REQUESTER", ResponseURL: "https://hooks.slack.com/commands/x", Opened: opened})
		if (person.times == 0) != opened {
			t.Errorf("opened %v: the person is told %d times", opened, person.times)
		}
	}
}

// errRecordAway says that the record cannot be reached.
var errRecordAway = errors.New("the record cannot be reached")

// absentDesk cannot reach the record the first times.
type absentDesk struct {
	handler.Desk
	times int
}

func (d *absentDesk) OpenCommand(context.Context, desk.Intent, roster.Command) (*reset.Request, error) {
	if d.times--; d.times >= 0 {
		return nil, fmt.Errorf("record a request: %w", errRecordAway)
	}
	return &reset.Request{ID: "FR-1"}, nil
}

// told is Slack's answer to whatever a person is told.
type told struct{ times int }

func (r *told) RoundTrip(*http.Request) (*http.Response, error) {
	r.times++
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("ok"))}, nil
}

// What was acknowledged and met a record that cannot be reached is served when it can.
func TestHandler_waits_for_the_record(t *testing.T) {
	d, person := &absentDesk{times: 30}, &told{}
	h := &handler.Handler{
		APIURL: "https://slack.com/api/", HTTP: person, Desk: d, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Away: func(err error) bool { return errors.Is(err, errRecordAway) },
	}
	e := &event.Event{Kind: event.KindCommand, By: "U_REQUESTER", Text: "ana@example.com because lost", ResponseURL: "https://hooks.slack.com/commands/x"}
	for range 30 {
		if again := h.Serve(t.Context(), e); again != time.Second || person.times != 0 {
			t.Fatalf("again in %s, told %d times", again, person.times)
		}
	}
	if again := h.Serve(t.Context(), e); again != 0 || person.times != 1 {
		t.Errorf("again in %s, told %d times", again, person.times)
	}
}
