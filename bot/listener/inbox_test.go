package listener

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/event"
	"factorbot/bot/reset"
)

// A form that another process has opened is open.
func TestListener_form_opened_by_another_process(t *testing.T) {
	l := &run{Listener: &Listener{Host: "one"}, overtaking: newOvertaking(), modals: newTriggerIDs(time.Now, openedLife)}
	for host, opened := range map[string]bool{"two": true, "one": false} {
		e := &event.Event{Host: host}
		if l.prepare(e, e.Task()); e.Opened != opened {
			t.Errorf("of %s it counts as opened: %v", host, e.Opened)
		}
	}
}

// pastInbox holds one envelope; it is another process's to finish.
type pastInbox struct {
	Inbox
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

// pastHandler tells when it is asked to serve.
type pastHandler struct {
	Handler
	asked chan struct{}
}

func (h pastHandler) Serve(context.Context, *event.Event) time.Duration {
	close(h.asked)
	return 0
}

// A process that does not lead any more leaves what it was serving to the one that does.
func TestListener_leaves_to_its_successor(t *testing.T) {
	body, err := json.Marshal(event.Event{Kind: event.KindCommand, By: "U_REQUESTER"})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer // read when nobody writes any more
	asked := make(chan struct{})
	l := &run{
		Listener: &Listener{Inbox: pastInbox{body: body}, Handler: pastHandler{asked: asked}, Log: slog.New(slog.NewTextHandler(&logged, nil)), Now: time.Now},
		workers:  newWorkers(), overtaking: newOvertaking(), triggers: newTriggerIDs(time.Now, triggerLife), modals: newTriggerIDs(time.Now, openedLife),
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- l.serve(ctx) }()
	<-asked
	l.workers.wait()
	cancel()
	<-served
	if logged.String() != "" { // another try to finish it would have been logged
		t.Errorf("logged %s", logged.String())
	}
}

// servedInbox holds one envelope, and notes when it is finished.
type servedInbox struct {
	pastInbox
	finished chan struct{}
}

func (i servedInbox) Finish(context.Context, string) error {
	close(i.finished)
	return nil
}

// waitingHandler cannot serve the first times.
type waitingHandler struct {
	Handler
	times int
}

func (h *waitingHandler) Serve(context.Context, *event.Event) time.Duration {
	if h.times--; h.times >= 0 {
		return time.Second
	}
	return 0
}

// What was acknowledged and cannot be served is served when it can.
func TestListener_serves_again(t *testing.T) {
	body, err := json.Marshal(event.Event{Kind: event.KindCommand, By: "U_REQUESTER"})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began, h, finished := time.Now(), &waitingHandler{times: 30}, make(chan struct{})
		l := &run{
			Listener: &Listener{Inbox: servedInbox{pastInbox{body: body}, finished}, Handler: h, Log: slog.New(slog.DiscardHandler), Now: time.Now},
			workers:  newWorkers(), overtaking: newOvertaking(), triggers: newTriggerIDs(time.Now, triggerLife), modals: newTriggerIDs(time.Now, openedLife),
		}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- l.serve(ctx) }()
		<-finished
		if took := time.Since(began); h.times >= 0 || took != 30*time.Second {
			t.Errorf("finished after %s, to be served %d times more", took, h.times+1)
		}
		l.workers.wait()
		cancel()
		<-served
	})
}
