package okta

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestBucket_share: a share that no header shows is found in the first whole
// window, kept, tried upwards after an hour, and given up where it no longer binds.
func TestBucket_share(t *testing.T) {
	clock := &oktaClock{}
	b := &bucket{}
	at := time.Unix(1800000000, 0)
	step := func(reset int64, used int, throttled bool) {
		at = at.Add(50 * time.Millisecond)
		b.grant(at, clock)
		b.answer(observation{sent: at, got: at.Add(20 * time.Millisecond), answered: true, rated: true, limit: 100,
			remaining: 100 - used, reset: reset, throttled: throttled, served: !throttled}, clock)
	}
	first, second := at.Unix()+10, at.Unix()+20
	step(first, 60, false)
	step(first, 61, true)
	if b.ceiling.Calls != 0 {
		t.Errorf("a window that we joined late taught %v", b.ceiling)
	}
	if got, _ := b.ready(at, clock); !got.After(at.Add(5 * time.Second)) {
		t.Errorf("it was not sat out: %v", got.Sub(at))
	}
	at = time.Unix(first, 0).Add(time.Second)
	for i := range 50 {
		step(second, i+1, false)
	}
	for range 5 {
		step(second, 51, true)
	}
	if b.ceiling.Calls != 47.5 {
		t.Errorf("the ceiling is %v", b.ceiling.Calls)
	}
	if b.probe(at.Add(59 * time.Minute)) {
		t.Error("tried upwards too soon")
	}
	hours := 0
	for ; b.ceiling.Calls > 0 && hours < 100; hours++ {
		at = at.Add(time.Hour + time.Minute)
		before := b.ceiling.Calls
		if !b.probe(at) {
			t.Fatal("not tried upwards")
		}
		if b.ceiling.Calls > before*1.051 {
			t.Errorf("from %v to %v", before, b.ceiling.Calls)
		}
	}
	if hours != 16 {
		t.Errorf("the ceiling went after %d hours", hours)
	}
}

// TestBucket_silent: a 429 that says nothing is waited for, longer each time.
func TestBucket_silent(t *testing.T) {
	clock := &oktaClock{}
	b := &bucket{}
	at := time.Unix(1800000000, 0)
	var waits []time.Duration
	for range 9 {
		b.grant(at, clock)
		b.answer(observation{sent: at, got: at, answered: true, throttled: true}, clock)
		next, ok := b.ready(at, clock)
		if !ok {
			t.Fatal("waits for ever")
		}
		waits = append(waits, next.Sub(at))
		at = next
	}
	if waits[0] != time.Second || waits[1] != 2*time.Second || waits[8] != time.Minute {
		t.Errorf("%v", waits)
	}
	b.grant(at, clock)
	b.answer(observation{sent: at, got: at, answered: true, throttled: true, retry: 7 * time.Second}, clock)
	if next, _ := b.ready(at, clock); next.Sub(at) != 7*time.Second {
		t.Errorf("Retry-After 7 is waited for %v", next.Sub(at))
	}
}

// TestClock: many whole-second dates tell the offset to a fraction of a second.
func TestClock(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, offset := range []time.Duration{0, 730 * time.Millisecond, -5300 * time.Millisecond, time.Hour} {
		c := &oktaClock{}
		at := time.Unix(1800000000, 0)
		for range 200 {
			at = at.Add(time.Duration(r.IntN(300)) * time.Millisecond)
			there, back := time.Duration(r.IntN(40))*time.Millisecond, time.Duration(r.IntN(40))*time.Millisecond
			c.observe(at, at.Add(there+back), at.Add(there+offset).Truncate(time.Second))
		}
		if c.offset.lo > offset || c.offset.hi < offset || c.offset.hi-c.offset.lo > 150*time.Millisecond {
			t.Errorf("%v is taken for %v to %v", offset, c.offset.lo, c.offset.hi)
		}
		at = at.Add(time.Minute) // our clock is set
		for range 200 {
			at = at.Add(time.Duration(r.IntN(300)) * time.Millisecond)
			c.observe(at, at.Add(10*time.Millisecond), at.Add(offset+3*time.Second).Truncate(time.Second))
		}
		if d := c.offset.middle() - offset - 3*time.Second; d.Abs() > 100*time.Millisecond {
			t.Errorf("after the clock was set it is wrong by %v", d)
		}
	}
}

// TestQueue: the urgent first, then the lanes in turn; who gave up is passed over.
func TestQueue(t *testing.T) {
	q := &queue{}
	names := map[*waiter]string{}
	add := func(l Lane, name string) *waiter {
		w := &waiter{}
		names[w] = name
		q.push(l, w)
		return w
	}
	add("FR-1", "a1")
	add("FR-1", "a2")
	gone := add("FR-1", "a3")
	add("FR-2", "b1")
	add("FR-1", "a4")
	add("FR-3", "c1")
	add(Urgent, "u1")
	add("FR-2", "b2")
	gone.gone = true
	if n := q.waiting(); n != 7 {
		t.Errorf("%d wait", n)
	}
	var got []string
	for w, _ := q.head(); w != nil; w, _ = q.head() {
		got = append(got, names[w])
		q.pop()
	}
	if s := fmt.Sprint(got); s != "[u1 a1 b1 c1 a2 b2 a4]" {
		t.Error(s)
	}
}
