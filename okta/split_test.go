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
