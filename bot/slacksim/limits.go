package slacksim

import (
	"math"
	"time"
)

// allowance is a token bucket: so many calls at once, so many a second.
type allowance struct {
	left  float64
	burst float64
	rate  float64 // calls a second
	seen  time.Time
}

// take uses one call, or says after how many whole seconds there is one.
func (a *allowance) take(now time.Time) (retryAfter int, ok bool) {
	a.left = math.Min(a.burst, a.left+now.Sub(a.seen).Seconds()*a.rate)
	a.seen = now
	if a.left >= 1 {
		a.left--
		return 0, true
	}
	return max(1, int(math.Ceil((1-a.left)/a.rate))), false
}

// Calls a minute of the tiers on docs.slack.dev/apis/web-api/rate-limits. Slack
// promises at least these, and "short bursts" beyond; here a burst is what a
// minute allows. Tier 5 is "special"; its methods allow some hundreds a minute.
func perMinute(tier string) float64 {
	switch tier {
	case "t1":
		return 1
	case "t2":
		return 20
	case "t3":
		return 50
	case "t4":
		return 100
	}
	return 600
}

// postBurst is how many messages a channel takes at once; then one a second.
// Slack names the second and leaves the burst open.
const postBurst = 10

// rateLimited is a 429.
type rateLimited struct {
	refusal
	seconds int
}

// takeRate counts the call in its bucket: the method's, and for a posted
// message the channel's.
func (w *Workspace) takeRate(c *call) error {
	if w.settings.NoLimits {
		return nil
	}
	if c.tier != "" {
		n := perMinute(c.tier)
		if err := w.takeFrom(c.name, c.now, n, n/60); err != nil {
			return err
		}
	}
	if c.name == "chat.postMessage" && c.has("channel") {
		return w.takeFrom(c.name+" "+c.str("channel"), c.now, postBurst, 1)
	}
	return nil
}

func (w *Workspace) takeFrom(key string, now time.Time, burst, rate float64) error {
	a := w.limits[key]
	if a == nil {
		a = &allowance{left: burst, burst: burst, rate: rate, seen: now}
		w.limits[key] = a
	}
	if seconds, ok := a.take(now); !ok {
		return &rateLimited{refusal{code: "ratelimited"}, seconds}
	}
	return nil
}
