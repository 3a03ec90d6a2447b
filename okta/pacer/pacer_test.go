package pacer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"factorbot/okta/pacer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is one rate limit of a server, whose windows follow each other.
type limit struct {
	most   int
	window time.Duration
	ends   time.Time
	used   int
	peak   int
	late   int // refused after the first window
	rolled int
	wander bool // the header is what remains, rounded, after a time that is cut off: one window has two ends
}

// reset is the header that names the end of the window.
func (l *limit) reset(now time.Time) int64 {
	if l.wander {
		return now.Unix() + int64(math.Ceil(l.ends.Sub(now).Seconds()))
	}
	return l.ends.Unix()
}

func (l *limit) take(now time.Time) (ok bool) {
	for !now.Before(l.ends) {
		l.ends, l.used = l.ends.Add(l.window), 0
		l.rolled++
	}
	if l.used >= l.most {
		if l.rolled > 1 {
			l.late++
		}
		return false
	}
	l.used++
	l.peak = max(l.peak, l.used)
	return true
}

// server has a limit for each kind of call.
type server struct {
	mu     sync.Mutex
	limits map[string]*limit
}

// call paces one call of a kind and makes it, until it is let through.
func (s *server) call(tb testing.TB, p *pacer.Pacer, kind string, lane pacer.Lane) {
	for {
		g, err := p.Acquire(context.Background(), "users", kind, lane, false)
		if err != nil {
			tb.Error(err)
			return
		}
		a := pacer.Answer{Sent: time.Now(), Rated: true}
		<-time.After(20 * time.Millisecond)
		s.mu.Lock()
		l := s.limits[kind]
		a.Served = l.take(time.Now())
		a.Throttled, a.Limit, a.Remaining, a.Reset, a.Date = !a.Served, l.most, l.most-l.used, l.reset(time.Now()), time.Now().Truncate(time.Second)
		s.mu.Unlock()
		<-time.After(20 * time.Millisecond)
		a.Got = time.Now()
		g.Answer(a)
		if a.Served {
			return
		}
	}
}

// TestPacer_splits: calls that the caller takes for one bucket, and that the server
// counts in two, are told apart by what the answers show. After the first windows
// nothing is refused, the reserve is kept, and neither limit is left unused.
func TestPacer_splits(t *testing.T) {
	tests := map[string]struct {
		resets, factors int
		window, apart   time.Duration
		users           int
	}{
		"600 and 300 a minute, 20 s apart": {600, 300, time.Minute, 20 * time.Second, 1200},
		"300 and 100 per 6 s, 5 s apart":   {300, 100, 6 * time.Second, 5 * time.Second, 440},
		"the same limit, 3 s apart":        {100, 100, 10 * time.Second, 3 * time.Second, 600},
		"other limits, windows together":   {200, 100, 10 * time.Second, 0, 600},
		"the smaller one first":            {60, 240, 10 * time.Second, 4 * time.Second, 400},
		"one bucket after all":             {100, 0, 10 * time.Second, 0, 400},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				reset := &limit{most: tt.resets, window: tt.window, ends: begin.Add(tt.window / 2)}
				factors := reset
				if tt.factors > 0 {
					factors = &limit{most: tt.factors, window: tt.window, ends: begin.Add(tt.window/2 + tt.apart)}
				}
				s := &server{limits: map[string]*limit{"POST reset": reset, "GET factors": factors}}
				p := pacer.New(pacer.Options{Reserve: 20, Concurrency: 8})
				defer p.Close()
				work := make(chan struct{}, tt.users)
				for range tt.users {
					work <- struct{}{}
				}
				close(work)
				var g sync.WaitGroup
				for range 8 {
					g.Go(func() {
						for range work {
							s.call(t, p, "POST reset", "FR-1")
							s.call(t, p, "GET factors", "FR-1")
						}
					})
				}
				g.Wait()
				took := time.Since(begin)
				usable := min(tt.resets, max(tt.factors, tt.resets*(1-min(tt.factors, 1)))) * 4 / 5
				calls := tt.users
				if tt.factors == 0 {
					calls, usable = 2*tt.users, tt.resets*4/5
				}
				ideal := time.Duration(float64(calls) / float64(usable) * float64(tt.window))
				t.Logf("took %v, ideal %v (%.3f); peaks %d and %d", took, ideal, took.Seconds()/ideal.Seconds(), reset.peak, factors.peak)
				for name, l := range s.limits {
					if l.late > 0 || l.peak > l.most*4/5+1 {
						t.Errorf("%s: %d refused after the first window, %d in one window", name, l.late, l.peak)
					}
				}
				if took.Seconds() > 1.08*ideal.Seconds()+tt.window.Seconds() {
					t.Error("too slow")
				}
				if buckets := len(p.Stats().Buckets); buckets != 1+min(tt.factors, 1) {
					t.Errorf("%d buckets: %+v", buckets, p.Stats().Buckets)
				}
			})
		})
	}
}

