package pacer

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

var (
	// ErrClosed says that the pacer was closed while a call waited.
	ErrClosed = errors.New("pacer: closed")
	// ErrPaused says that another call was answered 429 after the slot was granted.
	ErrPaused = errors.New("pacer: paused")
)

// Options say how hard to pace. What is found out about ceilings is told to
// OnCeiling, which must not block and must not call the pacer; a Ceiling of no calls
// means: no longer one.
type Options struct {
	Reserve   int                // percent of each limit that is left to others
	Places    int                // calls at once
	Ceilings  map[string]Ceiling // by bucket, found earlier
	OnCeiling func(bucket string, c Ceiling)
}

// Pacer gives each call the pace of its bucket and a place among the calls at once,
// both at the same moment, so that nobody holds a place while waiting for the pace.
type Pacer struct {
	reserve   float64
	onCeiling func(string, Ceiling)
	stop      chan struct{} // closed by Close

	mu      sync.Mutex
	closed  bool
	timer   *time.Timer // looks again when the next turn comes by itself
	buckets map[string]*bucket
	moved   map[endpoint]*bucket
	calls   places
	waiting []*waiter    // in the order of their coming
	turns   map[Lane]int // when the lanes that wait had their last turn
	turn    int
}

// New starts a pacer. Close must follow.
func New(opt Options) *Pacer {
	p := &Pacer{
		reserve: float64(opt.Reserve) / 100, onCeiling: opt.OnCeiling, stop: make(chan struct{}), calls: places{most: opt.Places, now: opt.Places},
		buckets: map[string]*bucket{}, moved: map[endpoint]*bucket{}, turns: map[Lane]int{},
	}
	for name, c := range opt.Ceilings {
		if c.Calls > 0 {
			p.bucket(name).ceiling = c
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(time.Hour, p.look)
	return p
}

// Close ends all waiting.
func (p *Pacer) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.timer.Stop()
		close(p.stop)
	}
}

// bucket finds or makes a bucket. p.mu is held (or p is new).
func (p *Pacer) bucket(name string) *bucket {
	b := p.buckets[name]
	if b == nil {
		b = &bucket{name: name, reserve: p.reserve, odd: map[string]int{}}
		p.buckets[name] = b
	}
	return b
}

// Lane is who a call is for: Urgent, or a request's ID. Lanes take turns.
type Lane string

const (
	// Urgent is the lane of calls that a person waits for. It goes first.
	Urgent Lane = ""
	// Held is the lane of a reading on behalf of a slot that is held. It goes before
	// everything else, because that slot waits for it.
	Held Lane = "\x00held"
)

// rank is higher for a lane that goes before others. Lanes of rank 0 take turns.
func (l Lane) rank() int {
	switch l {
	case Held:
		return 2
	case Urgent:
		return 1
	}
	return 0
}

// waiter is one call that waits for its turn.
type waiter struct {
	endpoint endpoint
	bucket   *bucket
	lane     Lane
	wants    wants
	granted  chan struct{} // closed with the grant, or
	err      error         // with the reason why there is none
}

// wants is what a waiter waits for.
type wants int

const (
	both  wants = iota // the pace of its bucket and a place among the calls at once
	pace               // a slot: its call takes a place when it leaves
	place              // of a slot that is about to leave
)

// Grant is the right to send one call: its pace and its place.
type Grant struct {
	pacer  *Pacer
	ctx    context.Context // of whoever asked for it
	bucket *bucket
	lane   Lane
	has    wants
	once   sync.Once
}

// Acquire waits for the turn of a call: name is the bucket that it should draw on,
// kind tells it from other calls on that bucket. slot says that a record is made before
// the call leaves: it gets its place by Start. Nothing has left when it fails, with
// ErrClosed or the context's error.
func (p *Pacer) Acquire(ctx context.Context, name, kind string, l Lane, slot bool) (*Grant, error) {
	e := endpoint{name, kind}
	w := &waiter{endpoint: e, lane: l, granted: make(chan struct{})}
	if slot {
		w.wants = pace
	}
	if err := p.wait(ctx, ctx, w); err != nil {
		return nil, err
	}
	return &Grant{pacer: p, ctx: ctx, bucket: w.bucket, lane: l, has: w.wants}, nil
}

// Start waits for the place of a call that is about to leave. One that it fails has not
// left: the context has ended, or that of whoever asked for the grant.
func (g *Grant) Start(ctx context.Context) error {
	if g.has != pace {
		return nil
	}
	w := &waiter{bucket: g.bucket, lane: g.lane, wants: place, granted: make(chan struct{})}
	if err := g.pacer.wait(ctx, g.ctx, w); err != nil {
		return err
	}
	g.has = both
	return nil
}

