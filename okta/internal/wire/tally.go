package wire

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"factorbot/okta/pacer"
)

// Tally counts what came of calls, and how long they waited for their turn,
// by bucket.
type Tally struct {
	mu      sync.Mutex
	buckets map[string]*bucketTally
}

type bucketTally struct {
	answers map[string]int64
	turns   int64
	waited  time.Duration
}

// NewTally makes one that has counted nothing.
func NewTally() *Tally { return &Tally{buckets: map[string]*bucketTally{}} }

// bucket finds or makes one. t.mu is held.
func (t *Tally) bucket(name string) *bucketTally {
	b := t.buckets[name]
	if b == nil {
		b = &bucketTally{answers: map[string]int64{}}
		t.buckets[name] = b
	}
	return b
}

// Count books what came of a call: the status of its answer, 0 for none.
func (t *Tally) Count(bucket string, status int) {
	class := "none"
	switch {
	case status == http.StatusTooManyRequests:
		class = "429"
	case status != 0:
		class = strconv.Itoa(status/100) + "xx"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bucket(bucket).answers[class]++
}

// Turn books that a call's turn has come, and how long it took.
func (t *Tally) Turn(bucket string, waited time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.bucket(bucket)
	b.turns++
	b.waited += waited
}

// Complete adds what was counted to the pacer's figures.
func (t *Tally) Complete(buckets []pacer.BucketStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range buckets {
		if b := t.buckets[buckets[i].Name]; b != nil {
			buckets[i].Answers, buckets[i].Turns, buckets[i].Waited = maps.Clone(b.answers), b.turns, b.waited
		}
	}
}