// TestPacer_splits_by_limit_not_by_kind: two kinds of calls that share the other limit share
// one bucket beside the first, and the reserve of both is kept.
func TestPacer_splits_by_limit_not_by_kind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		resets := &limit{most: 200, window: 10 * time.Second, ends: begin.Add(5 * time.Second)}
		readings := &limit{most: 100, window: 10 * time.Second, ends: begin.Add(8 * time.Second)}
		s := &server{limits: map[string]*limit{"reset": resets, "factors": readings, "roles": readings}}
		p := pacer.New(pacer.Options{Reserve: 20, Concurrency: 8})
		defer p.Close()
		var g sync.WaitGroup
		for range 8 {
			g.Go(func() {
				for range 50 {
					for _, kind := range []string{"reset", "factors", "roles"} {
						s.call(t, p, kind, "FR-1")
					}
				}
			})
		}
		g.Wait()
		if stats := p.Stats(); len(stats.Buckets) != 2 {
			t.Errorf("%d buckets: %+v", len(stats.Buckets), stats.Buckets)
		}
		for name, l := range map[string]*limit{"resets": resets, "readings": readings} {
			if l.late > 0 || l.peak > l.most*4/5+1 {
				t.Errorf("%s: %d refused after the first window, %d in one window", name, l.late, l.peak)
			}
		}
	})
}

// TestPacer_Release: what is given back costs no pace.
func TestPacer_Release(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		l := &limit{most: 100, window: 10 * time.Second, ends: begin.Add(10 * time.Second)}
		s := &server{limits: map[string]*limit{"reset": l}}
		p := pacer.New(pacer.Options{Concurrency: 8})
		defer p.Close()
		for range 200 {
			s.call(t, p, "reset", "FR-1")
			slot, err := p.Acquire(t.Context(), "users", "reset", "FR-1", true)
			if err != nil {
				t.Fatal(err)
			}
			slot.Release()
		}
		if took := time.Since(begin); took > 24*time.Second {
			t.Errorf("200 calls of 100 per 10 s took %v", took)
		}
	})
}

// TestPacer_one_bucket_stays_one: one bucket whose windows end within a second, in
// headers of whole seconds, and answers that overtake each other.
func TestPacer_one_bucket_stays_one(t *testing.T) {
	for i, phase := range []time.Duration{0, 400 * time.Millisecond, 990 * time.Millisecond, 400 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			l := &limit{most: 50, window: 5 * time.Second, ends: time.Now().Add(2*time.Second + phase), wander: i == 3}
			s := &server{limits: map[string]*limit{"a": l, "b": l, "c": l}}
			p := pacer.New(pacer.Options{Concurrency: 8})
			defer p.Close()
			var g sync.WaitGroup
			for _, kind := range []string{"a", "b", "c"} {
				for range 4 {
					g.Go(func() {
						for range 40 {
							s.call(t, p, kind, "FR-1")
						}
					})
				}
			}
			g.Wait()
			if stats := p.Stats(); len(stats.Buckets) != 1 || l.late > 0 {
				t.Errorf("phase %v: %d refused, %+v", phase, l.late, stats.Buckets)
			}
		})
	}
}

// TestPacer_changed_limit: a limit that is changed now and then is seen by one kind of call
// before the others, and splits nothing.
func TestPacer_changed_limit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pacer.New(pacer.Options{Concurrency: 8})
		defer p.Close()
		for change := range 10 {
			reset := time.Now().Unix() + 5
			for i, kind := range []string{"reset", "factors", "reset", "factors"} {
				g, err := p.Acquire(t.Context(), "users", kind, pacer.Urgent, false)
				if err != nil {
					t.Fatal(err)
				}
				now, limit := time.Now(), 100+change
				if i == 0 {
					limit--
				}
				g.Answer(pacer.Answer{Sent: now, Got: now, Date: now.Truncate(time.Second), Served: true, Rated: true, Limit: limit, Remaining: limit - i - 1, Reset: reset})
			}
			<-time.After(5 * time.Second)
		}
		if n := len(p.Stats().Buckets); n != 1 {
			t.Errorf("%d buckets", n)
		}
	})
}

