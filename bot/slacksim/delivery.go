package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"factorbot/bot/slacksim/kit"
)

// maxAck is the payload of an acknowledgement, in bytes, from which on Slack
// drops the acknowledgement without a word (slack-go issue 1196).
const maxAck = 20 << 10

// What the person sees when the app does not answer.
var (
	errNoSocket = errors.New("dispatch_failed")
	errNoAck    = errors.New("operation_timeout")
)

// delivery is an envelope that waits for its acknowledgement.
type delivery struct {
	ack  chan json.RawMessage // holds one
	sent envelope
}

// envelope is what is sent over a socket.
type envelope struct {
	ID          string  `json:"envelope_id"`
	Type        string  `json:"type"`
	Accepts     bool    `json:"accepts_response_payload"`
	Payload     any     `json:"payload"`
	RetryCount  *int    `json:"retry_attempt,omitempty"`
	RetryReason *string `json:"retry_reason,omitempty"`
}

// deliver sends an envelope over one socket and returns the acknowledgement's
// payload, within 3 s. Commands and clicks are not sent again.
func (w *Workspace) deliver(ctx context.Context, e envelope) (json.RawMessage, error) {
	e.ID = randomUUID()
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	d := &delivery{ack: make(chan json.RawMessage, 1), sent: e}
	w.mu.Lock()
	n := 1
	if rand.Float64() < w.settings.Duplicates {
		n = 2
	}
	to := w.pick(n)
	if len(to) > 0 {
		w.pending[e.ID] = d
		w.books.Envelopes[e.Type]++
		w.books.Duplicates += len(to) - 1
	}
	w.mu.Unlock()
	if len(to) == 0 {
		return nil, errNoSocket
	}
	defer w.forget(e.ID)
	for _, s := range to {
		if s.write(body) != nil {
			s.drop()
		}
	}
	return d.await(ctx, w.patience())
}

// await waits for an acknowledgement.
func (d *delivery) await(ctx context.Context, patience time.Duration) (json.RawMessage, error) {
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case payload := <-d.ack:
		return payload, nil
	case <-t.C:
		return nil, errNoAck
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *Workspace) forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pending, id)
}

// acknowledge takes an acknowledgement from whatever socket it came on.
func (w *Workspace) acknowledge(id string, payload json.RawMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.pending[id]
	switch {
	case d == nil:
		w.books.LateAcks++
	case len(payload) >= maxAck:
		w.books.LargeAcks++
	default:
		delete(w.pending, id)
		w.books.Acks++
		w.keep(d.sent)
		d.ack <- payload
	}
}

// keep notes an envelope that was acknowledged in time. The caller holds mu.
func (w *Workspace) keep(e envelope) {
	if !w.opt.KeepEnvelopes {
		return
	}
	if payload, err := json.Marshal(e.Payload); err == nil {
		w.books.Acknowledged = append(w.books.Acknowledged, Acknowledged{e.Type, payload})
	}
}

// emit sends an event to the app if it subscribed to it. The caller holds mu.
func (w *Workspace) emit(event object) {
	kind, conv := kit.Text(event["type"]), w.conversation[kit.Text(event["channel"])]
	if kind == "message" {
		kind += "." + conv.kind()
	}
	if !slices.Contains(w.settings.Events, kind) {
		return
	}
	payload := object{
		"token": "sandbox", "team_id": Team, "context_team_id": Team, "context_enterprise_id": w.enterprise(),
		"api_app_id": AppID, "event": event, "type": "event_callback",
		"event_id": w.nextID("Ev"), "event_time": time.Now().Unix(),
		"authorizations": []object{{
			"enterprise_id": w.enterprise(), "team_id": w.installedTeam(), "user_id": BotUser,
			"is_bot": true, "is_enterprise_install": w.orgInstall(),
		}},
		"is_ext_shared_channel": conv != nil && w.shared(conv), "event_context": "4-" + strings.ToLower(w.nextID("ec")),
	}
	if id := w.enterprise(); id != nil {
		payload["enterprise_id"] = id
	}
	waits := slices.Clone(w.settings.Retries)
	w.start(func(ctx context.Context) { w.deliverEvent(ctx, payload, waits) })
}

// deliverEvent sends an event until it is acknowledged, up to three times more.
func (w *Workspace) deliverEvent(ctx context.Context, payload object, waits []duration) {
	for attempt := 0; ; attempt++ {
		reason := ""
		if attempt > 0 {
			reason = "timeout"
		}
		_, err := w.deliver(ctx, envelope{Type: "events_api", Payload: payload, RetryCount: &attempt, RetryReason: &reason})
		if err == nil || ctx.Err() != nil {
			return
		}
		if attempt == len(waits) {
			w.count(func(b *Books) { b.Lost++ })
			return
		}
		if errors.Is(err, errNoSocket) && wait(ctx, w.patience()) != nil {
			return // no answer for want of a socket takes as long as any other
		}
		if wait(ctx, time.Duration(waits[attempt])) != nil {
			return
		}
		w.count(func(b *Books) { b.Redeliver++ })
	}
}

func (w *Workspace) count(f func(*Books)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.books)
}
