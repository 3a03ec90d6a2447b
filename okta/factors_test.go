package okta_test

import (
	"slices"
	"testing"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestFactorType(t *testing.T) {
	for logged, want := range map[string]string{
		"OKTA_VERIFY_PUSH": "push", "push": "push", "SIGNED_NONCE": "signed_nonce", "OKTA_SOFT_TOKEN": "token:software:totp",
		"Google Authenticator": "token:software:totp", "SMS_FACTOR": "sms", "token:software:totp": "token:software:totp",
		"PALM_READER": "palm_reader", "": "", "ana's phone": "", "=cmd": "", "opf3xyz/../": "",
	} {
		if got := okta.FactorType(logged); got != want {
			t.Errorf("%q: %q, want %q", logged, got, want)
		}
	}
}

// TestFactorType_events: each type comes out of the log as itself.
func TestFactorType_events(t *testing.T) {
	kinds := []string{"call", "push", "question", "signed_nonce", "sms", "token", "token:hardware", "token:hotp",
		"token:software:totp", "u2f", "web", "webauthn"} // all but e-mail, which stays
	ana := oktasim.User{Login: "ana@example.com"}
	for _, kind := range kinds {
		ana.Factors = append(ana.Factors, oktasim.Factor{Type: kind})
	}
	org, c := MustServe(t, oktasim.Options{Engine: oktasim.Identity, Given: []oktasim.User{ana}})
	found, _ := org.User(ana.Login)
	before := time.Now().Add(-time.Minute)
	if _, err := reset(t.Context(), c, "FR-1", found.ID); err != nil {
		t.Fatal(err)
	}
	events, err := c.EventsBetween(t.Context(), before, time.Time{}, "user.mfa.factor.deactivate")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, okta.FactorType(e.Factor))
	}
	slices.Sort(got)
	if !slices.Equal(got, kinds) {
		t.Errorf("%q, want %q", got, kinds)
	}
}
