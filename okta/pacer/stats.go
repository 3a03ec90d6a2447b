package pacer

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
	Concurrency int   // calls at once that are tried now
	Throttled   int64 // 429s, of every kind but probes'
	Probes      int64 // 429s of calls that tried out whether a share was raised
	Crowded     int64 // those for too many calls at once
}

// BucketStats is one rate-limit bucket.
type BucketStats struct {
	Name      string
	Limit     int // per window; 0: none known
	Remaining int // as the latest answers showed, less what is in flight
	Reset     time.Time
	Window    time.Duration // length; 0: not learned yet
	Ceiling   float64       // calls a window that are ours, if fewer than the limit
	Throttled int64
	Waiting   int

	Answers map[string]int64 // calls by what came of them (Answer.Class)
	Turns   int64            // calls whose turn came, and
	Waited  time.Duration    // how long they waited for it, together
}

// Stats shows the pacing, and what came of the calls.
func (p *Pacer) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Waiting: len(p.waiting), InFlight: p.calls.inFlight + p.calls.slots, Concurrency: p.calls.now, Crowded: p.calls.crowded}
	for _, name := range slices.Sorted(maps.Keys(p.buckets)) {
		b := p.buckets[name]
		bs := BucketStats{Name: name, Ceiling: b.ceiling.Calls, Throttled: b.throttled,
			Answers: maps.Clone(b.answers), Turns: b.turns, Waited: b.waited}
		if b.known && !b.unlimited() {
			bs.Limit, bs.Remaining, bs.Window = b.cur.limit, max(b.cur.limit-b.cur.used-b.pending, 0), b.length
			bs.Reset = time.Unix(b.cur.reset, 0).UTC()
		}
		for _, w := range p.waiting {
			if w.bucket == b {
				bs.Waiting++
			}
		}
		s.Buckets = append(s.Buckets, bs)
		s.Throttled += b.throttled
		s.Probes += b.probes
	}
	return s
}
