package okta_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// turnstile counts the calls in flight, and can hold them back.
type turnstile struct {
	base http.RoundTripper

	mu        sync.Mutex
	held      chan struct{} // nil: nobody is held back
	now, most int
	sent      int
}

func (s *turnstile) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.now++
	s.sent++
	s.most = max(s.most, s.now)
	held := s.held
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	if held != nil {
		select {
		case <-held:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	return s.base.RoundTrip(req)
}

func (s *turnstile) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = make(chan struct{})
}

func (s *turnstile) counted() (most, sent int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most, s.sent
}

// mustQueue is a client of an org of 100 users behind a turnstile, after a first
// answer, with the usual eight calls at once.
func mustQueue(t *testing.T, sdk *okta.SDK, opt oktasim.Options) (*turnstile, *oktasim.Org, *okta.Client) {
	return mustQueueOf(t, sdk, opt, 8)
}

func mustQueueOf(t *testing.T, sdk *okta.SDK, opt oktasim.Options, atOnce int) (*turnstile, *oktasim.Org, *okta.Client) {
	opt.Users, opt.AllActive = 100, true
	org, err := oktasim.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(org.Close)
	s := &turnstile{base: org.Transport()}
	c := MustClient(t, okta.Config{SDK: sdk, Transport: s, Concurrency: atOnce})
	for _, u := range org.Users()[:3] {
		if _, err := reset(t.Context(), c, "FR-1", u.ID); err != nil {
			t.Fatal(err)
		}
	}
	return s, org, c
}

// takeAll takes slots until none is given within a moment.
func takeAll(t *testing.T, ctx context.Context, c *okta.Client) []*okta.Slot {
	var slots []*okta.Slot
	for {
		soon, giveUp := context.WithCancel(ctx)
		timer := time.AfterFunc(200*time.Millisecond, giveUp)
		s, err := c.Take(soon, "FR-1")
		timer.Stop()
		if err != nil {
			giveUp()
			if e := failure(t, err); e.Effect != okta.EffectNone {
				t.Errorf("%+v", e)
			}
			return slots
		}
		t.Cleanup(giveUp)
		slots = append(slots, s)
	}
}

// TestTake_quick: more slots than places are given only where answers are quick
// and no limit is near; how many, so that nobody waits long for a place.
func TestTake_quick(t *testing.T) {
	tests := []struct {
		name   string
		opt    oktasim.Options
		set    map[string]any
		atOnce int
		want   int
	}{
		{"quick, no limit", oktasim.Options{}, nil, 8, 120},
		{"quick, one at a time", oktasim.Options{Latency: 10 * time.Millisecond}, nil, 1, 50},
		{"slow", oktasim.Options{Latency: 50 * time.Millisecond}, nil, 8, 8},
		{"slow of late", oktasim.Options{}, map[string]any{"latency": "50ms"}, 8, 8},
		{"a limit", oktasim.Options{RateLimit: 500, Window: time.Second}, nil, 8, 8},
		{"Okta's usual limit", oktasim.Options{RateLimit: 600, Window: time.Minute}, nil, 8, 8},
		{"a limit of late", oktasim.Options{}, map[string]any{"rate_limit": 1000}, 8, 8},
		{"a limit far away", oktasim.Options{RateLimit: 1000000, Window: time.Minute}, nil, 8, 120},
		{"a limit far away, of late", oktasim.Options{}, map[string]any{"rate_limit": 1000000}, 8, 120},
		{"much of a limit for a short time", oktasim.Options{RateLimit: 900, Window: 100 * time.Millisecond}, nil, 8, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sdk := MustSDK(t)
			synctest.Test(t, func(t *testing.T) {
				_, org, c := mustQueueOf(t, sdk, tt.opt, tt.atOnce)
				for key, value := range tt.set {
					set(t, org, key, value)
					if _, err := reset(t.Context(), c, "FR-1", org.Users()[4].ID); err != nil {
						t.Fatal(err)
					}
				}
				slots := takeAll(t, t.Context(), c)
				if len(slots) != tt.want {
					t.Errorf("%d slots, want %d", len(slots), tt.want)
				}
				for _, s := range slots {
					s.Release()
				}
				if again := takeAll(t, t.Context(), c); len(again) != tt.want {
					t.Errorf("%d slots after all were given back, want %d", len(again), tt.want)
				}
			})
		})
	}
}

