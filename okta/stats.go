package okta

import (
	"maps"
	"slices"
	"time"
)

// Stats is what the pacer knows at a moment.
type Stats struct {
	Buckets     []BucketStats // by name
	InFlight    int
	Waiting     int
	Places      int   // calls at once that are tried now
	Throttled   int64 // 429s, of every kind
	Crowded     int64 // those for too many calls at once
	ClockOffset time.Duration
	ClockKnown  bool // an answer has shown Okta's clock
}

// BucketStats is one rate-limit bucket.
type BucketStats struct {
	Name      string
	Limit     int // per window; 0: none known
	Remaining int // as the latest answers showed, less what is in flight
	Reset     time.Time
	Window    time.Duration // length; 0: not learned yet
	Ceiling   float64       // calls a window that are ours, if fewer than the limit
	Calls     int64
	Throttled int64
	Waiting   int

	// Answers counts the calls by what came of them: "2xx", "3xx", "4xx" but
	// for "429", "5xx", and "none" for those that left and got no answer.
	Answers map[string]int64
	Turns   int64         // calls whose turn came, and
	Waited  time.Duration // how long they waited for it, together
}

func (p *pacer) stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{InFlight: p.inFlight, Places: p.places.now, Crowded: p.places.crowded, ClockOffset: p.clock.offset.middle(), ClockKnown: p.clock.offset.known}
	for _, name := range slices.Sorted(maps.Keys(p.buckets)) {
		b := p.buckets[name]
		bs := BucketStats{Name: name, Ceiling: b.ceiling.Calls, Calls: b.calls, Throttled: b.throttled, Waiting: p.queues[b].waiting()}
		if b.known && !b.unlimited() {
			bs.Limit, bs.Remaining = b.cur.limit, max(b.cur.limit-b.cur.used-b.pending, 0)
			bs.Reset = time.Unix(b.cur.reset, 0).UTC()
			if d, learned := b.rhythm.length(); learned {
				bs.Window = d
			}
		}
		s.Buckets = append(s.Buckets, bs)
		s.Throttled += b.throttled
		s.Waiting += bs.Waiting
	}
	return s
}
