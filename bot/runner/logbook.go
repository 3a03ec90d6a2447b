package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// The events that tell of a reset: one for all factors in Classic orgs, one for
// each factor in Identity Engine orgs.
const (
	eventResetAll   = "user.mfa.factor.reset_all"
	eventDeactivate = "user.mfa.factor.deactivate"
)

const (
	bookEvery  = 5 * time.Second // between two readings while something runs: the log's bucket is the smallest
	bookFresh  = time.Second     // a reading younger than this is not repeated
	bookMargin = 2 * time.Second // clocks
	bookQuiet  = 6 * time.Second // after which no more events of a call are awaited
	bookPages  = 200             // of a thousand events at most for one reading
)

// logbook reads the System Log, once for all requests, while somebody wants it,
// and remembers which users our resets are told of.
type logbook struct {
	runner *Runner
	wake   chan struct{}

	mu      sync.Mutex
	wanted  map[int]time.Time // by demand: from when on
	next    int
	from    time.Time // everything since is known, up to lag
	events  *okta.Events
	me      *okta.User
	told    sightings
	reading chan struct{} // held by who reads; not a mutex, because reading waits for Okta
	readAt  time.Time     // when the last whole reading began
}

func newLogbook(r *Runner) *logbook {
	return &logbook{runner: r, wake: make(chan struct{}, 1), reading: make(chan struct{}, 1), wanted: map[int]time.Time{}}
}

// demand asks that the log be read from a moment of Okta's clock on until released.
func (l *logbook) demand(since time.Time) (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := l.next
	l.next++
	l.wanted[id] = since.Add(-bookMargin)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.wanted, id)
		l.prune()
	}
}

// prune forgets what nobody asks about any more.
func (l *logbook) prune() {
	if len(l.wanted) == 0 {
		l.events, l.from, l.told = nil, time.Time{}, sightings{}
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Values(l.wanted)), time.Time.Compare)
	if oldest.After(l.from) {
		l.from, l.told = oldest, l.told.after(oldest)
	}
}

// run reads while there is a demand, until ctx ends.
func (l *logbook) run(ctx context.Context) {
	for ctx.Err() == nil {
		if !l.demanded() {
			select {
			case <-ctx.Done():
			case <-l.wake:
			}
			continue
		}
		if err := l.catchUp(ctx, time.Time{}); err != nil && ctx.Err() == nil {
			l.runner.Log.Warn("the System Log cannot be read", "err", err)
		}
		pauseFor(ctx, bookEvery)
	}
}

func (l *logbook) demanded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.wanted) > 0
}

// catchUp reads what the log tells by now, at least from since on (zero: from
// where the demands say). Several callers share one reading.
func (l *logbook) catchUp(ctx context.Context, since time.Time) error {
	select {
	case l.reading <- struct{}{}:
		defer func() { <-l.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := l.know(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	events, fresh := l.open(since)
	me := *l.me
	recent := time.Since(l.readAt) < bookFresh
	l.mu.Unlock()
	if fresh && recent {
		return nil
	}
	began := time.Now()
	for range bookPages {
		page, err := events.Next(ctx)
		if err != nil {
			return fmt.Errorf("read the System Log: %w", err)
		}
		if len(page) == 0 {
			l.mu.Lock()
			l.readAt = began
			l.mu.Unlock()
			return nil
		}
		l.note(me, page, began)
	}
	return errors.New("the System Log has more events than can be read at once")
}

// open returns the reader, a new one where the old one began too late.
func (l *logbook) open(since time.Time) (events *okta.Events, fresh bool) {
	start := since.Add(-bookMargin)
	for _, w := range l.wanted {
		if since.IsZero() || w.Before(start) {
			start, since = w, w
		}
	}
	if l.events != nil && !start.Before(l.from) {
		return l.events, true
	}
	l.from = start
	l.events = l.runner.SystemLog.Events(start, eventResetAll, eventDeactivate)
	return l.events, false
}

// know learns once who we are.
func (l *logbook) know(ctx context.Context) error {
	if l.me != nil {
		return nil
	}
	me, err := l.runner.SystemLog.Me(ctx)
	if err != nil {
		return fmt.Errorf("ask Okta who we are: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.me = &me
	return nil
}

func (l *logbook) note(me okta.User, page []okta.Event, began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range page {
		if !l.runner.SystemLog.Ours(me, e) || e.Outcome != "SUCCESS" {
			continue
		}
		s := sighting{at: e.At, whole: e.Type == eventResetAll, seen: began}
		if !s.whole {
			s.factor = okta.FactorType(e.Factor)
		}
		for _, id := range e.Targets {
			l.told.add(id, s)
		}
	}
}

// enrolled reports whether the log tells that a user has enrolled a factor since a
// moment of Okta's clock, other than an e-mail that Okta enrolled by itself.
func (l *logbook) enrolled(ctx context.Context, user reset.UserID, since time.Time) (bool, error) {
	events := l.runner.SystemLog.Events(since, okta.FactorActivated)
	for range bookPages {
		page, err := events.Next(ctx)
		if err != nil {
			return false, fmt.Errorf("read the System Log: %w", err)
		}
		if len(page) == 0 {
			return false, nil
		}
		for _, e := range page {
			if e.Outcome == "SUCCESS" && !e.Automatic && slices.Contains(e.Targets, string(user)) {
				return true, nil
			}
		}
	}
	return false, errors.New("the System Log has more events than can be read at once")
}

// until returns the moment until which everything that the log told by then was read.
func (l *logbook) until() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.readAt
}

// ours reports whether the log tells of a reset of ours since a moment of Okta's clock.
func (l *logbook) ours(user reset.UserID, since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range l.told.since(user, since) {
		return true
	}
	return false
}

// removed returns the types of the factors that the log tells of since a moment of
// Okta's clock, sorted; none where an event told of all at once. The events of one
// call come one by one, so it is not final until a while after the last of them.
func (l *logbook) removed(user reset.UserID, since time.Time) (types []string, final bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	final = true
	for s := range l.told.since(user, since) {
		if s.factor != "" {
			types = append(types, s.factor)
		}
		final = final && (s.whole || l.readAt.Sub(s.seen) >= bookQuiet)
	}
	slices.Sort(types)
	return slices.Compact(types), final
}
