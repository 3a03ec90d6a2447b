package okta_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// TestResetFactors_late: begins within 2 s of the record, by both clocks, or not at all.
func TestResetFactors_late(t *testing.T) {
	var hits atomic.Int32
	c := MustHandle(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	now := time.Now()
	for name, asked := range map[string]time.Time{
		"3 s ago":                  now.Add(-3 * time.Second),
		"wall clock went an hour":  now.Round(0).Add(-time.Hour),
		"wall clock was set back":  now.Round(0).Add(time.Hour),
		"a journal without a time": {},
	} {
		slot, err := c.Take(context.Background(), "FR-1", okta.StepReset)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.ResetFactors(context.Background(), slot, asked, someone)
		if e := failure(t, err); e.Effect != okta.EffectNone || e.Kind != okta.KindLate {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d calls were sent", hits.Load())
	}
	if s := c.Stats(); s.InFlight != 0 {
		t.Errorf("%d slots are lost", s.InFlight)
	}
}

// hang is a transport whose server never answers.
type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestResetFactors_end: over within 30 s of the record; and a connection that
// does not come in 2 s means that nothing was sent.
func TestResetFactors_end(t *testing.T) {
	sdk := MustSDK(t)
	unreachable := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	tests := []struct {
		name      string
		transport http.RoundTripper
		after     time.Duration
		effect    okta.Effect
		kind      okta.Kind
	}{
		{"no answer", hang{}, 30 * time.Second, okta.EffectDoubt, okta.KindNetwork},
		{"no connection", unreachable, 2 * time.Second, okta.EffectNone, okta.KindLate},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := MustClient(t, okta.Config{SDK: sdk, Transport: tt.transport})
				asked := time.Now()
				_, err := reset(context.Background(), c, "FR-1", someone)
				if e := failure(t, err); e.Effect != tt.effect || e.Kind != tt.kind {
					t.Errorf("%+v", e)
				}
				if took := time.Since(asked); took != tt.after {
					t.Errorf("given up after %v", took)
				}
			})
		})
	}
}

// TestResetFactors_throttled: a 429 comes back typed, at once, and says when to come again.
func TestResetFactors_throttled(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 20, AllActive: true, RateLimit: 10, Window: 10 * time.Second}, okta.Config{SDK: sdk})
		other := MustClient(t, okta.Config{SDK: sdk, Transport: org.Transport()})
		people := org.Users()
		if _, err := reset(context.Background(), c, "FR-1", people[0].ID); err != nil {
			t.Fatal(err)
		}
		slot, err := c.Take(context.Background(), "FR-1", okta.StepReset)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range people[1:10] { // the others take the rest of the window
			if _, err := reset(context.Background(), other, "", u.ID); err != nil {
				t.Fatal(err)
			}
		}
		_, err = c.ResetFactors(context.Background(), slot, time.Now(), people[11].ID)
		var e *okta.Error
		if !errors.As(err, &e) {
			return // the window had turned meanwhile
		}
		if e.Effect != okta.EffectRefused || e.Kind != okta.KindRateLimited || !e.RetryAt.After(time.Now()) || e.Code != "E0000047" {
			t.Errorf("%+v", e)
		}
		if n := throttled(c); n != 1 {
			t.Errorf("%d counted", n)
		}
	})
}
