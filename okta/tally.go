package okta

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"
)

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
func (t *tally) count(c *call) {
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
	t.bucket(c.grant.bucket.name).answers[class]++
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
func (t *tally) complete(s *Stats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range s.Buckets {
		if b := t.buckets[s.Buckets[i].Name]; b != nil {
			s.Buckets[i].Answers, s.Buckets[i].Turns, s.Buckets[i].Waited = maps.Clone(b.answers), b.turns, b.waited
		}
	}
}
