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
	Reserve     int                // percent of each limit that is left to others
	Concurrency int                // calls at once
	Ceilings    map[string]Ceiling // by bucket, found earlier
	OnCeiling   func(bucket string, c Ceiling)
}

// Pacer gives each call the pace of its bucket and a place among the calls at once,
// both at the same moment, so that nobody holds a place while waiting for the pace.
type Pacer struct {
	reserve   float64
	onCeiling func(string, Ceiling)
	open      context.Context // until Close
	end       context.CancelFunc

	mu      sync.Mutex
	timer   *time.Timer // looks again when the next turn comes by itself
	buckets map[string]*bucket
	moved   map[endpoint]*bucket
	calls   concurrency
	waiting []*Grant     // in the order of their coming
	turns   map[Lane]int // which turn each lane had last
	turn    int
}

// New starts a pacer. Close must follow.
func New(opt Options) *Pacer {
	p := &Pacer{
		reserve: float64(opt.Reserve) / 100, onCeiling: opt.OnCeiling, calls: concurrency{most: opt.Concurrency, now: opt.Concurrency},
		buckets: map[string]*bucket{}, moved: map[endpoint]*bucket{}, turns: map[Lane]int{},
	}
	p.open, p.end = context.WithCancel(context.Background())
	for name, c := range opt.Ceilings {
		p.bucket(name).ceiling = c
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(time.Hour, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.dispatch()
	})
	return p
}

// Close ends all waiting.
func (p *Pacer) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
	p.end()
}

// bucket finds or makes a bucket. p.mu is held (or p is new).
func (p *Pacer) bucket(name string) *bucket {
	b := p.buckets[name]
	if b == nil {
		b = &bucket{name: name, reserve: p.reserve, odd: map[string]int{}, answers: map[string]int64{}}
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

// Grant is the right to send one call: the pace of its bucket, and a place among the
// calls at once. One with the pace alone is a slot: its call takes a place when it leaves.
type Grant struct {
	pacer    *Pacer
	asked    context.Context // of whoever asked for it
	endpoint endpoint
	bucket   *bucket
	lane     Lane
	slot     bool          // the place comes by Start
	paced    bool          // it has the pace
	admitted bool          // it has the place
	turn     chan struct{} // closed when its turn comes, or
	err      error         // with the reason why there is none
	once     sync.Once
}

// Acquire waits for the turn of a call: name is the bucket that it should draw on,
// kind tells it from other calls on that bucket. slot says that a record is made before
// the call leaves: it gets its place by Start. Nothing has left when it fails, with
// ErrClosed or the context's error.
func (p *Pacer) Acquire(ctx context.Context, name, kind string, l Lane, slot bool) (*Grant, error) {
	g := &Grant{pacer: p, asked: ctx, endpoint: endpoint{name, kind}, lane: l, slot: slot}
	if err := g.wait(ctx); err != nil {
		return nil, err
	}
	return g, nil
}

// Start waits for the place of a call that is about to leave. One that it fails has not
// left: the context has ended, or that of whoever asked for the grant, or its bucket is
// paused.
func (g *Grant) Start(ctx context.Context) error {
	if g.admitted {
		return nil
	}
	return g.wait(ctx)
}

// wait waits for the grant's turn to get what it has not got yet.
func (g *Grant) wait(ctx context.Context) error {
	if err := cmp.Or(ctx.Err(), g.asked.Err()); err != nil {
		return err
	}
	p := g.pacer
	p.mu.Lock()
	g.turn = make(chan struct{})
	p.waiting = append(p.waiting, g)
	p.dispatch()
	p.mu.Unlock()

	select {
	case <-g.turn:
	case <-ctx.Done():
	case <-g.asked.Done():
	case <-p.open.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, g); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return cmp.Or(ctx.Err(), g.asked.Err(), ErrClosed)
	}
	return g.err // its turn came, if only at the same moment
}

// CountTurn counts, for Stats, a call whose turn has come, and that waited for it since then.
func (g *Grant) CountTurn(since time.Time) {
	g.pacer.mu.Lock()
	defer g.pacer.mu.Unlock()
	g.bucket.turns++
	g.bucket.waited += time.Since(since)
}

// Release gives back what was not used. Only the first of Release and Answer counts.
func (g *Grant) Release() {
	g.once.Do(func() {
		p := g.pacer
		p.mu.Lock()
		defer p.mu.Unlock()
		g.bucket.release(time.Now())
		p.calls.add(g, -1)
		p.dispatch()
	})
}

// Answer tells what came of the call. It returns when the bucket takes the next call, if
// the answer was a 429.
func (g *Grant) Answer(a Answer) (retryAt time.Time) {
	g.once.Do(func() {
		p := g.pacer
		p.mu.Lock()
		g.bucket.pending--
		g.bucket.answers[a.Class]++
		b, ofWindow := p.bucketFor(g.endpoint, a)
		before := b.ceiling
		b.observe(g.endpoint.kind, a, ofWindow)
		p.calls.add(g, -1)
		p.calls.observe(a, g.slot)
		p.dispatch()
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

// dispatch grants every turn that has come, and sets the timer for the next. p.mu is held.
func (p *Pacer) dispatch() {
	for now := time.Now(); p.open.Err() == nil; {
		i, at := p.next(now)
		if i < 0 {
			if !at.IsZero() {
				p.timer.Reset(at.Sub(now))
			}
			return
		}
		g := p.waiting[i]
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.give(g, now)
		if p.turn++; len(p.waiting) > 0 {
			p.turns[g.lane] = p.turn
		} else {
			clear(p.turns)
		}
		close(g.turn)
	}
}

// give is a grant's turn: it gets the pace, or the place that a slot waits for. p.mu is held.
func (p *Pacer) give(g *Grant, now time.Time) {
	switch {
	case !g.paced:
		g.bucket.grant(now)
		g.paced, g.admitted = true, !g.slot
		p.calls.add(g, 1)
	case g.bucket.paused.After(now): // it would meet the same 429
		g.err = ErrPaused
	default:
		p.calls.add(g, -1)
		g.admitted = true
		p.calls.add(g, 1)
	}
}

// next is whose turn it is at this moment: who reads for a slot, then what a person
// waits for, then the lane that has waited longest. If it is nobody's, at is when the
// first turn comes by itself.
func (p *Pacer) next(now time.Time) (found int, at time.Time) {
	found = -1
	for i, g := range p.waiting {
		if !g.paced { // who waits goes along when a bucket splits
			g.bucket = p.bucketOf(g.endpoint)
		}
		if p.calls.full(g) {
			continue
		}
		when, ok := now, true
		if !g.paced {
			when, ok = g.bucket.ready(now, g.lane.rank() > 0)
			ok = ok || g.lane == Held // it cannot wait for an answer that may be its slot's
		}
		switch when = latest(when, p.calls.paused); {
		case !ok:
		case when.After(now):
			if at.IsZero() || when.Before(at) {
				at = when
			}
		case found < 0 || p.before(g, p.waiting[found]):
			found = i
		}
	}
	return found, at
}

// before says whether g goes before h, who came earlier.
func (p *Pacer) before(g, h *Grant) bool {
	if a, b := g.lane.rank(), h.lane.rank(); a != b {
		return a > b
	}
	return g.lane.rank() == 0 && p.turns[g.lane] < p.turns[h.lane]
}
