package okta_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// TestCeiling: a share that one run found is told, so that the next need not find it again.
func TestCeiling(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		kept := map[string]okta.Ceiling{}
		keep := func(bucket string, c okta.Ceiling) {
			mu.Lock()
			defer mu.Unlock()
			kept[bucket] = c
		}
		found := func() okta.Ceiling {
			mu.Lock()
			defer mu.Unlock()
			return kept[okta.UsersBucket]
		}
		org, c := MustOrg(t, oktasim.Options{Users: 600, AllActive: true, RateLimit: 100, Window: time.Minute, TokenShare: 50,
			Latency: 20 * time.Millisecond}, okta.Config{SDK: sdk, OnCeiling: keep})
		people := org.Users()[:600]
		batch(t, c, "FR-1", people[:200])
		if n := found().Calls; n < 45 || n > 48 || throttled(c) != 1 {
			t.Fatalf("found %v after %d refusals", n, throttled(c))
		}
		<-time.After(time.Minute)
		again := MustClient(t, okta.Config{SDK: sdk, Transport: org.Transport(), Ceilings: map[string]okta.Ceiling{okta.UsersBucket: found()}, OnCeiling: keep})
		batch(t, again, "FR-1", people[200:400])
		if n := throttled(again); n != 0 {
			t.Errorf("%d refusals though the share was known", n)
		}
		set(t, org, "token_share", 80) // it is raised, and there is work for half an hour
		before, begun := found().Calls, time.Now()
		for time.Since(begun) < 30*time.Minute {
			batch(t, again, "FR-1", people[:200])
		}
		if n := found().Calls; n < 70 || before > 48 {
			t.Errorf("half an hour after the share was raised from 50 to 80 the ceiling went from %v to %v", before, n)
		}
		if s := again.Stats(); s.Throttled > 4 || s.Probes > 3 {
			t.Errorf("%d refusals and %d probes", s.Throttled, s.Probes)
		}
	})
}

// TestResetFactors_given_up: what was cancelled before it was sent was not sent.
func TestResetFactors_given_up(t *testing.T) {
	org, c := MustOrg(t, oktasim.Options{Users: 1, AllActive: true}, okta.Config{})
	id := org.Users()[0].ID
	slot, err := c.Take(context.Background(), "FR-1", okta.StepReset)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = c.ResetFactors(ctx, slot, time.Now(), id)
	if e := failure(t, err); e.Effect != okta.EffectNone || e.Kind != okta.KindCanceled || len(org.Resets(id)) != 0 {
		t.Errorf("%+v", e)
	}
	if n := c.Stats().InFlight; n != 0 {
		t.Errorf("%d slots are lost", n)
	}
}
