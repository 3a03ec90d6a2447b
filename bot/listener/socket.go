package listener

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"slices"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"golang.org/x/sync/errgroup"

	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/workqueue"
)

// Slack waits three seconds for an acknowledgement; what takes longer is told later.
const (
	ackTime   = 3 * time.Second
	checkTime = 2 * time.Second // what is judged before it
)

// listen keeps one socket open and drains its events, until ctx is done.
func (l *listening) listen(ctx context.Context, n int) error {
	for try := 0; ; try++ {
		client := socketmode.New(l.Slack, socketmode.OptionDialer(l.dialer), socketmode.OptionLog(log.New(io.Discard, "", 0)))
		err := l.drain(ctx, client, n)
		l.tellSocket(n, false)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := slackapi.RetryDelay(err, try)
		l.Log.Error("the socket cannot be opened", "socket", n, "error", slackapi.LogText(err), "todo", slackapi.Hint(err), "retry_in", wait.String())
		if err := slackapi.Pause(ctx, wait); err != nil {
			return err
		}
	}
}

func (l *listening) tellSocket(n int, open bool) {
	if l.Socket != nil {
		l.Socket(n, open)
	}
}

// drain runs one client and hears its events; the client ends only on what no retry mends.
func (l *listening) drain(ctx context.Context, client *socketmode.Client, n int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return client.RunContext(ctx) })
	g.Go(func() error {
		s := &socket{listening: l, client: client, n: n}
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case ev := <-client.Events:
				s.handle(ctx, ev)
			}
		}
	})
	return g.Wait()
}

// socket is one socket client and what was seen of it.
type socket struct {
	*listening
	client *socketmode.Client
	n      int
	opened []time.Time // lately
}

func (s *socket) handle(ctx context.Context, ev socketmode.Event) {
	switch ev.Type {
	case socketmode.EventTypeEventsAPI, socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive:
		s.envelope(ctx, ev.Request.Type, ev.Request.EnvelopeID, ev.Request.Payload)
	case socketmode.EventTypeErrorBadMessage:
		s.decodeLeniently(ctx, ev.Data)
	case socketmode.EventTypeHello:
		s.onOpen()
	case socketmode.EventTypeConnecting:
		s.tellSocket(s.n, false)
	case socketmode.EventTypeConnectionError:
		s.notOpen(ev.Data)
	case socketmode.EventTypeErrorWriteFailed:
		s.Log.Warn("an acknowledgement was not sent; Slack sends the envelope again", "socket", s.n)
	}
}

// notOpen says why a socket could not be opened. It is tried again.
func (s *socket) notOpen(data any) {
	why := "unknown"
	if e, ok := data.(*slack.ConnectionErrorEvent); ok && e.ErrorObj != nil {
		why = slackapi.LogText(e.ErrorObj)
	}
	s.Log.Warn("the socket cannot be opened yet", "socket", s.n, "error", why)
}

// onOpen follows each opening of a socket. What was sent before may be lost, so history is read.
func (s *socket) onOpen() {
	s.tellSocket(s.n, true)
	now := s.Now()
	recent := s.opened[:0]
	for _, t := range s.opened {
		if now.Sub(t) < time.Minute {
			recent = append(recent, t)
		}
	}
	s.opened = append(recent, now)
	if len(s.opened) >= 10 {
		s.Log.Error("Slack closes the socket as soon as it is open", "socket", s.n,
			"todo", "switch Socket Mode on in the app's settings, and see that no more than ten processes use its app token")
		s.opened = nil
	} else {
		s.Log.Info("the socket is open", "socket", s.n)
	}
	select {
	case s.missed <- struct{}{}:
	default:
	}
}

