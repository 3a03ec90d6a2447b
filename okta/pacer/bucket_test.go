package pacer

import (
	"testing"
	"time"
)

// sharedBucket is a bucket against a server that grants a share of its limit, in no header.
type sharedBucket struct {
	t      *testing.T
	b      *bucket
	now    time.Time
	limit  int
	share  int
	reset  int64
	window time.Duration
	used   int
	shows  bool          // a 429 shows the share as the limit, with nothing left of it
	passed map[int64]int // calls let through, by window
}

// call sends one call when the bucket lets it go.
func (s *sharedBucket) call() (ok bool) {
	s.t.Helper()
	at, sure := s.b.ready(s.now, false)
	if !sure {
		s.t.Fatal("nothing is out, and it waits for an answer")
	}
	s.now = latest(s.now, at)
	s.b.grant(s.now)
	if !s.now.Before(time.Unix(s.reset, 0)) {
		s.reset, s.used = s.now.Truncate(time.Second).Add(s.window).Unix(), 0
	}
	if ok = s.used < s.share; ok {
		s.used++
		s.passed[s.reset]++
	}
	s.b.pending--
	limit := s.limit
	if s.shows && !ok {
		limit = s.share
	}
	s.b.observe("reset", Answer{
		Sent: s.now, Got: s.now.Add(20 * time.Millisecond), Date: s.now.Truncate(time.Second), Rated: true,
		Limit: limit, Remaining: limit - s.used, Reset: s.reset, Throttled: !ok, Served: ok,
	}, true)
	s.now = s.now.Add(20 * time.Millisecond)
	return ok
}

// run calls for a while.
func (s *sharedBucket) run(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.call()
	}
}

func newSharedBucket(t *testing.T, share int) *sharedBucket {
	return &sharedBucket{t: t, b: &bucket{}, now: time.Unix(1800000000, 0), limit: 100, share: share, window: 10 * time.Second, passed: map[int64]int{}}
}

// TestBucket_share: a share that no header shows is found in the first whole window
// and kept. Each quarter of an hour one call goes above it, whose refusal is no 429 to
// count; when the share is raised it is used within 30 minutes.
func TestBucket_share(t *testing.T) {
	s := newSharedBucket(t, 50)
	s.run(time.Minute)
	if s.b.ceiling.Calls != 47.5 || s.b.throttled != 1 || s.b.probes != 0 {
		t.Fatalf("ceiling %v after %d refusals and %d probes", s.b.ceiling.Calls, s.b.throttled, s.b.probes)
	}
	s.run(3 * time.Hour)
	if s.b.throttled != 1 || s.b.probes < 10 || s.b.probes > 12 || s.b.ceiling.Calls != 47.5 {
		t.Errorf("in three hours %d refusals and %d probes, ceiling %v", s.b.throttled, s.b.probes, s.b.ceiling.Calls)
	}
	s.share = 80
	s.run(30 * time.Minute)
	before := s.reset
	s.run(30 * time.Second)
	for reset, n := range s.passed {
		if reset > before && reset < s.reset && n < 72 {
			t.Errorf("of a share of 80 only %d are used half an hour after it was raised", n)
		}
	}
	if s.b.throttled > 3 {
		t.Errorf("%d refusals", s.b.throttled)
	}
	s.share = 100 // no share any more
	s.run(30 * time.Minute)
	if s.b.ceiling.Calls != 0 {
		t.Errorf("the ceiling stays at %v", s.b.ceiling.Calls)
	}
}

// TestBucket_share_shown: whether a 429 for a share shows it is in no document. Where it
// does, it is found as well.
func TestBucket_share_shown(t *testing.T) {
	s := newSharedBucket(t, 50)
	s.shows = true
	s.run(10 * time.Minute)
	if s.b.ceiling.Calls != 47.5 || s.b.throttled != 1 {
		t.Errorf("ceiling %v after %d refusals", s.b.ceiling.Calls, s.b.throttled)
	}
}

// TestBucket_share_joined_late: a window that we did not see from its start teaches no
// share, and is sat out.
func TestBucket_share_joined_late(t *testing.T) {
	s := newSharedBucket(t, 50)
	s.reset, s.used = s.now.Unix()+7, 45
	for s.call() {
	}
	if s.b.ceiling.Calls != 0 {
		t.Errorf("it taught %v", s.b.ceiling.Calls)
	}
	if at, _ := s.b.ready(s.now, true); at.Before(time.Unix(s.reset, 0)) {
		t.Error("it is not sat out")
	}
}

// TestBucket_urgent: a call that a person waits for does not keep the even pace, but
// what is left bounds it.
func TestBucket_urgent(t *testing.T) {
	s := newSharedBucket(t, 100)
	s.limit, s.b.reserve = 10, 0.2
	s.call()
	for i := range 7 {
		if at, _ := s.b.ready(s.now, false); !at.After(s.now) {
			t.Errorf("call %d of a batch leaves at once", i)
		}
		if at, _ := s.b.ready(s.now, true); at.After(s.now) {
			t.Fatalf("urgent call %d waits %v", i, at.Sub(s.now))
		}
		s.b.grant(s.now)
	}
	if at, _ := s.b.ready(s.now, true); !at.After(s.now) {
		t.Error("the reserve is used")
	}
}

