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
	// standMost is how many slots may stand for each place.
	standMost = 3
)

// boarding is who was given a slot without a place. While a slot's record is
// made, nothing is sent; where Okta answers faster than a disk does and has no
// limits to be kept, the places would be held by those who write. So there, and
// only there, some slots more are given than there are places, and a call takes
// its place when it leaves. As answers are quick, its wait is short, and who has
// not left within 2 s of the record does not leave (see watch). With limits to be
// kept, or slow answers, nobody stands.
type boarding struct {
	standing int
	queue    []*boarder
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

// quick says whether slots of the bucket are given without a place: nothing is to
// be kept but the calls at once, and they are short. p.mu is held.
func (p *pacer) quick(b *bucket) bool {
	usual := p.boarding.usual
	return usual > 0 && usual <= quickAnswer && b.unlimited() && p.places.now == p.most
}

// room says whether a waiter could have its grant, as for places. p.mu is held.
func (p *pacer) room(w *waiter) bool {
	switch {
	case w.rider:
		return true
	case w.slot && p.quick(w.bucket):
		return p.boarding.standing < standMost*p.most
	}
	return p.inFlight < p.places.now && len(p.boarding.queue) == 0
}

// sit gives a waiter what it needs of the places. p.mu is held.
func (p *pacer) sit(w *waiter) {
	switch {
	case w.rider:
		w.seat = riding
	case w.slot && p.quick(w.bucket):
		w.seat = standing
		p.boarding.standing++
	default:
		w.seat = seated
		p.inFlight++
	}
}

// board gives places to those who wait to leave, before anybody else gets a grant. p.mu is held.
func (p *pacer) board(now time.Time) {
	for len(p.boarding.queue) > 0 && p.inFlight < p.places.now && !p.places.paused.After(now) {
		w := p.boarding.queue[0]
		p.boarding.queue = p.boarding.queue[1:]
		p.seat(w.grant)
		close(w.in)
	}
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
	if !g.bucket.unlimited() || g.bucket.paused.After(now) {
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
