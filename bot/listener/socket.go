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

// Slack waits three seconds for an acknowledgement.
const (
	ackTime   = 3 * time.Second
	checkTime = 2 * time.Second // what is judged before it
)

// listen keeps one socket open and drains its events, until ctx is done.
func (r *run) listen(ctx context.Context, n int) error {
	for try := 0; ; try++ {
		client := socketmode.New(r.Slack, socketmode.OptionDialer(r.dialer), socketmode.OptionLog(log.New(io.Discard, "", 0)))
		err := r.drain(ctx, client, n)
		r.Socket(n, false)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := slackapi.RetryDelay(err, try)
		r.Log.Error("the socket cannot be opened", "socket", n, "error", slackapi.LogText(err), "todo", slackapi.Hint(err), "retry_in", wait.String())
		if err := slackapi.Pause(ctx, wait); err != nil {
			return err
		}
	}
}

// drain runs one client and handles its events; the client ends only on what no retry helps against.
func (r *run) drain(ctx context.Context, client *socketmode.Client, n int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return client.RunContext(ctx) })
	g.Go(func() error {
		s := &socket{run: r, client: client, n: n}
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

// socket is one socket client.
type socket struct {
	*run
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
		s.Socket(s.n, false)
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
	s.Socket(s.n, true)
	now := s.Now()
	s.opened = append(slices.DeleteFunc(s.opened, func(t time.Time) bool { return now.Sub(t) >= time.Minute }), now)
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
	d, err := event.Decode(kind, payload)
	if err != nil {
		s.Log.Warn("an envelope was not understood and is passed over", "type", kind, "error", slackapi.LogText(err))
	}
	s.notePosition(ctx, d)
	e := d.Event
	if e == nil || !s.isOurs(e) {
		s.ack(ctx, id, nil)
		return
	}
	switch e.Kind {
	case event.KindHome: // if it is missed, the person opens the tab again
		s.Opened(e.By, e.Team)
		s.ack(ctx, id, nil)
	case event.KindTyping: // changes nothing, and is too late when it comes again
		s.beside.Add(ctx, id, workqueue.Once(func() { s.suggest(ctx, id, e) }))
	case event.KindSubmission:
		s.beside.Add(ctx, e.Key, workqueue.Once(func() { s.submitted(ctx, id, e) }))
	default:
		s.work(ctx, id, e)
	}
}

// work records and acknowledges an event that a worker serves.
func (s *socket) work(ctx context.Context, id string, e *event.Event) {
	if show := s.Handler.Modal(ctx, e); show != nil {
		s.pressed(ctx, id, e, show)
		return
	}
	if e.Kind == event.KindClick {
		s.triggers.put(e.Key, e.TriggerID)
	}
	if _, recorded := s.record(ctx, e); recorded {
		s.ack(ctx, id, nil)
	}
}

// isOurs notes on an event who the bot is, and reports whether it is to be served: uploads in
// other channels and our own are not.
func (r *run) isOurs(e *event.Event) bool {
	e.Bot = r.bot
	return e.Kind != event.KindUpload || r.Handler.Takes(e)
}

// notePosition notes how far the channel was read, and passes on what was deleted there.
func (s *socket) notePosition(ctx context.Context, d event.Decoded) {
	if !slices.Contains(s.Channels(), d.Channel) {
		return
	}
	if d.Deleted != "" {
		s.Deleted(d.Channel, d.Deleted)
	}
	if d.Position == "" || !s.markDue(d.Channel) {
		return
	}
	if err := s.ReadPositions.Seen(ctx, d.Channel, d.Position); err != nil && ctx.Err() == nil {
		s.Log.Warn("how far the channel was read cannot be recorded", "channel", d.Channel, "error", slackapi.LogText(err))
	}
}

// markEvery is how often it is recorded how far a channel was read: an old mark only means
// that more of the history is read again.
const markEvery = time.Minute

func (r *run) markDue(c reset.Channel) bool {
	r.marking.Lock()
	defer r.marking.Unlock()
	now := r.Now()
	due := now.Sub(r.marked[c]) >= markEvery
	if due {
		r.marked[c] = now
	}
	return due
}

// record puts an event into the inbox. It reports whether it is there, and was not before.
func (s *socket) record(ctx context.Context, e *event.Event) (fresh, recorded bool) {
	fresh, err := s.receive(ctx, e)
	if err != nil && ctx.Err() == nil {
		s.Log.Error("an envelope cannot be recorded and is not acknowledged", "kind", e.Kind, "error", slackapi.LogText(err))
	}
	return fresh, err == nil
}

func (s *socket) ack(ctx context.Context, id string, payload any) {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	if err := s.client.AckCtx(ctx, id, payload); err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Warn("an envelope was not acknowledged", "error", slackapi.LogText(err))
	}
}

// receive records an event; fresh is false if it is known already.
func (r *run) receive(ctx context.Context, e *event.Event) (fresh bool, err error) {
	e.Host = r.Host
	body, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	return r.Inbox.Receive(ctx, e.Key, body)
}