// TestTake_standing: whoever has a slot without a place waits for one, never more
// calls are in flight than there are places, and all come through.
func TestTake_standing(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		s, org, c := mustQueue(t, sdk, oktasim.Options{})
		set(t, org, "latency", "100ms")
		var g errgroup.Group
		for i := range 24 {
			slot, err := c.Take(t.Context(), "FR-1")
			if err != nil {
				t.Fatal(err)
			}
			g.Go(func() error {
				_, err := c.ResetFactors(context.Background(), slot, time.Now(), org.Users()[i+4].ID)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		if most, sent := s.counted(); most != 8 || sent != 27 {
			t.Errorf("%d at once, %d sent", most, sent)
		}
		if st := c.Stats(); st.InFlight != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestTake_stranded: a call whose place does not come has not left: neither
// after 2 s nor when whoever took the slot has given up.
func TestTake_stranded(t *testing.T) {
	tests := []struct {
		name string
		act  func(giveUp func())
		want okta.Kind
	}{
		{"too late", func(func()) {}, okta.KindLate},
		{"given up", func(giveUp func()) { giveUp() }, okta.KindCanceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sdk := MustSDK(t)
			synctest.Test(t, func(t *testing.T) {
				s, org, c := mustQueue(t, sdk, oktasim.Options{})
				ctx, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				var slots []*okta.Slot
				for range 10 {
					slot, err := c.Take(ctx, "FR-1")
					if err != nil {
						t.Fatal(err)
					}
					slots = append(slots, slot)
				}
				s.hold()
				_, before := s.counted()
				began := time.Now()
				errs := make([]error, len(slots))
				var wg sync.WaitGroup
				for i, slot := range slots {
					wg.Go(func() { _, errs[i] = c.ResetFactors(context.Background(), slot, began, org.Users()[i+4].ID) })
				}
				synctest.Wait()
				tt.act(giveUp)
				synctest.Wait()
				<-time.After(beginsWithin)
				if _, sent := s.counted(); sent-before != 8 {
					t.Errorf("%d were sent", sent-before)
				}
				close(s.held)
				wg.Wait()
				stranded := 0
				for _, err := range errs {
					if err == nil {
						continue
					}
					stranded++
					if e := failure(t, err); e.Kind != tt.want || e.Effect != okta.EffectNone {
						t.Errorf("%+v", e)
					}
				}
				if stranded != 2 || c.Stats().InFlight != 0 {
					t.Errorf("%d stranded, %d in flight", stranded, c.Stats().InFlight)
				}
			})
		})
	}
}

// beginsWithin is a little more than a call has to begin.
const beginsWithin = 2100 * time.Millisecond

// TestTake_limited: slots given before a limit was seen do not leave under it.
func TestTake_limited(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		_, org, c := mustQueue(t, sdk, oktasim.Options{})
		slots := takeAll(t, context.Background(), c)
		set(t, org, "rate_limit", 100)
		if _, err := c.Roles(t.Context(), org.Users()[5].ID); err != nil { // shows the limit
			t.Fatal(err)
		}
		for _, s := range slots {
			_, err := c.ResetFactors(context.Background(), s, time.Now(), org.Users()[6].ID)
			if e := failure(t, err); e.Kind == okta.KindCanceled || e.Effect != okta.EffectNone {
				t.Errorf("%+v", e)
			}
		}
	})
}

// TestTake_reads: reads get their places while more slots stand than there are places.
func TestTake_reads(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		s, org, c := mustQueue(t, sdk, oktasim.Options{Latency: 10 * time.Millisecond})
		ctx, stop := context.WithCancel(t.Context())
		var resets sync.WaitGroup
		for i := range 100 {
			resets.Go(func() {
				for ctx.Err() == nil {
					_, _ = reset(ctx, c, "FR-1", org.Users()[i].ID)
				}
			})
		}
		<-time.After(time.Second)
		for _, lane := range []okta.Lane{okta.Urgent, "FR-2"} {
			asked := time.Now()
			if _, err := c.User(okta.WithLane(ctx, lane), org.Users()[0].ID); err != nil {
				t.Error(err)
			}
			if d := time.Since(asked); d > 200*time.Millisecond {
				t.Errorf("a read in lane %q took %s", lane, d)
			}
		}
		stop()
		resets.Wait()
		if most, sent := s.counted(); most != 8 || sent < 500 {
			t.Errorf("%d at once, %d sent", most, sent)
		}
	})
}

// TestTake_crowded: who stands while Okta says that too many calls run leaves soon after.
func TestTake_crowded(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		_, org, c := mustQueue(t, sdk, oktasim.Options{})
		slots := takeAll(t, context.Background(), c)[:60]
		set(t, org, "concurrency", 4)
		set(t, org, "latency", "10ms")
		began, late := time.Now(), 0
		var mu sync.Mutex
		var calls sync.WaitGroup
		for i, slot := range slots {
			calls.Go(func() {
				_, err := c.ResetFactors(context.Background(), slot, began, org.Users()[i].ID)
				if err == nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if e := failure(t, err); e.Kind == okta.KindLate {
					late++
				}
			})
		}
		calls.Wait()
		if d := time.Since(began); late > 0 || d > 1500*time.Millisecond {
			t.Errorf("%d came too late; it took %s", late, d)
		}
	})
}
