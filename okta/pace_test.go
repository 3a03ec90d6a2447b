package okta_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// batch resets every user as the runner does: some workers, each with a slot
// of its own, a refusal tried again.
func batch(tb testing.TB, c *okta.Client, lane okta.Lane, users []oktasim.User) time.Duration {
	tb.Helper()
	begin := time.Now()
	work := make(chan string, len(users))
	for _, u := range users {
		work <- u.ID
	}
	close(work)
	var g errgroup.Group
	for range 16 {
		g.Go(func() error {
			for id := range work {
				for {
					_, err := reset(context.Background(), c, lane, id)
					var e *okta.Error
					if errors.As(err, &e) && e.Effect == okta.EffectRefused {
						continue
					}
					if err != nil {
						return err
					}
					break
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		tb.Fatal(err)
	}
	return time.Since(begin)
}

func TestPace(t *testing.T) {
	const users, limit, window = 2000, 100, 10 * time.Second
	tests := []struct {
		name      string
		reserve   int
		settings  map[string]any
		perWindow float64 // calls that are there for us
		over      float64 // of the ideal time
		share429  float64 // of the calls
		peak      int
	}{
		{"no reserve", 0, nil, 100, 1.05, 0, 100},
		{"reserve", 20, nil, 80, 1.05, 0, 80},
		{"others", 0, map[string]any{"taken_by_others": 40}, 60, 1.10, 0.01, 100},
		{"token share", 0, map[string]any{"token_share": 50}, 50, 1.15, 0.01, 50},
		{"okta's clock ahead", 0, map[string]any{"clock_offset": "1730ms"}, 100, 1.05, 0, 100},
		{"okta's clock behind", 0, map[string]any{"clock_offset": -7.4}, 100, 1.05, 0, 100},
		{"slow answers", 0, map[string]any{"latency": "700ms"}, 100, 1.10, 0, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sdk := MustSDK(t)
			synctest.Test(t, func(t *testing.T) {
				org, c := MustOrg(t, oktasim.Options{Users: users, AllActive: true, RateLimit: limit, Window: window,
					Latency: 50 * time.Millisecond}, okta.Config{SDK: sdk, Reserve: tt.reserve})
				for k, v := range tt.settings {
					set(t, org, k, v)
				}
				took := batch(t, c, "FR-1", org.Users()[:users])
				ideal := time.Duration(float64(users) / tt.perWindow * float64(window))
				books := org.Books()
				t.Logf("took %v, ideal %v (%.3f); 429: %d; peak %d", took, ideal, took.Seconds()/ideal.Seconds(), throttled(c), books.Peak[okta.UsersBucket])
				if took.Seconds() > tt.over*ideal.Seconds() {
					t.Errorf("took %v, more than %.2f of the ideal %v", took, tt.over, ideal)
				}
				if n := throttled(c); float64(n) > tt.share429*users {
					t.Errorf("%d calls were answered 429", n)
				}
				if p := books.Peak[okta.UsersBucket]; p > tt.peak {
					t.Errorf("%d of our calls in one window, want at most %d", p, tt.peak)
				}
			})
		})
	}
}

// TestPace_changes has others come and go, and the limit change, while we run.
func TestPace_changes(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		const users = 1500
		org, c := MustOrg(t, oktasim.Options{Users: users, AllActive: true, RateLimit: 100, Window: 10 * time.Second,
			Latency: 50 * time.Millisecond}, okta.Config{SDK: sdk})
		var g errgroup.Group
		stop := make(chan struct{})
		g.Go(func() error {
			for i, change := range []map[string]any{{"taken_by_others": 70}, {"taken_by_others": 0}, {"rate_limit": 40}, {"rate_limit": 200}} {
				select {
				case <-time.After(25 * time.Second):
				case <-stop:
					return fmt.Errorf("over before change %d", i)
				}
				for k, v := range change {
					raw, _ := json.Marshal(v)
					if _, err := org.Set(map[string]json.RawMessage{k: raw}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		took := batch(t, c, "FR-1", org.Users()[:users])
		close(stop)
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		t.Logf("took %v, 429: %d", took, throttled(c))
		if n := throttled(c); n > users/50 {
			t.Errorf("%d calls were answered 429", n)
		}
	})
}

// TestPace_order has three users asked for while many run.
func TestPace_order(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 400, AllActive: true, RateLimit: 100, Window: 10 * time.Second,
			Latency: 50 * time.Millisecond}, okta.Config{SDK: sdk})
		people := org.Users()
		var g errgroup.Group
		g.Go(func() error { batch(t, c, "FR-1", people[:390]); return nil })
		<-time.After(12300 * time.Millisecond)
		if took := batch(t, c, "FR-2", people[390:393]); took > 2*time.Second {
			t.Errorf("three users beside many took %v", took)
		}
		begin := time.Now()
		if _, err := c.Factors(context.Background(), people[395].ID); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 300*time.Millisecond {
			t.Errorf("a call that a person waits for took %v", took)
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestPace_crowded: the 429 for too many calls at once carries a reset a
// minute away, which must not be slept.
func TestPace_crowded(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 200, AllActive: true, Concurrency: 3, Latency: 100 * time.Millisecond}, okta.Config{SDK: sdk})
		took := batch(t, c, "FR-1", org.Users()[:200])
		s := c.Stats()
		t.Logf("took %v, %d calls found the org crowded", took, s.Crowded)
		if took > 30*time.Second || s.Crowded == 0 || s.Crowded > 20 {
			t.Errorf("took %v with %d refusals", took, s.Crowded)
		}
	})
}

// TestPace_unlimited: without rate headers, only the places bound.
func TestPace_unlimited(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 500, AllActive: true, Latency: 50 * time.Millisecond}, okta.Config{SDK: sdk, Concurrency: 8})
		took := batch(t, c, "FR-1", org.Users()[:500])
		if sequential := 500 * 50 * time.Millisecond; took > sequential/7 {
			t.Errorf("took %v, sequentially %v", took, sequential)
		}
		if busiest := org.Books().Busiest; busiest > 8 {
			t.Errorf("%d calls at once", busiest)
		}
	})
}
