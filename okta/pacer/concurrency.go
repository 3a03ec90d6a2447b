package pacer

import "time"

// concurrency is how many calls may run at once: all that were configured, fewer
// for a while after the server said that too many run. That 429 carries a reset a
// minute away which means nothing: what helps is fewer calls at once.
type concurrency struct {
	most     int // configured
	now      int // at this moment
	inFlight int
	paused   time.Time // nothing leaves before this
	changed  time.Time // when now was
	crowded  int64

	slots   int           // granted, and not left yet
	latency time.Duration // what the answer to a slot's call takes of late; 0: nothing is known
}

const (
	crowdedPause = 250 * time.Millisecond
	growEvery    = 5 * time.Second

	// While a call is recorded on disk nothing is sent, so more slots may be held than
	// calls may run, as long as the last of them gets its place within slotWait. Without
	// it, 10,000 resets that no limit paces run at half of the rate.
	slotWait  = 500 * time.Millisecond
	mostSlots = 120
)

// slotLimit is how many slots may be held, calls in flight counted too.
func (c *concurrency) slotLimit() int {
	if c.latency == 0 || c.now < c.most {
		return c.now
	}
	return max(c.now, min(mostSlots, int(time.Duration(c.now)*slotWait/c.latency)))
}

// full says whether what a call wants is not to be had at this moment. Where answers are
// slow each slot keeps a place free, for itself or for a reading that it waits for.
func (c *concurrency) full(g *Grant) bool {
	slotOnly := g.slot && !g.paced
	switch most := c.slotLimit(); {
	case !slotOnly && c.inFlight >= c.now:
		return true
	case g.paced || g.lane == Held:
		return false
	default:
		return (slotOnly || most == c.now) && c.slots+c.inFlight >= most
	}
}

// add counts what is granted (1) or given back (-1).
func (c *concurrency) add(g *Grant, n int) {
	if g.admitted {
		c.inFlight += n
	} else {
		c.slots += n
	}
}

// observe takes in one answer, to a slot's call or to another.
func (c *concurrency) observe(a Answer, slot bool) {
	if slot { // a reading may be quicker, and what else a slot is for
		c.latency = max(a.Got.Sub(a.Sent), c.latency-c.latency/8, time.Microsecond)
	}
	switch {
	case a.Crowded():
		c.crowded++
		if a.Sent.After(c.changed) { // else it left before the last cut, which was for it, too
			c.now = max(min(c.now, c.inFlight+1)/2, 1)
			c.paused = a.Got.Add(crowdedPause)
		}
		c.changed = a.Got
	case a.Served && c.now < c.most && a.Got.Sub(c.changed) >= growEvery:
		c.now++
		c.changed = a.Got
	}
}

// Slots is how many slots there is work for: those that are held or used, and as many
// more as there are calls at once, if they may be held.
func (p *Pacer) Slots() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(p.calls.slotLimit(), p.calls.slots+p.calls.inFlight+p.calls.now)
}
