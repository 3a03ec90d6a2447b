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

// Seen remembers how far each channel was read.
type Seen interface {
	Seen(ctx context.Context, c reset.Channel, ts string) error
	// LastSeen returns the newest ts, "" if there is none.
	LastSeen(ctx context.Context, c reset.Channel) (string, error)
}

var errInboxEnded = errors.New("the inbox ended")

// serve works on what is in the inbox until ctx is done.
func (l *listening) serve(ctx context.Context) error {
	taken := &inFlight{known: map[string]bool{}}
	for try := 0; ; try++ {
		err := l.takeAll(ctx, taken)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.Log.Error("the inbox cannot be read", "error", slackapi.LogText(err))
		if err := slackapi.Pause(ctx, slackapi.RetryDelay(err, min(try, 3))); err != nil {
			return err
		}
	}
}

// takeAll gives each envelope to a worker, once, until the inbox cannot be read.
func (l *listening) takeAll(ctx context.Context, taken *inFlight) error {
	for e, err := range l.Inbox.Arrivals(ctx) {
		if err != nil {
			return err
		}
		if !taken.add(e.Key) {
			continue
		}
		var a event.Event
		if err := json.Unmarshal(e.Body, &a); err != nil {
			l.Log.Error("an entry of the inbox is damaged and is passed over", "key", e.Key, "error", slackapi.LogText(err))
			a = event.Event{}
		}
		a.Key = e.Key
		if a.At.IsZero() {
			a.At = e.At
		} else {
			a.At = l.byOurs(a.At)
		}
		t := a.Task()
		l.prepare(&a, t)
		l.workers.lanesOf(t).Add(ctx, t.Key, func() time.Duration {
			a.TriggerID = l.triggers.take(a.Key)
			if again := l.Handler.Serve(ctx, &a); again > 0 {
				return again
			}
			l.overtaking.leave(e.Key)
			l.finish(ctx, e.Key)
			if ctx.Err() == nil {
				taken.drop(e.Key)
			}
			return 0
		})
	}
	return errInboxEnded
}

// prepare adds to an event what is known here, and is not recorded.
func (l *listening) prepare(a *event.Event, t event.Task) {
	a.Bot = l.bot
	a.Opened = a.Host != l.Host || l.modals.take(a.Key) != ""
	a.Overtaken = l.overtaking.enter(a, t)
	if t.Stops {
		a.Stopped = func() { l.overtaking.tookEffect(t) }
	}
}

// finish takes an envelope from the queue, however long that takes: what is done is not done again.
func (l *listening) finish(ctx context.Context, key string) {
	for try := 0; ctx.Err() == nil; try++ {
		err := l.Inbox.Finish(ctx, key)
		if err == nil || errors.Is(err, reset.ErrLost) {
			return
		}
		if ctx.Err() != nil {
			return
		}
		l.Log.Error("an envelope cannot be taken from the inbox", "key", key, "error", slackapi.LogText(err))
		if slackapi.Pause(ctx, slackapi.RetryDelay(err, try)) != nil {
			return
		}
	}
}

// byOurs returns what our clock showed at a moment that Slack has dated: how old it is
// does not depend on how right our clock is.
func (l *listening) byOurs(at time.Time) time.Time {
	if l.Clock == nil {
		return at
	}
	now, known := l.Clock.Now()
	if !known {
		return at
	}
	return l.Now().Add(at.Sub(now))
}

// inFlight is the set of envelopes that are being served, by key.
type inFlight struct {
	mu    sync.Mutex
	known map[string]bool
}

func (k *inFlight) add(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known[key] {
		return false
	}
	k.known[key] = true
	return true
}

func (k *inFlight) drop(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, key)
}

// readPositions writes down how far each channel was read, at most once a minute each:
// an old mark only means that more of the history is read again.
type readPositions struct {
	seen Seen
	now  func() time.Time

	mu   sync.Mutex
	last map[reset.Channel]time.Time
}

const markEvery = time.Minute

func newReadPositions(s Seen, now func() time.Time) *readPositions {
	return &readPositions{seen: s, now: now, last: map[reset.Channel]time.Time{}}
}

func (m *readPositions) note(ctx context.Context, c reset.Channel, ts string) error {
	m.mu.Lock()
	now := m.now()
	due := now.Sub(m.last[c]) >= markEvery
	if due {
		m.last[c] = now
	}
	m.mu.Unlock()
	if !due || ts == "" {
		return nil
	}
	return m.seen.Seen(ctx, c, ts)
}
