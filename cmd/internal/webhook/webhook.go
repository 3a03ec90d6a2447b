package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/workqueue"
	"factorbot/cmd/internal/config"
	"factorbot/okta"
)

const (
	// HeraldTime is how long the start of a run waits for its announcement.
	HeraldTime = 10 * time.Second

	hookFirstWait = time.Second
	hookLongWait  = 5 * time.Minute

	// hookSince is where the record keeps since when there is a webhook.
	hookSince = "webhook-since"
	// hookChannel stands in the place of a channel in the facts that tell of deliveries.
	hookChannel reset.Channel = "webhook"
)

// Webhook tells another program, such as a SIEM, of resets that are to be
// expected and of what came of them: at least once, those of a request in order.
// A delivery is recorded before it is tried and when it was taken.
type Webhook struct {
	sender *hookSender
	record Record
	marker string
	since  time.Time // what happened before is not told
	began  time.Time
	pace   func(*reset.Request) int // seconds that a run takes, 0 if that is not known
	log    *slog.Logger
	now    func() time.Time

	mu    sync.Mutex
	taken chan struct{} // closed when a delivery was taken
}

// Record is what of the record the webhook needs: the requests as they move, and
// what was delivered of them.
type Record interface {
	workqueue.Requests
	Messages(ctx context.Context, id reset.ID) ([]reset.Message, error)
	SaveMessages(ctx context.Context, id reset.ID, m ...reset.Message) error
	PutValue(ctx context.Context, name string, value []byte) error
	Value(ctx context.Context, name string) ([]byte, error)
	Installation(ctx context.Context) (string, error)
}

// New remembers, with the first start, since when there is a webhook: a
// receiver that is new is not told of last month.
func New(ctx context.Context, cfg *config.Config, rec Record, pace func(*reset.Request) int, log *slog.Logger) (*Webhook, error) {
	marker, err := rec.Installation(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	w := &Webhook{
		sender: newHookSender(cfg.Policy.Alerts.Webhook, cfg.WebhookSecret, time.Now), record: rec, marker: marker,
		since: now, began: now, pace: pace, log: log, now: time.Now, taken: make(chan struct{}),
	}
	kept, err := rec.Value(ctx, hookSince)
	if err != nil {
		return nil, err
	}
	if kept != nil {
		return w, w.since.UnmarshalText(kept)
	}
	text, err := w.since.MarshalText()
	if err != nil {
		return nil, err
	}
	return w, rec.PutValue(ctx, hookSince, text)
}

// Run delivers until ctx is done.
func (w *Webhook) Run(ctx context.Context) error {
	return (&workqueue.Follower{Requests: w.record, Log: w.log, Now: w.now, Do: w.look, Delay: w.delay}).Run(ctx)
}

// delay is the wait after a failed try, and tells the log of it at the first and now and then.
func (w *Webhook) delay(id reset.ID, err error, try int) time.Duration {
	wait := rand.N(min(hookLongWait, hookFirstWait<<min(try, 10))) + time.Millisecond // full jitter
	if try%10 == 0 {
		w.log.Warn("something about a request is not told yet", "request", id, "error", err.Error(), "retry_in", wait.String())
	}
	return wait
}

// look makes the deliveries of a request that were not taken yet, in order.
func (w *Webhook) look(ctx context.Context, r *reset.Request) (again time.Duration, err error) {
	news := hookNewsOf(r, w.since, w.pace(r))
	if len(news) == 0 {
		return 0, nil
	}
	have, err := w.deliveries(ctx, r.ID)
	if err != nil {
		return 0, err
	}
	for _, n := range news {
		m := have[n.slot()]
		if m.TS != "" {
			continue
		}
		if err := w.deliver(ctx, r.ID, n, m); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// deliveries are what the record knows of a request's deliveries, by slot.
func (w *Webhook) deliveries(ctx context.Context, id reset.ID) (map[reset.Slot]reset.Message, error) {
	list, err := w.record.Messages(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the deliveries of %s: %w", id, err)
	}
	have := map[reset.Slot]reset.Message{}
	for _, m := range list {
		have[m.Slot] = m
	}
	return have, nil
}

// deliver makes one try. A crash before the record has it leads to another one
// with the same ID; being told to stop does not: a try is brought to its end.
func (w *Webhook) deliver(ctx context.Context, id reset.ID, n hookNews, m reset.Message) error {
	n.body.Marker, n.body.Delivery = w.marker, w.marker+"."+string(id)+"."+n.name
	m.Slot, m.Channel, m.At = n.slot(), hookChannel, w.now()
	if err := w.record.SaveMessages(ctx, id, m); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*hookTime)
	defer cancel()
	if err := w.sender.send(ctx, n.body); err != nil {
		return err
	}
	m.TS, m.Shown, m.At = n.body.Delivery, n.body.Event, w.now()
	if err := w.record.SaveMessages(ctx, id, m); err != nil {
		return err
	}
	w.mu.Lock()
	close(w.taken)
	w.taken = make(chan struct{})
	w.mu.Unlock()
	return nil
}

// WaitAnnounced waits until the run of r was announced, for a few seconds from when
// it could first have begun: a receiver that is down must not keep people locked out.
func (w *Webhook) WaitAnnounced(ctx context.Context, r *reset.Request) {
	left := later(later(r.ApprovedAt, r.Asked.NotTill), w.began).Add(HeraldTime).Sub(w.now())
	if left <= 0 || !willReset(r) || r.ApprovedAt.Before(w.since) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	for ctx.Err() == nil {
		w.mu.Lock()
		taken := w.taken
		w.mu.Unlock()
		announced, err := w.announced(ctx, r)
		if announced {
			return
		}
		if err != nil {
			break
		}
		select {
		case <-ctx.Done():
		case <-taken:
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.log.Warn("a run begins before it could be announced", "request", r.ID)
	}
}

// announced reports whether the receiver knows of this approval.
func (w *Webhook) announced(ctx context.Context, r *reset.Request) (bool, error) {
	have, err := w.deliveries(ctx, r.ID)
	if err != nil {
		return false, err
	}
	for _, n := range hookNewsOf(r, w.since, 0) {
		if n.body.Event == Expected {
			return have[n.slot()].TS != "", nil
		}
	}
	return true, nil
}

// RunSeconds is about how long a run takes by Okta's limits as they are known, less
// what is left to others.
func RunSeconds(stats okta.Stats, reserve int, r *reset.Request) int {
	for _, b := range stats.Buckets {
		if b.Name != okta.UsersBucket || b.Limit == 0 || b.Window == 0 {
			continue
		}
		calls := r.Plan.Resets
		if n := len(r.Asked.Options.Factors); n > 0 {
			calls *= 1 + n // they are listed, and removed one by one
		}
		if r.Asked.Options.RevokeSessions {
			calls += r.Plan.Resets
		}
		window := float64(b.Limit)
		if b.Ceiling > 0 {
			window = min(window, b.Ceiling)
		}
		perSecond := window * float64(100-reserve) / 100 / b.Window.Seconds()
		return max(1, int(float64(calls)/perSecond))
	}
	return 0
}
