package okta_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestDeleteFactor(t *testing.T) {
	ctx := context.Background()
	org, c := MustServe(t, oktasim.Options{KeepCalls: true, Given: []oktasim.User{{Login: "ana@example.com",
		Factors: []oktasim.Factor{{Type: "sms"}, {Type: "push"}, {Type: "signed_nonce"}, {Type: "webauthn"}}}}})
	ana, _ := org.User("ana@example.com")
	factors, err := c.Factors(ctx, ana.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range factors {
		slot, err := c.Take(ctx, "FR-1", okta.StepDelete)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.DeleteFactor(ctx, slot, time.Now(), ana.ID, f.ID, f.Type == "sms")
		if gone := f.Type == "signed_nonce"; gone != okta.IsKind(err, okta.KindNotFound) || (err != nil && !gone) {
			t.Errorf("%s: %v", f.Type, err)
		}
	}
	if left, err := c.Factors(ctx, ana.ID); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	if n := org.Books().Forgotten; n != 1 {
		t.Errorf("%d numbers forgotten", n)
	}
}

func TestClearSessions(t *testing.T) {
	ctx := context.Background()
	org, c := MustServe(t, oktasim.Options{Given: []oktasim.User{{Login: "ana@example.com"}}})
	ana, _ := org.User("ana@example.com")
	slot, err := c.Take(ctx, "FR-1", okta.StepSessions)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ClearSessions(ctx, slot, time.Now(), ana.ID); err != nil || org.Books().Sessions != 1 {
		t.Errorf("%v, %d", err, org.Books().Sessions)
	}
}

func TestSlot(t *testing.T) {
	ctx := context.Background()
	org, c := MustServe(t, oktasim.Options{Users: 3, AllActive: true})
	id := org.Users()[0].ID
	slot, err := c.Take(ctx, "FR-1", okta.StepReset)
	if err != nil {
		t.Fatal(err)
	}
	if n := c.Stats().InFlight; n != 1 {
		t.Errorf("%d in flight", n)
	}
	if _, err := c.ResetFactors(ctx, slot, time.Now(), id); err != nil {
		t.Error(err)
	}
	slot.Release()
	slot.Release()
	_, err = c.ResetFactors(ctx, slot, time.Now(), id)
	if e := failure(t, err); e.Effect != okta.EffectNone {
		t.Errorf("a slot used twice: %+v", e)
	}
	unused, err := c.Take(ctx, "FR-1", okta.StepReset)
	if err != nil {
		t.Fatal(err)
	}
	unused.Release()
	if _, err := c.ResetFactors(ctx, unused, time.Now(), id); failure(t, err).Effect != okta.EffectNone {
		t.Errorf("a released slot: %v", err)
	}
	if n := c.Stats().InFlight; n != 0 || len(org.Resets(id)) != 1 {
		t.Errorf("%d in flight, %d resets", n, len(org.Resets(id)))
	}
}

func TestTake_given_up(t *testing.T) {
	_, c := MustServe(t, oktasim.Options{Users: 3, Latency: 600 * time.Millisecond}) // so slow that no more slots are given than calls at once
	var slots []*okta.Slot
	first, err := c.Take(context.Background(), "FR-1", okta.StepReset)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ResetFactors(context.Background(), first, time.Now(), someone); !okta.IsKind(err, okta.KindNotFound) {
		t.Fatal(err)
	}
	for range 8 {
		s, err := c.Take(context.Background(), "FR-1", okta.StepReset)
		if err != nil {
			t.Fatal(err)
		}
		slots = append(slots, s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waited := make(chan error, 2)
	for _, ctx := range []context.Context{ctx, context.Background()} {
		go func() {
			_, err := c.Take(ctx, "FR-1", okta.StepReset)
			waited <- err
		}()
	}
	cancel()
	if e := failure(t, <-waited); e.Kind != okta.KindCanceled || e.Effect != okta.EffectNone || !errors.Is(e, context.Canceled) {
		t.Errorf("%+v", e)
	}
	c.Close()
	if e := failure(t, <-waited); e.Kind != okta.KindClosed {
		t.Errorf("%+v", e)
	}
	for _, s := range slots {
		s.Release()
	}
}