// TestPacer_no_429_is_dropped: whatever window a 429 is of, its kind of call waits for the end
// that it names.
func TestPacer_no_429_is_dropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pacer.New(pacer.Options{Concurrency: 8})
		defer p.Close()
		answer := func(kind string, a pacer.Answer) time.Time {
			g, err := p.Acquire(context.Background(), "users", kind, pacer.Urgent, false)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			a.Sent, a.Got, a.Date, a.Rated = now, now, now.Truncate(time.Second), true
			return g.Answer(a)
		}
		now := time.Now().Unix()
		answer("reset", pacer.Answer{Served: true, Limit: 100, Remaining: 90, Reset: now + 50})
		at := answer("factors", pacer.Answer{Throttled: true, Limit: 40, Reset: now + 30}) // of an earlier end, of another limit
		if wait := time.Until(at); wait < 30*time.Second || wait > 32*time.Second {
			t.Errorf("it is waited for %v", wait)
		}
		if n := p.Stats().Throttled; n != 1 {
			t.Errorf("%d counted", n)
		}
	})
}

// TestPacer_held: a reading on behalf of a slot does not wait for an answer that only that
// slot can bring.
func TestPacer_held(t *testing.T) {
	p := pacer.New(pacer.Options{Concurrency: 1})
	defer p.Close()
	slot, err := p.Acquire(t.Context(), "users", "reset", "FR-1", true)
	if err != nil {
		t.Fatal(err)
	}
	reading, err := p.Acquire(t.Context(), "users", "factors", pacer.Held, false)
	if err != nil {
		t.Fatal(err)
	}
	reading.Release()
	slot.Release()
	if n := p.Stats().InFlight; n != 0 {
		t.Errorf("%d in flight", n)
	}
}

// TestPacer_closed: who waits is let go when the pacer is closed, or when they give up.
func TestPacer_closed(t *testing.T) {
	p := pacer.New(pacer.Options{Concurrency: 1})
	if _, err := p.Acquire(context.Background(), "users", "reset", "FR-1", false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waited := make(chan error, 2)
	for _, ctx := range []context.Context{ctx, context.Background()} {
		go func() {
			_, err := p.Acquire(ctx, "users", "reset", "FR-1", false)
			waited <- err
		}()
	}
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.Close()
	if err := <-waited; !errors.Is(err, pacer.ErrClosed) {
		t.Error(err)
	}
}

// TestPacer_order: readings for a slot first, then calls that a person waits for, then
// the lanes in turn; who gave up is passed over.
func TestPacer_order(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pacer.New(pacer.Options{Concurrency: 1})
		defer p.Close()
		free, err := p.Acquire(t.Context(), "users", "reset", "FR-1", false)
		if err != nil {
			t.Fatal(err)
		}
		free.Answer(pacer.Answer{Sent: time.Now(), Got: time.Now(), Served: true}) // no limit
		busy, err := p.Acquire(t.Context(), "users", "reset", "FR-1", false)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		give, giveUp := context.WithCancel(t.Context())
		wait := func(ctx context.Context, lane pacer.Lane, name string) {
			go func() {
				g, err := p.Acquire(ctx, "users", "reset", lane, false)
				if err != nil {
					return
				}
				order = append(order, name)
				g.Release()
			}()
			synctest.Wait()
		}
		wait(t.Context(), "FR-1", "a1")
		wait(t.Context(), "FR-1", "a2")
		wait(give, "FR-1", "a3")
		wait(t.Context(), "FR-2", "b1")
		wait(t.Context(), "FR-1", "a4")
		wait(t.Context(), "FR-3", "c1")
		wait(t.Context(), pacer.Urgent, "u1")
		wait(t.Context(), "FR-2", "b2")
		if n := p.Stats().Waiting; n != 8 {
			t.Errorf("%d wait", n)
		}
		wait(t.Context(), pacer.Held, "h1")
		giveUp()
		synctest.Wait()
		busy.Release()
		synctest.Wait()
		if got := fmt.Sprint(order); got != "[h1 u1 a1 b1 c1 a2 b2 a4]" {
			t.Error(got)
		}
	})
}
