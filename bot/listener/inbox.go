package listener

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
	"time"

	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

// Envelope is one entry of the inbox.
type Envelope struct {
	Key  string    // what makes it one: a second envelope with this key is the same
	Body []byte    // JSON of an event
	At   time.Time // when it was received
}

// Inbox is the queue of envelopes that are recorded and not finished.
type Inbox interface {
	// Receive records an envelope; fresh is false if the key is known already.
	Receive(ctx context.Context, key string, body []byte) (fresh bool, err error)
	// Arrivals yields what is not finished, in the order of arrival, and then each
	// that arrives, once each, until ctx is done or there is an error.
	Arrivals(ctx context.Context) iter.Seq2[Envelope, error]
	// Finish takes an envelope from the queue; its key stays known.
	Finish(ctx context.Context, key string) error
}

// ReadPositions remember how far each channel was read.
type ReadPositions interface {
	Seen(ctx context.Context, c reset.Channel, ts string) error
	// LastSeen returns the newest ts, "" if there is none.
	LastSeen(ctx context.Context, c reset.Channel) (string, error)
}

var errInboxEnded = errors.New("the inbox ended")

// serve gives what is in the inbox to the workers until ctx is done.
func (r *run) serve(ctx context.Context) error {
	taken := &sync.Map{} // the envelopes that are being served, by key
	for try := 0; ; try++ {
		err := r.takeAll(ctx, taken)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Log.Error("the inbox cannot be read", "error", slackapi.LogText(err))
		if err := slackapi.Pause(ctx, slackapi.RetryDelay(err, min(try, 3))); err != nil {
			return err
		}
	}
}

// takeAll gives each envelope to a worker, once, until the inbox cannot be read.
func (r *run) takeAll(ctx context.Context, taken *sync.Map) error {
	for arrived, err := range r.Inbox.Arrivals(ctx) {
		if err != nil {
			return err
		}
		if _, known := taken.LoadOrStore(arrived.Key, true); known {
			continue
		}
		e := r.decode(arrived)
		t := e.Task()
		r.prepare(e, t)
		r.workers.queueFor(t).Add(ctx, t.Key, func() time.Duration {
			e.TriggerID = r.triggers.take(arrived.Key)
			if again := r.Handler.Serve(ctx, e); again > 0 {
				return again
			}
			r.overtaking.leave(arrived.Key)
			r.finish(ctx, arrived.Key)
			if ctx.Err() == nil {
				taken.Delete(arrived.Key)
			}
			return 0
		})
	}
	return errInboxEnded
}

// decode reads an event from the inbox. A damaged one is of no kind, and asks for nothing.
func (r *run) decode(arrived Envelope) *event.Event {
	e := &event.Event{}
	if err := json.Unmarshal(arrived.Body, e); err != nil {
		r.Log.Error("an entry of the inbox is damaged and is passed over", "key", arrived.Key, "error", slackapi.LogText(err))
		e = &event.Event{}
	}
	e.Key = arrived.Key
	if e.At.IsZero() {
		e.At = arrived.At
	} else {
		e.At = r.byOurs(e.At)
	}
	return e
}

// prepare adds to an event what its handler has to know and the inbox does not record.
func (r *run) prepare(e *event.Event, t event.Task) {
	e.Bot = r.bot
	e.Opened = e.Host != r.Host || r.modals.take(e.Key) != ""
	e.Overtaken = r.overtaking.enter(e, t)
	if t.Stops {
		e.Stopped = func() { r.overtaking.tookEffect(t) }
	}
}

// finish takes an envelope from the queue, however long that takes: it is not served again.
func (r *run) finish(ctx context.Context, key string) {
	for try := 0; ctx.Err() == nil; try++ {
		err := r.Inbox.Finish(ctx, key)
		if err == nil || ctx.Err() != nil || errors.Is(err, reset.ErrLost) {
			return
		}
		r.Log.Error("an envelope cannot be taken from the inbox", "key", key, "error", slackapi.LogText(err))
		if slackapi.Pause(ctx, slackapi.RetryDelay(err, try)) != nil {
			return
		}
	}
}

// byOurs returns what our clock showed at a moment that Slack has dated: how old it is
// does not depend on how right our clock is.
func (r *run) byOurs(at time.Time) time.Time {
	if now, known := r.Clock.Now(); known {
		return r.Now().Add(at.Sub(now))
	}
	return at
}
