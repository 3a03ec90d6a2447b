package slacksim

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// perMinute has the calls a minute of the tiers on docs.slack.dev/apis/web-api/rate-limits.
// Slack promises at least these, and "short bursts" beyond; here a burst is what a
// minute allows. Tier 5 is "special"; its methods allow some hundreds a minute.
var perMinute = map[string]int{"t1": 1, "t2": 20, "t3": 50, "t4": 100, "t5": 600}

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
	if n := perMinute[c.tier]; n > 0 {
		if err := w.takeFrom(c.name, c.now, n, rate.Limit(n)/60); err != nil {
			return err
		}
	}
	if c.name == "chat.postMessage" && c.has("channel") {
		return w.takeFrom(c.name+" "+c.str("channel"), c.now, postBurst, 1)
	}
	return nil
}

func (w *Workspace) takeFrom(key string, now time.Time, burst int, a rate.Limit) error {
	if w.limits[key] == nil {
		w.limits[key] = rate.NewLimiter(a, burst)
	}
	taken := w.limits[key].ReserveN(now, 1)
	if wait := taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
		return &rateLimited{refusal{code: "ratelimited"}, int(math.Ceil(wait.Seconds()))}
	}
	return nil
}
