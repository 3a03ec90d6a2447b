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
	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
)

var errInboxEnded = errors.New("the inbox ended")

// serve works on what is in the inbox until ctx is done.
func (l *listening) serve(ctx context.Context) error {
	taken := &keys{known: map[string]bool{}}
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
func (l *listening) takeAll(ctx context.Context, taken *keys) error {
	for e, err := range l.Inbox.Arrivals(ctx) {
		if err != nil {
			return err
		}
		if !taken.add(e.Key) {
			continue
		}
		var a arrival
		if err := json.Unmarshal(e.Body, &a); err != nil {
			l.Log.Error("an entry of the inbox is damaged and is passed over", "key", e.Key, "error", slackapi.LogText(err))
			a = arrival{}
		}
		a.key = e.Key
		if a.At.IsZero() {
			a.At = e.At
		}
		t := a.task()
		a.overtaken = l.overtaking.enter(&a, t)
		l.workers.lanesOf(t).Add(ctx, t.lane, func() time.Duration {
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

// work serves one arrival. Where Slack asked for patience about the person it
// says how long that is, and has done nothing: the arrival is served later. A
// panic in it ends this arrival only.
func (l *listening) work(ctx context.Context, a *arrival) (again time.Duration) {
	defer func() {
		if p := recover(); p != nil {
			a.retryIn = 0
			l.answer(ctx, a, l.puzzled(a, fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
			again = 0
		}
	}()
	a.retryIn = 0
	switch a.Kind {
	case kindUpload:
		l.uploaded(ctx, a)
	case kindCommand:
		l.commanded(ctx, a)
	case kindClick:
		l.clicked(ctx, a)
	case kindSubmission:
		l.submission(ctx, a)
	}
	return a.retryIn
}

// finish takes an envelope from the queue, however long that takes: what is done is not done again.
func (l *listening) finish(ctx context.Context, key string) {
	for try := 0; ctx.Err() == nil; try++ {
		err := l.Inbox.Finish(ctx, key)
		if err == nil {
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

// intent is what the desk is told of an arrival.
func (a *arrival) intent() desk.Intent {
	return desk.Intent{Op: a.key, By: a.By, Team: a.Team, Channel: a.Channel, Asked: a.At, Overtaken: a.overtaken}
}

// keys is a set.
type keys struct {
	mu    sync.Mutex
	known map[string]bool
}

func (k *keys) add(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known[key] {
		return false
	}
	k.known[key] = true
	return true
}

func (k *keys) drop(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, key)
}

// marks writes down how far each channel was read, at most once a minute each:
// an old mark only means that more of the history is read again.
type marks struct {
	seen Seen
	now  func() time.Time

	mu   sync.Mutex
	last map[reset.Channel]time.Time
}

const markEvery = time.Minute

func newMarks(s Seen, now func() time.Time) *marks {
	return &marks{seen: s, now: now, last: map[reset.Channel]time.Time{}}
}

func (m *marks) note(ctx context.Context, c reset.Channel, ts string) error {
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