// wait waits for a turn, until either context ends or the pacer is closed.
func (p *Pacer) wait(ctx, asked context.Context, w *waiter) error {
	if err := cmp.Or(ctx.Err(), asked.Err()); err != nil {
		return err
	}
	p.mu.Lock()
	if w.wants != place {
		w.bucket = p.bucketOf(w.endpoint)
	}
	p.waiting = append(p.waiting, w)
	p.turnAway(w.bucket, time.Now())
	p.pump(time.Now())
	p.mu.Unlock()

	select {
	case <-w.granted:
	case <-ctx.Done():
	case <-asked.Done():
	case <-p.stop:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, w)
	if i < 0 { // its turn came, if only at the same moment
		return w.err
	}
	p.remove(i)
	return cmp.Or(ctx.Err(), asked.Err(), ErrClosed)
}

// remove takes one who waits away. p.mu is held.
func (p *Pacer) remove(i int) {
	lane := p.waiting[i].lane
	p.waiting = slices.Delete(p.waiting, i, i+1)
	if !slices.ContainsFunc(p.waiting, func(w *waiter) bool { return w.lane == lane }) {
		delete(p.turns, lane)
	}
}

// Bucket names the bucket that the call draws on.
func (g *Grant) Bucket() string { return g.bucket.name }

// Release gives back what was not used. Only the first of Release and Answer counts.
func (g *Grant) Release() {
	g.once.Do(func() {
		p := g.pacer
		p.mu.Lock()
		defer p.mu.Unlock()
		g.bucket.release(time.Now())
		p.calls.count(g.has, -1)
		p.pump(time.Now())
	})
}

// Answer tells what came of the call: name and kind as in Acquire, which a grant taken
// for another kind of call need not share. It returns when the bucket takes the next
// call, if the answer was a 429.
func (g *Grant) Answer(name, kind string, a Answer) (retryAt time.Time) {
	g.once.Do(func() {
		p := g.pacer
		p.mu.Lock()
		g.bucket.pending--
		b, ofWindow := p.placeOf(endpoint{name, kind}, a)
		before := b.ceiling
		b.take(kind, a, ofWindow)
		p.turnAway(b, a.Got)
		p.calls.count(g.has, -1)
		p.calls.answer(a)
		p.pump(time.Now())
		after := b.ceiling
		if a.Throttled {
			retryAt = latest(b.paused, p.calls.paused)
		}
		p.mu.Unlock()
		if p.onCeiling != nil && after != before {
			p.onCeiling(b.name, after)
		}
	})
	return retryAt
}

// turnAway refuses the slots that wait for a place while their bucket is paused. p.mu is held.
func (p *Pacer) turnAway(b *bucket, now time.Time) {
	for i := len(p.waiting) - 1; i >= 0 && b.paused.After(now); i-- {
		if w := p.waiting[i]; w.bucket == b && w.wants == place {
			p.remove(i)
			w.err = ErrPaused
			close(w.granted)
		}
	}
}

// look is what the timer runs.
func (p *Pacer) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pump(time.Now())
}

// pump grants every turn that has come, and sets the timer for the next. p.mu is held.
func (p *Pacer) pump(now time.Time) {
	for !p.closed {
		i, at := p.next(now)
		if i < 0 {
			if !at.IsZero() {
				p.timer.Reset(max(at.Sub(now), 0))
			}
			return
		}
		w := p.waiting[i]
		p.turn++
		p.turns[w.lane] = p.turn
		p.remove(i)
		if w.wants != place {
			w.bucket.grant(now)
		}
		p.calls.count(w.wants, 1)
		close(w.granted)
	}
}

// next is whose turn it is at this moment: who reads for a slot, then what a person
// waits for, then the lane that has waited longest. If it is nobody's, at is when the
// first turn comes by itself.
func (p *Pacer) next(now time.Time) (found int, at time.Time) {
	found = -1
	for i, w := range p.waiting {
		if p.calls.full(w) {
			continue
		}
		when, ok := now, true
		if w.wants != place {
			when, ok = w.bucket.ready(now, w.lane.rank() > 0)
			ok = ok || w.lane == Held // it cannot wait for an answer that may be its slot's
		}
		switch when = latest(when, p.calls.paused); {
		case !ok:
		case when.After(now):
			if at.IsZero() || when.Before(at) {
				at = when
			}
		case found < 0 || p.before(w, p.waiting[found]):
			found = i
		}
	}
	return found, at
}

// before says whether w goes before v, who came earlier.
func (p *Pacer) before(w, v *waiter) bool {
	if a, b := w.lane.rank(), v.lane.rank(); a != b {
		return a > b
	}
	return w.lane.rank() == 0 && p.turns[w.lane] < p.turns[v.lane]
}
