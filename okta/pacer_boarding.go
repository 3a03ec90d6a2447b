package okta

import (
	"context"
	"slices"
	"time"
)

// seat is how a grant stands to the places of calls at once.
type seat int

const (
	seated   seat = iota + 1 // it has a place
	standing                 // it gets one when it leaves
	riding                   // it uses another grant's
)

const (
	// quickAnswer is the longest an answer takes where slots may stand.
	quickAnswer = 20 * time.Millisecond
	// standMost is how many slots may stand, and standWait how long the last of
	// them may have to wait for its place as far as answers of late tell.
	standMost = 120
	standWait = 500 * time.Millisecond
	// roomyRate is how many calls a second a limit must leave to us where slots
	// stand: about what the places do while each is held during a disk's fsync.
	// Okta's own limits are far below (okta-rate-limit-buckets.tsv, per minute).
	roomyRate = 1000
	// boardRun is after how many boarders another call gets a place, if one waits.
	boardRun = 16
)

// boarding is who was given a slot without a place. While a slot's record is
// made, nothing is sent; where Okta answers faster than a disk does and its limits
// are far away, the places would be held by those who write. So there, and only
// there, more slots are given than there are places, and a call takes its place
// when it leaves. As answers are quick, its wait is short, and who has not left
// within 2 s of the record does not leave (see watch). With a limit that sets the
// pace, or slow answers, nobody stands.
type boarding struct {
	standing int
	queue    []*boarder
	run      int           // places given to boarders since another call got one
	usual    time.Duration // what an answer takes of late; 0: nothing is known
}

// boarder is a call that waits for its place, its record made.
type boarder struct {
	grant *grant
	in    chan struct{} // closed with the place
}

// answer learns how long answers take: at once from a slow one, slowly from quick ones.
func (b *boarding) answer(o observation) {
	took := max(o.got.Sub(o.sent), 1)
	if !o.served || took > quickAnswer {
		b.usual = max(b.usual, took, 2*quickAnswer)
		return
	}
	if b.usual == 0 {
		b.usual = took
	}
	b.usual += (took - b.usual) / 8
}

// stands is how many slots of the bucket may be given without a place: none, unless
// only the calls at once are to be kept, and they are short. p.mu is held.
func (p *pacer) stands(b *bucket, now time.Time) int {
	usual := p.boarding.usual
	if usual <= 0 || usual > quickAnswer || p.places.now != p.most || !b.roomy(now, &p.clock, roomyRate) {
		return 0
	}
	return int(min(standMost, time.Duration(p.most)*standWait/usual))
}

// slots is how many slots may be held at this moment, those with a place among them.
func (p *pacer) slots(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.places.now + p.stands(p.bucket(name), time.Now())
}

// room finds what a waiter's grant could have of the places. p.mu is held.
func (p *pacer) room(w *waiter, now time.Time) (seat, bool) {
	if w.rider {
		return riding, true
	}
	if w.slot {
		if n := p.stands(w.bucket, now); n > 0 {
			return standing, p.boarding.standing < n
		}
	}
	free := p.inFlight < p.places.now
	return seated, free && (len(p.boarding.queue) == 0 || w.urgent || p.boarding.run >= boardRun)
}

// sit gives a waiter the seat that was found for it. p.mu is held.
func (p *pacer) sit(w *waiter) {
	switch w.seat {
	case standing:
		p.boarding.standing++
	case seated:
		p.inFlight++
		p.boarding.run = 0
	}
}

// board gives places to those who wait to leave, before anybody else gets a grant, but
// for calls that a person waits for and for one of many others. p.mu is held.
func (p *pacer) board(now time.Time) {
	for len(p.boarding.queue) > 0 && p.inFlight < p.places.now && !p.places.paused.After(now) {
		if p.othersTurn(now) {
			return
		}
		w := p.boarding.queue[0]
		p.boarding.queue = p.boarding.queue[1:]
		p.boarding.run++
		p.seat(w.grant)
		close(w.in)
	}
}

// othersTurn reports whether the next place is for a call that is no boarder's. p.mu is held.
func (p *pacer) othersTurn(now time.Time) bool {
	if p.boarding.run < boardRun && !p.urgentWaits() {
		return false
	}
	_, w := p.next(now)
	return w != nil && w.seat == seated
}

func (p *pacer) urgentWaits() bool {
	for _, q := range p.queues {
		if q.front(Urgent) != nil {
			return true
		}
	}
	return false
}

func (p *pacer) seat(g *grant) {
	g.seat = seated
	p.boarding.standing--
	p.inFlight++
}

// lookLane is where a last look for a slot waits: it uses the slot's place, or
// waits for one of its own where the slot has none, which keeps nobody from it.
func (g *grant) lookLane() Lane {
	g.pacer.mu.Lock()
	defer g.pacer.mu.Unlock()
	if g.seat == standing {
		return Urgent
	}
	return lastLook
}

// board takes the place of a call that is about to leave. What fails has not left:
// no place came in time, whoever took the slot has given up, or a limit has shown
// itself since the slot was given.
func (g *grant) board(ctx context.Context, c *call) *Error {
	p := g.pacer
	p.mu.Lock()
	if g.seat != standing {
		p.mu.Unlock()
		return nil
	}
	select {
	case <-g.over:
		p.mu.Unlock()
		return lost(c.op, EffectNone, KindCanceled, "given up before it was sent", context.Canceled)
	default:
	}
	now := time.Now()
	if !g.bucket.roomy(now, &p.clock, roomyRate/2) { // less than it took to get the slot: an ebb is no new limit
		p.mu.Unlock()
		return &Error{Op: c.op, Effect: EffectNone, Kind: KindLate, Summary: "Okta's limits changed after it was recorded, so nothing was sent", Advice: adviceLate}
	}
	w := &boarder{grant: g, in: make(chan struct{})}
	p.boarding.queue = append(p.boarding.queue, w)
	p.board(now)
	if g.seat == seated {
		p.mu.Unlock()
		return nil
	}
	p.nudge()
	p.mu.Unlock()
	return g.await(ctx, c, w)
}

// await waits for the place, 2 s from the record at most.
func (g *grant) await(ctx context.Context, c *call, w *boarder) *Error {
	timer := time.NewTimer(max(beginWithin-elapsed(c.asked, time.Now()), 0))
	defer timer.Stop()
	e := lost(c.op, EffectNone, KindCanceled, "given up before it was sent", context.Canceled)
	select {
	case <-w.in:
		return nil
	case <-timer.C:
		e = &Error{Op: c.op, Effect: EffectNone, Kind: KindLate, Summary: "no place within 2 s of its record, so nothing was sent", Advice: adviceLate}
	case <-ctx.Done():
	case <-g.over:
	}
	p := g.pacer
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.seat == standing {
		p.boarding.queue = slices.DeleteFunc(p.boarding.queue, func(x *boarder) bool { return x == w })
	}
	return e
}
