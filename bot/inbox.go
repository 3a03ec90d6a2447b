package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"

	"github.com/slack-go/slack"
)

// recordAgain is when an event is served again that the record was away for.
const recordAgain = time.Second

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
		a.Overtaken = l.overtaking.enter(&a, t)
		l.workers.lanesOf(t).Add(ctx, t.Key, func() time.Duration {
			if again := l.work(ctx, &a); again > 0 {
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

// work serves one event and answers it. Where Slack asked for patience about the
// person, or the record cannot be reached, it says how long to wait, and the event is
// served again then: what was acknowledged is not lost.
func (l *listening) work(ctx context.Context, a *event.Event) (again time.Duration) {
	m, err := l.attempt(ctx, a)
	switch {
	case ctx.Err() != nil, errors.Is(err, reset.ErrLost): // another process serves it
		return 0
	case isLimited(err):
		return slackapi.RetryDelay(err, 0)
	case err != nil && l.Away != nil && l.Away(err):
		l.Log.Warn("an event waits for the record, which cannot be reached", "key", a.Key, "error", slackapi.LogText(err))
		return recordAgain
	case err != nil:
		m = l.errorMessage(ctx, a, err)
	}
	if m.Text != "" {
		l.answer(ctx, a, m)
	}
	return 0
}

// isLimited reports whether Slack asked for patience.
func isLimited(err error) bool {
	limited := (*slack.RateLimitedError)(nil)
	return errors.As(err, &limited)
}

// attempt serves one event and returns what its person is answered, if anything.
// A panic in it ends this event only.
func (l *listening) attempt(ctx context.Context, a *event.Event) (m view.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	switch a.Kind {
	case event.KindUpload:
		return l.uploaded(ctx, a)
	case event.KindCommand:
		return l.commanded(ctx, a)
	case event.KindClick:
		return l.clicked(ctx, a)
	case event.KindSubmission:
		return l.submission(ctx, a)
	case event.KindStepUp:
		return m, l.confirming(ctx, a)
	}
	return m, nil
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

// intent is what the desk is told of an event.
func intent(a *event.Event) desk.Intent {
	return desk.Intent{Op: a.Key, By: a.By, Team: a.Team, Channel: a.Channel, Asked: a.At, Overtaken: a.Overtaken}
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
