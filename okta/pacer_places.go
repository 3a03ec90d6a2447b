package okta

import "time"

// places is how many calls may run at once: all that were configured, fewer
// for a while after Okta said that too many run in the org. That 429 carries a
// reset a minute away which means nothing: what helps is fewer calls at once.
type places struct {
	now     int       // at this moment
	paused  time.Time // nothing leaves before this
	streak  int       // cuts without a success between them
	grown   time.Time // when it last changed
	crowded int64
}

const (
	crowdedPause = 250 * time.Millisecond
	growEvery    = 5 * time.Second
)

// answer takes in one answer; inFlight calls are left, most are allowed.
func (p *places) answer(o observation, inFlight, most int) {
	switch {
	case o.concurrent():
		p.crowded++
		if o.sent.After(p.grown) { // else it left before the last cut, which was for it, too
			p.now = max(min(p.now, inFlight+1)/2, 1)
			p.streak++
		}
		p.paused = latest(p.paused, o.got.Add(crowdedPause<<min(max(p.streak-1, 0), 5)))
		p.grown = o.got
	case o.served:
		p.streak = 0
		if p.now < most && o.got.Sub(p.grown) >= growEvery {
			p.now++
			p.grown = o.got
		}
	}
}
