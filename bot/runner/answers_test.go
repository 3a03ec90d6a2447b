package runner_test

import (
	"fmt"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// A call that the org does not allow (401 E0000015) is no dead token: no plan is
// rejected and no batch paused by it.
func TestRunner_a_call_that_is_not_allowed_stops_nobody(t *testing.T) {
	for call, outcome := range map[string]reset.Outcome{
		"GET /api/v1/users/{id}/factors":                  reset.OutcomeReset,
		"GET /api/v1/users/{id}/roles":                    reset.OutcomeReset, // the lists tell
		"GET /api/v1/iam/assignees/users":                 reset.OutcomeReset, // the roles tell
		"GET /api/v1/apps":                                reset.OutcomeReset,
		"GET /api/v1/users":                               reset.OutcomeReset, // looked up one by one
		"POST /api/v1/users/{id}/lifecycle/reset_factors": reset.OutcomeFailed,
		"GET /api/v1/users/{id}/groups":                   reset.OutcomeReset,
		"GET /api/v1/meta/schemas/user/{id}":              reset.OutcomeReset,
	} {
		for _, n := range []int{3, 60} {
			if outcome == reset.OutcomeFailed && n > 3 {
				continue // ten failures in a row pause, as they should
			}
			t.Run(fmt.Sprintf("%s of %d", call, n), func(t *testing.T) {
				users, ids := people(n)
				onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
					b.set("disabled", []string{call})
					id := b.open(ids...)
					b.await(id, reset.Pending)
					b.approve(id)
					b.await(id, reset.Done)
					for row, p := range b.results(id) {
						if p.Outcome != outcome || outcome == reset.OutcomeFailed && p.Reason != reset.Forbidden {
							t.Errorf("row %d: %+v", row, p)
						}
					}
				})
			})
		}
	}
}

// A 404 of something before Okta says nothing about a user: it may pass.
func TestRunner_an_edges_404_is_no_missing_user(t *testing.T) {
	for _, path := range []string{"/lifecycle/reset_factors", "/factors", "/roles", ""} {
		t.Run("path "+path, func(t *testing.T) {
			users, ids := people(3)
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				b.org.FailNext("", path, oktasim.Edge, 2)
				id := b.open(ids...)
				b.await(id, reset.Pending)
				b.org.FailNext("", path, oktasim.Edge, 2)
				b.approve(id)
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if p.Outcome != reset.OutcomeReset {
						t.Errorf("row %d: %+v", row, p)
					}
				}
				if n := b.org.Books().NewRemoved; n != 0 {
					t.Errorf("%d new factors removed", n)
				}
			})
		})
	}
}

// A batch of 30 under the limits of a small tenant, 50 calls a minute and 10 for
// applications: nothing is refused, the reserve is kept, and it takes little longer than
// the limit makes it.
func TestRunner_small_tenant(t *testing.T) {
	users, ids := people(30)
	each, some := oktasim.SmallLimits()
	onBench(t, oktasim.Options{Given: users, RateLimit: each, Limits: some, Window: time.Minute, Latency: 80 * time.Millisecond, LogLag: 5 * time.Second}, nil, func(b *bench) {
		began := time.Now()
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.approve(id)
		b.await(id, reset.Done)
		if took := time.Since(began); took > 4*time.Minute {
			t.Errorf("it took %v", took)
		}
		for row, p := range b.results(id) {
			if p.Outcome != reset.OutcomeReset {
				t.Errorf("row %d: %+v", row, p)
			}
		}
		if n := b.client.Stats().Throttled; n != 0 {
			t.Errorf("%d calls were answered 429", n)
		}
	})
}

// Where Okta counts readings of factors apart from resets, with another limit and other
// windows, and each user's are read after the reset, nothing is refused after the first window.
func TestRunner_two_buckets(t *testing.T) {
	const factors = "/api/v1/users/factors"
	users, ids := people(440)
	opt := oktasim.Options{
		Given: users, Latency: 30 * time.Millisecond, RateLimit: 300, Window: 6 * time.Second, Limits: map[string]int{factors: 100},
		Buckets: map[string]string{"GET /api/v1/users/{id}/factors": factors}, FirstWindow: map[string]time.Duration{factors: 5 * time.Second},
	}
	onBench(t, opt, func(r *policy.Rules) { r.Verify = "each" }, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.approve(id)
		b.await(id, reset.Done)
		for row, p := range b.results(id) {
			if p.Outcome != reset.OutcomeReset || p.Proof != reset.ProofFactors {
				t.Errorf("row %d: %+v", row, p)
			}
		}
		for _, bucket := range []string{"/api/v1/users", factors} {
			for i, w := range b.org.Windows(bucket) {
				if i > 0 && w.Throttled > 0 {
					t.Errorf("%s, window %d: %+v", bucket, i, w)
				}
			}
		}
	})
}
