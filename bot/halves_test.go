package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

// A form that another process has opened is open: its person hears nothing more.
func TestListener_form_opened_by_another_process(t *testing.T) {
	l := &listening{Listener: &Listener{Host: "one"}, overtaking: newOvertaking(), modals: newTriggerIDs(time.Now, openedLife)}
	for host, opened := range map[string]bool{"two": true, "one": false} {
		a := &event.Event{Host: host}
		if l.prepare(a, a.Task()); a.Opened != opened {
			t.Errorf("of %s it counts as opened: %v", host, a.Opened)
		}
		if m := wasOpened(a); (m.Text == "") != opened {
			t.Errorf("of %s the person hears %q", host, m.Text)
		}
	}
}

// pastInbox holds one envelope; it is another process's to finish.
type pastInbox struct {
	Inbox
	t    *testing.T
	body []byte
}

func (i pastInbox) Arrivals(ctx context.Context) iter.Seq2[Envelope, error] {
	return func(yield func(Envelope, error) bool) {
		if yield(Envelope{Key: "command", Body: i.body}, nil) {
			<-ctx.Done()
			yield(Envelope{}, ctx.Err())
		}
	}
}

func (i pastInbox) Finish(context.Context, string) error { return reset.ErrLost }

// pastDesk has lost the record to another process.
type pastDesk struct {
	Desk
	asked chan struct{}
}

func (d pastDesk) OpenCommand(context.Context, desk.Intent, roster.Command) (*reset.Request, error) {
	defer close(d.asked)
	return nil, reset.ErrLost
}

// A process that does not lead any more leaves what it was serving to the one that does,
// and tells the person nothing.
func TestListener_leaves_to_its_successor(t *testing.T) {
	body, err := json.Marshal(event.Event{Kind: event.KindCommand, By: "U_REQUESTER", Text: "ana@example.com because lost", ResponseURL: "https://hooks.slack.com/x"})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer // read when nobody writes any more
	log := slog.New(slog.NewTextHandler(&logged, nil))
	asked := make(chan struct{})
	l := &listening{
		Listener: &Listener{Inbox: pastInbox{t: t, body: body}, Handler: &EventHandler{Desk: pastDesk{asked: asked}, Log: log, Now: time.Now}, Log: log, Now: time.Now},
		workers:  newWorkers(), overtaking: newOvertaking(), triggers: newTriggerIDs(time.Now, triggerLife), modals: newTriggerIDs(time.Now, openedLife),
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- l.serve(ctx) }()
	<-asked
	l.workers.wait()
	cancel()
	<-served
	if logged.String() != "" { // an answer would have been tried, and logged
		t.Errorf("logged %s", logged.String())
	}
}

// errRecordAway says that the record cannot be reached.
var errRecordAway = errors.New("the record cannot be reached")

// servedInbox holds one envelope, and notes when it is finished.
type servedInbox struct {
	pastInbox
	finished chan struct{}
}

func (i servedInbox) Finish(context.Context, string) error {
	close(i.finished)
	return nil
}

// absentDesk cannot reach the record the first times.
type absentDesk struct {
	Desk
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
func TestListener_waits_for_the_record(t *testing.T) {
	body, err := json.Marshal(event.Event{Kind: event.KindCommand, By: "U_REQUESTER", Text: "ana@example.com because lost", ResponseURL: "https://hooks.slack.com/commands/x"})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began, d, finished, person := time.Now(), &absentDesk{times: 30}, make(chan struct{}), &told{}
		l := &listening{
			Listener: &Listener{Inbox: servedInbox{pastInbox{t: t, body: body}, finished}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Handler: &EventHandler{
				APIURL: "https://slack.com/api/", HTTP: person, Desk: d, Log: slog.New(slog.DiscardHandler), Now: time.Now,
				Away: func(err error) bool { return errors.Is(err, errRecordAway) },
			}},
			workers: newWorkers(), overtaking: newOvertaking(), triggers: newTriggerIDs(time.Now, triggerLife), modals: newTriggerIDs(time.Now, openedLife),
		}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- l.serve(ctx) }()
		<-finished
		if took := time.Since(began); d.times >= 0 || took != 30*recordAgain || person.times != 1 {
			t.Errorf("finished after %s with the record away %d times more, and told %d times", took, d.times+1, person.times)
		}
		l.workers.wait()
		cancel()
		<-served
	})
}
