package pacer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrClosed says that the pacer was closed while a call waited.
var ErrClosed = errors.New("pacer: closed")

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
// Its one goroutine only wakes at the next moment at which somebody's turn comes.
type Pacer struct {
	reserve   float64
	onCeiling func(string, Ceiling)

	mu      sync.Mutex
	closed  bool
	clock   clock
	buckets map[string]*bucket
	queues  map[*bucket]*queue
	turns   []*bucket // the longest without a grant first
	moved   map[endpoint]*bucket
	calls   concurrency

	wake chan struct{} // run must look again; holds one
	stop chan struct{}
	done chan struct{}
}

// New starts a pacer. Close must follow.
func New(opt Options) *Pacer {
	p := &Pacer{
		reserve: float64(opt.Reserve) / 100, onCeiling: opt.OnCeiling, calls: concurrency{most: opt.Places, now: opt.Places},
		buckets: map[string]*bucket{}, queues: map[*bucket]*queue{}, moved: map[endpoint]*bucket{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	for name, c := range opt.Ceilings {
		if c.Calls > 0 {
			p.bucket(name).ceiling = c
		}
	}
	go p.run()
	return p
}

// bucket finds or makes a bucket. p.mu is held (or p is new).
func (p *Pacer) bucket(name string) *bucket {
	b := p.buckets[name]
	if b == nil {
		b = &bucket{name: name, reserve: p.reserve}
		p.buckets[name] = b
		p.queues[b] = &queue{}
		p.turns = append(p.turns, b)
	}
	return b
}

// Grant is the right to send one call now: its pace and its place.
type Grant struct {
	pacer  *Pacer
	bucket *bucket
	mode   mode
	ctx    context.Context // of whoever asked for it
	once   sync.Once
}

// Acquire waits for the turn of a call: name is the bucket that it should draw on,
// kind tells it from other calls on that bucket. slot says that the call leaves only
// after a record of it was made. Nothing has left when it fails, with ErrClosed or the
// context's error.
func (p *Pacer) Acquire(ctx context.Context, name, kind string, l Lane, slot bool) (*Grant, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	e := endpoint{name, kind}
	w := &waiter{endpoint: e, bucket: p.bucketOf(e), lane: l, slot: slot, granted: make(chan struct{})}
	p.queues[w.bucket].push(w)
	p.pump(time.Now())
	p.mu.Unlock()

	select {
	case <-w.granted:
	case <-ctx.Done():
	case <-p.stop:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.gone { // its turn came, if only at the same moment
		return &Grant{pacer: p, bucket: w.bucket, mode: w.mode, ctx: ctx}, nil
	}
	w.gone = true
	p.nudge()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, ErrClosed
}

// Bucket names the bucket that the call draws on.
func (g *Grant) Bucket() string { return g.bucket.name }

// Lane is where a reading waits that the grant is held for: it goes before all other
// calls and uses the grant's place, or waits for one of its own where the grant has
// none, which keeps nobody from it.
func (g *Grant) Lane() Lane {
	g.pacer.mu.Lock()
	defer g.pacer.mu.Unlock()
	if g.mode == standby {
		return Urgent
	}
	return held
}

// Release gives back what was not used. Only the first of Release and Answer counts.
func (g *Grant) Release() {
	g.once.Do(func() {
		p := g.pacer
		p.mu.Lock()
		defer p.mu.Unlock()
		g.bucket.release(time.Now())
		p.calls.leave(g.mode)
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
		b, tells := p.placeOf(endpoint{name, kind}, a)
		before := b.ceiling
		if a.Answered {
			p.clock.observe(a.Sent, a.Got, a.Date)
		}
		if tells {
			b.take(kind, a)
		} else if b.calls++; a.Throttled {
			b.refused(a, false)
		}
		p.calls.leave(g.mode)
		p.calls.answer(a)
		p.pump(time.Now())
		after, tell := b.ceiling, p.onCeiling
		if a.Throttled {
			retryAt = latest(b.paused, p.calls.paused)
		}
		p.mu.Unlock()
		if tell != nil && after != before {
			tell(b.name, after)
		}
	})
	return retryAt
}

// pump grants every turn that has come, and wakes run if there is a later one. p.mu is held.
func (p *Pacer) pump(now time.Time) {
	for {
		p.startWaiting(now)
		w := p.next(now)
		if w == nil {
			break
		}
		p.queues[w.bucket].pop()
		w.bucket.grant(now)
		p.calls.enter(w.mode)
		w.gone = true
		close(w.granted)
		i := slices.Index(p.turns, w.bucket)
		p.turns = append(slices.Delete(p.turns, i, i+1), w.bucket)
	}
	if _, ok := p.due(now); ok {
		p.nudge()
	}
}

// next is whose turn it is at this moment, with the mode that it gets: a person's
// call before a request's, else the bucket that has waited longest.
func (p *Pacer) next(now time.Time) *waiter {
	if p.calls.paused.After(now) {
		return nil
	}
	var found *waiter
	for _, b := range p.turns {
		w := p.queues[b].head()
		if w == nil || found != nil && !w.first() {
			continue
		}
		m, ok := p.room(w, now)
		if !ok {
			continue
		}
		if at, ok := w.ready(now); !ok || at.After(now) {
			continue
		}
		w.mode = m
		if found = w; w.first() {
			break
		}
	}
	return found
}

// nudge makes run look again. p.mu is held.
func (p *Pacer) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// due is when the next turn comes by itself; ok is false if only an answer can bring one.
func (p *Pacer) due(now time.Time) (at time.Time, ok bool) {
	if len(p.calls.starting) > 0 && p.calls.inFlight < p.calls.now {
		at, ok = now, true
	}
	for _, q := range p.queues {
		w := q.head()
		if w == nil {
			continue
		}
		if _, room := p.room(w, now); !room {
			continue
		}
		if t, sure := w.ready(now); sure && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return latest(at, p.calls.paused), ok
}

func (p *Pacer) run() {
	defer close(p.done)
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-p.wake:
		case <-timer.C:
		}
		timer.Reset(p.tick(time.Now()))
	}
}

// tick grants what is due and says how long nothing will be.
func (p *Pacer) tick(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pump(now)
	select { // pump's own nudge: this is the look it asks for
	case <-p.wake:
	default:
	}
	at, ok := p.due(now)
	if !ok {
		return time.Minute
	}
	return min(max(at.Sub(now), 0), time.Minute)
}

// Close ends all waiting and waits for the pacer's goroutine.
func (p *Pacer) Close() {
	p.mu.Lock()
	already := p.closed
	p.closed = true
	if !already {
		close(p.stop)
	}
	p.mu.Unlock()
	<-p.done
}

// Offset is the server's clock minus ours; ok is false before the first answer. It
// is right at once where our clock was set since the last answer.
func (p *Pacer) Offset() (d time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return p.clock.offset() - stepped(now.Round(0).Sub(p.clock.at.Round(0)), now.Sub(p.clock.at)), p.clock.known
}

// Slots is how many slots may be held at this moment: one for each of the calls at
// once, and those that may be on standby.
func (p *Pacer) Slots(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls.now + p.onStandby(p.bucket(name), time.Now())
}
