package resetlog

import (
	"context"
	"fmt"
	"log/slog"
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
	every     = 5 * time.Second // between two readings while somebody follows: the log's bucket is the smallest
	fresh     = time.Second     // a reading younger than this is not repeated
	margin    = 2 * time.Second // clocks
	quiet     = 6 * time.Second // after which no more events of a call are awaited
	mostPages = 200             // of a thousand events at most for one reading
)

// Okta is Okta's System Log. The client for Okta is one.
type Okta interface {
	// Me is the user that the bot's token is of.
	Me(ctx context.Context) (okta.User, error)
	// Events begins to read at a moment of Okta's clock.
	Events(since time.Time, types ...string) *okta.Events
	// Ours reports whether an event tells of a call of this installation.
	Ours(me okta.User, e okta.Event) bool
	// Clock returns how far Okta's clock is ahead of ours; not ok: nothing is known yet.
	Clock() (ahead time.Duration, ok bool)
}

// Reader reads the System Log, once for all requests, while somebody follows it, and
// remembers which users it tells a reset of ours about. It is made by [New] and safe
// for concurrent use.
type Reader struct {
	okta Okta
	log  *slog.Logger
	wake chan struct{}

	mu      sync.Mutex
	wanted  map[int]time.Time // by follower: from when on
	next    int
	from    time.Time // everything since is known, up to lag
	events  *okta.Events
	me      *okta.User
	told    index
	reading chan struct{} // held by who reads; not a mutex, because reading waits for Okta
	readAt  time.Time     // when the last whole reading began
}

// New returns a reader that has read nothing yet.
func New(o Okta, log *slog.Logger) *Reader {
	return &Reader{okta: o, log: log, wake: make(chan struct{}, 1), reading: make(chan struct{}, 1), wanted: map[int]time.Time{}}
}

// Follow asks that the log be read from a moment of Okta's clock on until released.
func (r *Reader) Follow(since time.Time) (release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := r.next
	r.next++
	r.wanted[id] = since.Add(-margin)
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.wanted, id)
		r.prune()
	}
}

// prune forgets what nobody asks about any more.
func (r *Reader) prune() {
	if len(r.wanted) == 0 {
		r.events, r.from, r.told = nil, time.Time{}, index{}
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Values(r.wanted)), time.Time.Compare)
	if oldest.After(r.from) {
		r.from, r.told = oldest, r.told.after(oldest)
	}
}

// Run reads while somebody follows, until ctx ends.
func (r *Reader) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if !r.followed() {
			select {
			case <-ctx.Done():
			case <-r.wake:
			}
			continue
		}
		if err := r.CatchUp(ctx, time.Time{}); err != nil && ctx.Err() == nil {
			r.log.Warn("the System Log cannot be read", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

func (r *Reader) followed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.wanted) > 0
}

// CatchUp reads what the log tells by now, at least from since on (zero: from
// where the demands say). Several callers share one reading.
func (r *Reader) CatchUp(ctx context.Context, since time.Time) error {
	select {
	case r.reading <- struct{}{}:
		defer func() { <-r.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := r.learnSelf(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	events, known := r.open(since)
	me := *r.me
	recent := time.Since(r.readAt) < fresh
	r.mu.Unlock()
	if known && recent {
		return nil
	}
	began := time.Now()
	for page, err := range pages(ctx, events) {
		if err != nil {
			return err
		}
		r.note(me, page, began)
		if r.younger(page, began) {
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readAt = began
	return nil
}

// younger reports whether a page has an event of after a moment of ours. The log tells
// of events in the order in which it took them in, so what it knew at that moment has
// been read: while resets go on, there may be something new for each further page.
func (r *Reader) younger(page []okta.Event, than time.Time) bool {
	ahead, known := r.okta.Clock()
	return known && slices.ContainsFunc(page, func(e okta.Event) bool { return e.At.After(than.Add(ahead + margin)) })
}

// open returns the reader, a new one where the old one began too late.
func (r *Reader) open(since time.Time) (events *okta.Events, known bool) {
	start := since.Add(-margin)
	for _, w := range r.wanted {
		if since.IsZero() || w.Before(start) {
			start, since = w, w
		}
	}
	if r.events != nil && !start.Before(r.from) {
		return r.events, true
	}
	r.from = start
	r.events = r.okta.Events(start, eventResetAll, eventDeactivate)
	return r.events, false
}

// learnSelf learns once who we are.
func (r *Reader) learnSelf(ctx context.Context) error {
	if r.me != nil {
		return nil
	}
	me, err := r.okta.Me(ctx)
	if err != nil {
		return fmt.Errorf("ask Okta who we are: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.me = &me
	return nil
}

func (r *Reader) note(me okta.User, page []okta.Event, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range page {
		if !r.okta.Ours(me, e) || e.Outcome != "SUCCESS" {
			continue
		}
		s := event{at: e.At, whole: e.Type == eventResetAll, seen: began}
		if !s.whole {
			s.factor = okta.FactorType(e.Factor)
		}
		for _, id := range e.Targets {
			r.told.add(id, s)
		}
	}
}

// Enrolled reports whether the log tells that a user has enrolled a factor since a
// moment of Okta's clock, other than an e-mail that Okta enrolled by itself.
func (r *Reader) Enrolled(ctx context.Context, user reset.UserID, since time.Time) (bool, error) {
	for page, err := range pages(ctx, r.okta.Events(since, okta.FactorActivated)) {
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(page, func(e okta.Event) bool {
			return e.Outcome == "SUCCESS" && !e.Automatic && slices.Contains(e.Targets, string(user))
		}) {
			return true, nil
		}
	}
	return false, nil
}

// Until returns the moment until which everything that the log told by then was read.
func (r *Reader) Until() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.readAt
}

// Tells reports whether the log tells of a reset of ours since a moment of Okta's clock.
func (r *Reader) Tells(user reset.UserID, since time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range r.told.since(user, since) {
		return true
	}
	return false
}

// Removed returns the types of the factors that the log tells of since a moment of
// Okta's clock, sorted; none where an event told of all at once. The events of one
// call come one by one, so it is not final until a while after the last of them.
func (r *Reader) Removed(user reset.UserID, since time.Time) (types []string, final bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	final = true
	for s := range r.told.since(user, since) {
		if s.factor != "" {
			types = append(types, s.factor)
		}
		final = final && (s.whole || r.readAt.Sub(s.seen) >= quiet)
	}
	slices.Sort(types)
	return slices.Compact(types), final
}
