package okta_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

// mustQueueOf is a client of an org of 100 users behind a turnstile, after a first answer.
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
		s, err := c.Take(soon, "FR-1", okta.StepReset)
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

// TestTake_quick: more slots than calls at once are given only where answers are quick;
// how many, so that nobody waits long for a place.
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
		{"50 ms", oktasim.Options{Latency: 50 * time.Millisecond}, nil, 8, 80},
		{"slow", oktasim.Options{Latency: 600 * time.Millisecond}, nil, 8, 8},
		{"slow of late", oktasim.Options{}, map[string]any{"latency": "600ms"}, 8, 8},
		{"what is left of a limit", oktasim.Options{RateLimit: 20, Window: time.Hour}, nil, 8, 0},
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
				s, org, c := mustQueueOf(t, sdk, oktasim.Options{}, 8)
				ctx, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				var slots []*okta.Slot
				for range 10 {
					slot, err := c.Take(ctx, "FR-1", okta.StepReset)
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

// TestTake_places: slots and reads together never run more calls at once than were
// configured, reads get their turn while many resets wait, and no place is lost.
func TestTake_places(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 100, AllActive: true, Latency: 10 * time.Millisecond}, okta.Config{SDK: sdk, Concurrency: 8})
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
			if d := time.Since(asked); d > 50*time.Millisecond {
				t.Errorf("a read in lane %q took %s", lane, d)
			}
		}
		stop()
		resets.Wait()
		if st, busiest := c.Stats(), org.Books().Busiest; busiest != 8 || st.InFlight != 0 || st.Waiting != 0 {
			t.Errorf("%d at once, %+v", busiest, st)
		}
	})
}

// TestTake_slow: where an answer takes as long as a call has to begin, a slot has its place
// from the start, so no call comes too late.
func TestTake_slow(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 60, AllActive: true, Latency: 2 * time.Second}, okta.Config{SDK: sdk})
		var resets sync.WaitGroup
		for _, u := range org.Users()[:60] {
			resets.Go(func() {
				if _, err := reset(t.Context(), c, "FR-1", u.ID); err != nil {
					t.Error(err)
				}
			})
			resets.Go(func() {
				if _, err := c.Factors(okta.WithLane(t.Context(), "FR-2"), u.ID); err != nil {
					t.Error(err)
				}
			})
		}
		resets.Wait()
	})
}

// TestTake_slow_beside_quick: where resets are slow, quick answers to readings, or to every
// second reset, do not make more slots than can leave in time.
func TestTake_slow_beside_quick(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		var resets atomic.Int64
		c := MustClient(t, okta.Config{SDK: sdk, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			took, body := 10*time.Millisecond, "[]"
			if r.Method == http.MethodPost {
				if body = ""; resets.Add(1)%2 > 0 {
					took = 900 * time.Millisecond
				}
			}
			<-time.After(took)
			return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})})
		if _, err := reset(t.Context(), c, "FR-1", someone); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 80 {
			all.Go(func() {
				if _, err := reset(t.Context(), c, "FR-1", someone); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				for range 3 {
					if _, err := c.Factors(okta.WithLane(t.Context(), "FR-2"), someone); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
	})
}

// TestTake_refused_meanwhile: slots that were given before Okta said 429 do not leave
// into it. They are refused by us, so that whoever holds them waits for another.
func TestTake_refused_meanwhile(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		refusing, calls, refused := false, 0, 0
		c := MustClient(t, okta.Config{SDK: sdk, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-time.After(5 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			calls++
			resp := &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{}, Body: http.NoBody}
			if refusing {
				refused++
				resp.StatusCode = http.StatusTooManyRequests
				resp.Header.Set("Retry-After", "5")
			}
			return resp, nil
		})})
		for range 3 {
			if _, err := reset(t.Context(), c, "FR-1", someone); err != nil {
				t.Fatal(err)
			}
		}
		slots := takeAll(t, context.Background(), c)
		if len(slots) < 100 {
			t.Fatalf("%d slots", len(slots))
		}
		mu.Lock()
		refusing, calls = true, 0
		mu.Unlock()
		var all sync.WaitGroup
		for _, slot := range slots {
			all.Go(func() {
				_, err := c.ResetFactors(context.Background(), slot, time.Now(), someone)
				if e := failure(t, err); e.Kind != okta.KindRateLimited || e.Effect != okta.EffectRefused {
					t.Errorf("%+v", e)
				}
			})
		}
		all.Wait()
		mu.Lock()
		defer mu.Unlock()
		if refused > 8 {
			t.Errorf("%d calls left into the refusal", refused)
		}
		if n := c.Stats().Buckets[0].Answers["429"]; n != int64(refused) || c.Stats().InFlight != 0 {
			t.Errorf("%d are counted, %d in flight", n, c.Stats().InFlight)
		}
	})
}
