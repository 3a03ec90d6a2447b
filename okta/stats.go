package okta

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"factorbot/okta/pacer"
)

// Stats is what is known of the pacing at a moment, and of Okta's clock.
type Stats struct {
	pacer.Stats
	ClockOffset time.Duration // Okta's clock minus ours
	ClockKnown  bool          // an answer has shown it
}

// BucketStats is one rate-limit bucket.
type BucketStats = pacer.BucketStats

// Stats shows the pacing, and what came of the calls.
func (c *Client) Stats() Stats {
	s := Stats{Stats: c.pacer.Stats()}
	s.ClockOffset, s.ClockKnown = c.Clock()
	c.tally.complete(s.Buckets)
	return s
}

// tally counts what came of calls, and how long they waited for their turn,
// by bucket. A tally that is nil counts nothing.
type tally struct {
	mu      sync.Mutex
	buckets map[string]*bucketTally
}

type bucketTally struct {
	answers map[string]int64
	turns   int64
	waited  time.Duration
}

func newTally() *tally { return &tally{buckets: map[string]*bucketTally{}} }

// bucket finds or makes one. t.mu is held.
func (t *tally) bucket(name string) *bucketTally {
	b := t.buckets[name]
	if b == nil {
		b = &bucketTally{answers: map[string]int64{}}
		t.buckets[name] = b
	}
	return b
}

// count books what came of a call, if it left.
func (t *tally) count(c *exchange) {
	if t == nil || !c.used || c.failed != nil && c.failed.Effect == EffectNone {
		return
	}
	class := "none"
	switch status := c.ans.status; {
	case status == http.StatusTooManyRequests:
		class = "429"
	case status != 0:
		class = strconv.Itoa(status/100) + "xx"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bucket(c.grant.Bucket()).answers[class]++
}

// turn books that a call's turn has come, and how long it took.
func (t *tally) turn(bucket string, waited time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bucket(bucket)
	b.turns++
	b.waited += waited
}

// complete adds what was counted to the pacer's figures.
func (t *tally) complete(buckets []BucketStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range buckets {
		if b := t.buckets[buckets[i].Name]; b != nil {
			buckets[i].Answers, buckets[i].Turns, buckets[i].Waited = maps.Clone(b.answers), b.turns, b.waited
		}
	}
}