// TestBucket_silent: a 429 that says nothing is waited for, longer each time.
func TestBucket_silent(t *testing.T) {
	b := &bucket{}
	at := time.Unix(1800000000, 0)
	refuse := func(retry time.Duration) time.Duration {
		b.grant(at)
		b.pending--
		b.observe("reset", Answer{Sent: at, Got: at, Throttled: true, Retry: retry}, true)
		next, ok := b.ready(at, false)
		if !ok {
			t.Fatal("waits for ever")
		}
		wait := next.Sub(at)
		at = next
		return wait
	}
	var waits []time.Duration
	for range 9 {
		waits = append(waits, refuse(0))
	}
	if waits[0] != time.Second || waits[1] != 2*time.Second || waits[8] != time.Minute {
		t.Errorf("%v", waits)
	}
	if wait := refuse(7 * time.Second); wait != 7*time.Second {
		t.Errorf("Retry-After 7 is waited for %v", wait)
	}
}

// TestBucket_over: a 429 whose window is over already is waited for, too.
func TestBucket_over(t *testing.T) {
	b, at := &bucket{}, time.Unix(1800000000, 0)
	b.grant(at)
	b.pending--
	b.observe("reset", Answer{Sent: at, Got: at, Date: at, Rated: true, Throttled: true, Limit: 100, Reset: at.Unix() - 30}, true)
	if next, _ := b.ready(at, true); next.Sub(at) < time.Second {
		t.Errorf("it is asked again after %v", next.Sub(at))
	}
}

// TestBucket_late: an answer of a window that is over, which others overtook, says nothing
// of the next one.
func TestBucket_late(t *testing.T) {
	b, at := &bucket{}, time.Unix(1800000000, 0)
	tell := func(remaining int, reset int64) {
		b.grant(at)
		b.pending--
		b.observe("reset", Answer{Sent: at, Got: at, Date: at, Rated: true, Served: true, Limit: 100, Remaining: remaining, Reset: reset}, true)
	}
	tell(99, at.Unix()+2)
	at = at.Add(2 * time.Second)
	tell(99, at.Unix()+10)
	before := b.left()
	tell(1, at.Unix())
	if b.left() != before {
		t.Errorf("%d calls are left, %d were", b.left(), before)
	}
}

// TestBucket_headers_end: a server that shows a limit no longer is paced by none.
func TestBucket_headers_end(t *testing.T) {
	b, at := &bucket{}, time.Unix(1800000000, 0)
	b.observe("reset", Answer{Sent: at, Got: at, Date: at, Rated: true, Served: true, Limit: 10, Remaining: 9, Reset: at.Unix() + 10}, true)
	bare := func() (wait time.Duration) {
		b.observe("reset", Answer{Sent: at, Got: at, Date: at, Served: true}, true)
		b.grant(at)
		b.pending--
		next, _ := b.ready(at, false)
		return next.Sub(at)
	}
	if bare() <= 0 {
		t.Error("one answer without headers, as a gateway gives, is believed while the window is open")
	}
	at = at.Add(10 * time.Second)
	if bare() <= 0 {
		t.Error("one answer without headers is believed as soon as the window is over")
	}
	for range 8 { // a whole window
		at = at.Add(time.Second)
		bare()
	}
	at = at.Add(5 * time.Second)
	if wait := bare(); wait > 0 {
		t.Errorf("it waits for %v", wait)
	}
}

// TestBucket_headers_missed: one answer without headers, right after a window's end, does not
// let everything that waits go at once, and what is known of the limit is not forgotten.
func TestBucket_headers_missed(t *testing.T) {
	s := newSharedBucket(t, 100)
	s.run(25 * time.Second)
	before := s.b.interval(s.now)
	for s.now.Before(s.b.cur.ends) {
		s.now = s.now.Add(100 * time.Millisecond)
	}
	s.b.grant(s.now)
	s.b.pending--
	s.b.observe("reset", Answer{Sent: s.now, Got: s.now, Date: s.now, Served: true}, true)
	at, first := s.now, s.now
	for range 20 {
		next, ok := s.b.ready(at, false)
		if !ok {
			break
		}
		at = latest(at, next)
		s.b.grant(at)
	}
	if at.Sub(first) < 15*before {
		t.Errorf("20 calls leave within %v, where one in %v may", at.Sub(first), before)
	}
}

// A limit whose window's length is not known is believed gone a minute after its end at the
// earliest, and a refusal in between shows that it is not.
func TestBucket_headers_missed_in_the_first_window(t *testing.T) {
	for _, refused := range []bool{false, true} {
		s := newSharedBucket(t, 100)
		s.b.cur, s.b.length = window{reset: s.now.Unix(), ends: s.now}, 0
		bare := Answer{Served: true}
		for i := range 4 {
			if s.now = s.now.Add(20 * time.Second); refused && i == 2 {
				bare = Answer{Throttled: true}
			}
			bare.Sent, bare.Got, bare.Date = s.now, s.now, s.now
			s.b.observe("reset", bare, true)
			if bare = (Answer{Served: true}); i < 2 && s.b.cur.reset == 0 {
				t.Errorf("the limit is forgotten %v after its window", s.now)
			}
		}
		if forgotten := s.b.cur.reset == 0; forgotten == refused {
			t.Errorf("refused in between %t, forgotten %t", refused, forgotten)
		}
	}
}
