package okta_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// TestPace_two_buckets: an org that counts resets and readings of factors apart, with
// other limits and windows than the map says. After the first window nothing is
// refused, and the reserve is kept, in each.
func TestPace_two_buckets(t *testing.T) {
	const factors = "/api/v1/users/factors"
	tests := map[string]struct {
		opt   oktasim.Options
		users int
	}{
		"600 and 300 a minute, 20 s apart": {oktasim.Options{
			RateLimit: 600, Window: time.Minute, Limits: map[string]int{factors: 300}, FirstWindow: map[string]time.Duration{factors: 20 * time.Second},
		}, 900},
		"300 and 100 per 6 s, 5 s apart": {oktasim.Options{
			RateLimit: 300, Window: 6 * time.Second, Limits: map[string]int{factors: 100}, FirstWindow: map[string]time.Duration{factors: 5 * time.Second},
		}, 440},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sdk := MustSDK(t)
			synctest.Test(t, func(t *testing.T) {
				opt := tt.opt
				opt.Users, opt.AllActive, opt.Latency = tt.users, true, 50*time.Millisecond
				opt.Buckets = map[string]string{"GET /api/v1/users/{id}/factors": factors}
				org, c := MustOrg(t, opt, okta.Config{SDK: sdk, Reserve: 20})
				var g errgroup.Group
				g.SetLimit(16)
				for _, u := range org.Users()[:tt.users] {
					g.Go(func() error {
						ctx := okta.WithLane(context.Background(), "FR-1")
						if _, err := reset(ctx, c, "FR-1", u.ID); err != nil && !okta.IsKind(err, okta.KindRateLimited) {
							return err
						}
						_, err := c.Factors(ctx, u.ID)
						return err
					})
				}
				if err := g.Wait(); err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{okta.UsersBucket, factors} {
					limit := opt.RateLimit
					if name == factors {
						limit = opt.Limits[factors]
					}
					for i, w := range org.Windows(name) {
						if i > 0 && w.Throttled > 0 || w.Calls > limit*4/5+1 {
							t.Errorf("%s, window %d: %+v", name, i, w)
						}
					}
				}
				if len(c.Stats().Buckets) != 2 {
					t.Errorf("%+v", c.Stats())
				}
			})
		})
	}
}

// TestTake_books_each_step: where an org counts the ends of sessions apart from the resets,
// the slots for them keep that bucket's pace: none is refused after the first window, and
// the reserve is kept.
func TestTake_books_each_step(t *testing.T) {
	const sessions = "/api/v1/users/sessions"
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{
			Users: 400, AllActive: true, Latency: 50 * time.Millisecond, RateLimit: 300, Window: 6 * time.Second, Limits: map[string]int{sessions: 100},
			FirstWindow: map[string]time.Duration{sessions: 5 * time.Second}, Buckets: map[string]string{"DELETE /api/v1/users/{id}/sessions": sessions},
		}, okta.Config{SDK: sdk, Reserve: 20})
		begun := time.Now()
		var g errgroup.Group
		g.SetLimit(16)
		for _, u := range org.Users()[:400] {
			g.Go(func() error {
				if _, err := reset(context.Background(), c, "FR-1", u.ID); err != nil && !okta.IsKind(err, okta.KindRateLimited) {
					return err
				}
				slot, err := c.Take(context.Background(), "FR-1", okta.StepSessions)
				if err != nil {
					return err
				}
				if _, err = c.ClearSessions(context.Background(), slot, time.Now(), u.ID); okta.IsKind(err, okta.KindRateLimited) {
					return nil
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		for name, limit := range map[string]int{okta.UsersBucket: 300, sessions: 100} {
			for i, w := range org.Windows(name) {
				if i > 0 && w.Throttled > 0 || w.Calls > limit*4/5+1 {
					t.Errorf("%s, window %d: %+v", name, i, w)
				}
			}
		}
		if took := time.Since(begun); took > 36*time.Second { // 400 at 80 a window
			t.Errorf("it took %v", took)
		}
	})
}
