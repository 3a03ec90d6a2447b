package okta

import (
	"context"
	"slices"
	"sync"
	"time"
)

// pacer says when a call may leave: it gives each the pace of its bucket and a
// place among the calls at once, both at the same moment, so that nobody holds
// a place while waiting for the pace. Its one goroutine, run, only wakes at
// the next moment at which somebody's turn comes; close waits for it.
type pacer struct {
	reserve   float64
	onCeiling func(string, Ceiling)

	mu       sync.Mutex
	closed   bool
	clock    oktaClock
	buckets  map[string]*bucket
	queues   map[*bucket]*queue
	turns    []*bucket // the longest without a grant first
	most     int       // places at most
	places   places
	inFlight int // grants that have a place
	boarding boarding

	wake chan struct{} // run must look again; holds one
	stop chan struct{}
	done chan struct{}
}

func newPacer(reserve, most int, ceilings map[string]Ceiling, onCeiling func(string, Ceiling)) *pacer {
	p := &pacer{
		reserve: float64(reserve) / 100, onCeiling: onCeiling, most: most, places: places{now: most},
		buckets: map[string]*bucket{}, queues: map[*bucket]*queue{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	for name, c := range ceilings {
		if c.Calls > 0 {
			p.bucket(name).ceiling = c
		}
	}
	go p.run()
	return p
}

// bucket finds or makes a bucket. p.mu is held (or p is new).
func (p *pacer) bucket(name string) *bucket {
	b := p.buckets[name]
	if b == nil {
		b = &bucket{name: name, reserve: p.reserve}
		p.buckets[name] = b
		p.queues[b] = &queue{}
		p.turns = append(p.turns, b)
	}
	return b
}

// grant is the right to send one call now: its pace and its place.
type grant struct {
	pacer  *pacer
	bucket *bucket
	seat   seat
	over   <-chan struct{} // closed when whoever asked for it has given up
	once   sync.Once
}

// leave gives the place back. p.mu is held.
func (g *grant) leave() {
	switch g.seat {
	case seated:
		g.pacer.inFlight--
	case standing:
		g.pacer.boarding.standing--
	}
}

// acquire waits for a turn; slot says that the call leaves only after a
// record of it was made. Nothing has left when it fails.
func (p *pacer) acquire(ctx context.Context, op, name string, l Lane, slot bool) (*grant, error) {
	if err := ctx.Err(); err != nil {
		return nil, lost(op, EffectNone, KindCanceled, "given up before its turn came", err)
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, &Error{Op: op, Effect: EffectNone, Kind: KindClosed, Summary: "the client is closed"}
	}
	b := p.bucket(name)
	w := &waiter{bucket: b, granted: make(chan struct{}), rider: l == lastLook, urgent: l == Urgent, slot: slot}
	p.queues[b].push(l, w)
	p.pump(time.Now())
	p.mu.Unlock()

	select {
	case <-w.granted:
		return &grant{pacer: p, bucket: b, seat: w.seat, over: ctx.Done()}, nil
	case <-ctx.Done():
	case <-p.stop:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.gone { // its turn came at the same moment
		return &grant{pacer: p, bucket: b, seat: w.seat, over: ctx.Done()}, nil
	}
	w.gone = true
	p.nudge()
	if ctx.Err() == nil {
		return nil, &Error{Op: op, Effect: EffectNone, Kind: KindClosed, Summary: "the client is closed"}
	}
	return nil, lost(op, EffectNone, KindCanceled, "given up before its turn came", ctx.Err())
}

// release gives back what was not used. Only the first of release and answer counts.
func (g *grant) release() {
	g.once.Do(func() {
		p := g.pacer
		p.mu.Lock()
		defer p.mu.Unlock()
		g.bucket.unsend(time.Now())
		g.leave()
		p.pump(time.Now())
	})
}

// answer tells what came of the call.
func (g *grant) answer(o observation) {
	g.once.Do(func() {
		p := g.pacer
		p.mu.Lock()
		before := g.bucket.ceiling
		if o.answered {
			p.clock.observe(o.sent, o.got, o.date)
		}
		g.bucket.answer(o, &p.clock)
		g.leave()
		p.places.answer(o, p.inFlight, p.most)
		p.boarding.answer(o)
		p.pump(time.Now())
		after, tell := g.bucket.ceiling, p.onCeiling
		p.mu.Unlock()
		if tell != nil && after != before {
			tell(g.bucket.name, after)
		}
	})
}

// pump grants every turn that has come, and wakes run if there is a later one. p.mu is held.
func (p *pacer) pump(now time.Time) {
	for {
		p.board(now)
		b, w := p.next(now)
		if b == nil {
			break
		}
		p.queues[b].pop()
		b.grant(now, &p.clock)
		p.sit(w)
		w.gone = true
		close(w.granted)
		i := slices.Index(p.turns, b)
		p.turns = append(slices.Delete(p.turns, i, i+1), b)
	}
	if _, ok := p.due(now); ok {
		p.nudge()
	}
}

// next is whose turn it is at this moment: a person's call before a request's,
// else the bucket that has waited longest.
func (p *pacer) next(now time.Time) (*bucket, *waiter) {
	if p.places.paused.After(now) {
		return nil, nil
	}
	var found *bucket
	var first *waiter
	for _, b := range p.turns {
		w, urgent := p.queues[b].head()
		if w == nil || found != nil && !urgent {
			continue
		}
		seat, ok := p.room(w, now)
		if !ok {
			continue
		}
		if at, ok := b.ready(now, &p.clock); !ok || at.After(now) {
			continue
		}
		w.seat = seat
		if urgent {
			return b, w
		}
		found, first = b, w
	}
	return found, first
}

// nudge makes run look again. p.mu is held.
func (p *pacer) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// due is when the next turn comes by itself; ok is false if only an answer can bring one.
func (p *pacer) due(now time.Time) (at time.Time, ok bool) {
	if len(p.boarding.queue) > 0 && p.inFlight < p.places.now {
		at, ok = now, true
	}
	for b, q := range p.queues {
		w, _ := q.head()
		if w == nil {
			continue
		}
		if _, room := p.room(w, now); !room {
			continue
		}
		if t, sure := b.ready(now, &p.clock); sure && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	return latest(at, p.places.paused), ok
}

func (p *pacer) run() {
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
func (p *pacer) tick(now time.Time) time.Duration {
	p.mu.Lock()
	changed := map[string]Ceiling{}
	for name, b := range p.buckets {
		if b.probe(now) {
			changed[name] = b.ceiling
		}
	}
	if b, _ := p.next(now); b != nil || len(p.boarding.queue) > 0 {
		p.pump(now)
		select { // pump's own nudge: this is the look it asks for
		case <-p.wake:
		default:
		}
	}
	at, ok := p.due(now)
	p.mu.Unlock()
	for name, c := range changed {
		if p.onCeiling != nil {
			p.onCeiling(name, c)
		}
	}
	if !ok {
		return time.Minute
	}
	return min(max(at.Sub(now), 0), time.Minute)
}

// close ends all waiting and waits for run.
func (p *pacer) close() {
	p.mu.Lock()
	already := p.closed
	p.closed = true
	if !already {
		close(p.stop)
	}
	p.mu.Unlock()
	<-p.done
}

// offset is Okta's clock minus ours.
func (p *pacer) offset() (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clock.offset.middle(), p.clock.offset.known
}

// retryAt is when a bucket that refused a call takes the next.
func (p *pacer) retryAt(b *bucket) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return latest(b.paused, p.places.paused)
}