// decodeLeniently reads an envelope that slack-go cannot decode, because of a block that
// it does not know in somebody's message: we read just what we need of it, and
// acknowledge it in any case, or Slack would send it again and again.
func (s *socket) decodeLeniently(ctx context.Context, data any) {
	bad, ok := data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var e struct {
		ID      string          `json:"envelope_id"`
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(bad.Message, &e); err != nil || e.ID == "" {
		s.Log.Warn("Slack sent what is no envelope", "socket", s.n, "bytes", len(bad.Message))
		return
	}
	s.envelope(ctx, e.Type, e.ID, e.Payload)
}

// envelope records an envelope and acknowledges it. What is not for us is only
// acknowledged; what could not be recorded is not, so that Slack sends it again.
func (s *socket) envelope(ctx context.Context, kind, id string, payload []byte) {
	a, err := event.Decode(kind, payload)
	if err != nil {
		s.Log.Warn("an envelope was not understood and is passed over", "type", kind, "error", slackapi.LogText(err))
	}
	if kind == "events_api" {
		s.notePosition(ctx, payload)
	}
	if err != nil || a == nil || !s.isOurs(a) {
		s.ack(ctx, id, nil)
		return
	}
	switch {
	case a.Kind == event.KindHome: // whoever misses it opens the tab again
		if s.Opened != nil {
			s.Opened(a.By, a.Team)
		}
		s.ack(ctx, id, nil)
	case a.Kind == event.KindTyping: // changes nothing, and is too late when it comes again
		s.beside.Add(ctx, id, workqueue.Once(func() { s.suggest(ctx, id, a) }))
	case a.Kind == event.KindSubmission:
		s.beside.Add(ctx, a.Key, workqueue.Once(func() { s.submitted(ctx, id, a) }))
	default:
		s.work(ctx, id, a)
	}
}

// work records and acknowledges what a worker serves.
func (s *socket) work(ctx context.Context, id string, a *event.Event) {
	if show := s.Handler.Modal(ctx, a); show != nil {
		s.pressed(ctx, id, a, show)
		return
	}
	if a.Kind == event.KindClick {
		s.triggers.put(a.Key, a.TriggerID)
	}
	if s.record(ctx, a) {
		s.ack(ctx, id, nil)
	}
}

// isOurs passes over uploads elsewhere and our own.
func (l *listening) isOurs(a *event.Event) bool {
	a.Bot = l.bot
	return a.Kind != event.KindUpload || l.Handler.Takes(a)
}

// notePosition notes how far the channel was read, and passes on what was deleted there.
func (s *socket) notePosition(ctx context.Context, payload []byte) {
	var p struct {
		Event struct {
			Type      string        `json:"type"`
			Subtype   string        `json:"subtype"`
			Channel   reset.Channel `json:"channel"`
			TS        string        `json:"ts"`
			DeletedTS string        `json:"deleted_ts"`
		} `json:"event"`
	}
	if json.Unmarshal(payload, &p) != nil || p.Event.Type != "message" || !slices.Contains(s.Channels(), p.Event.Channel) {
		return
	}
	if p.Event.Subtype == "message_deleted" && s.Deleted != nil {
		s.Deleted(p.Event.Channel, p.Event.DeletedTS)
	}
	if err := s.positions.note(ctx, p.Event.Channel, p.Event.TS); err != nil && ctx.Err() == nil {
		s.Log.Warn("how far the channel was read cannot be recorded", "channel", p.Event.Channel, "error", slackapi.LogText(err))
	}
}

// record puts an event into the inbox. It reports whether it is there.
func (s *socket) record(ctx context.Context, a *event.Event) bool {
	_, err := s.receive(ctx, a)
	if err != nil {
		s.unrecorded(ctx, a, err)
	}
	return err == nil
}

func (s *socket) unrecorded(ctx context.Context, a *event.Event, err error) {
	if ctx.Err() == nil {
		s.Log.Error("an envelope cannot be recorded and is not acknowledged", "kind", a.Kind, "error", slackapi.LogText(err))
	}
}

func (s *socket) ack(ctx context.Context, id string, payload any) {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	if err := s.client.AckCtx(ctx, id, payload); err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Warn("an envelope was not acknowledged", "error", slackapi.LogText(err))
	}
}

// receive records an event; fresh is false if it is known already.
func (l *listening) receive(ctx context.Context, a *event.Event) (fresh bool, err error) {
	a.Host = l.Host
	body, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	return l.Inbox.Receive(ctx, a.Key, body)
}
