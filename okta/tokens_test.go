package okta_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// spy counts the token requests, but for those that only fetched a nonce, and keeps
// what was sent.
type spy struct {
	base   http.RoundTripper
	tokens atomic.Int32
	mu     sync.Mutex
	urls   []string
	auth   []string // Authorization of the calls of the API
	proofs []string // of all
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.urls = append(s.urls, r.URL.String())
	s.proofs = append(s.proofs, r.Header.Values("DPoP")...)
	if r.URL.Path != "/oauth2/v1/token" {
		s.auth = append(s.auth, r.Header.Get("Authorization"))
	}
	s.mu.Unlock()
	resp, err := s.base.RoundTrip(r)
	if err == nil && r.URL.Path == "/oauth2/v1/token" && resp.Header.Get("DPoP-Nonce") == "" {
		s.tokens.Add(1)
	}
	return resp, err
}

func TestServiceApp(t *testing.T) {
	key, pkcs1, pkcs8 := MustKey(t)
	sdk := MustSDK(t)
	for name, text := range map[string]string{"PKCS#1": pkcs1, "PKCS#8": pkcs8} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				org, err := oktasim.New(oktasim.Options{Users: 30, AllActive: true, Latency: 20 * time.Millisecond, ClientID: "0oa00000000000000001", ClientKey: &key.PublicKey})
				if err != nil {
					t.Fatal(err)
				}
				defer org.Close()
				wire := &spy{base: org.Transport()}
				c := MustClient(t, okta.Config{SDK: sdk, Transport: wire, ClientID: "0oa00000000000000001", PrivateKey: text, PrivateKeyID: "key-1"})
				people := org.Users()[:20]
				resetAll(t, c, people)
				if n := wire.tokens.Load(); n != 1 {
					t.Errorf("%d tokens for 20 first calls", n)
				}
				me, err := c.Me(context.Background())
				if err != nil || me.ID != "0oa00000000000000001" {
					t.Errorf("%+v, %v", me, err)
				}
				<-time.After(56 * time.Minute) // of the hour that a token lasts
				resetAll(t, c, people)
				if n := wire.tokens.Load(); n != 2 {
					t.Errorf("%d tokens, the second before the first expired", n)
				}
				if n := throttled(c); n != 0 {
					t.Errorf("%d calls were throttled", n)
				}
				wire.mu.Lock()
				defer wire.mu.Unlock()
				for _, u := range wire.urls {
					if strings.Contains(u, "assertion") {
						t.Errorf("the assertion is in a URL: %s", u)
					}
				}
			})
		})
	}
}

func resetAll(tb testing.TB, c *okta.Client, people []oktasim.User) {
	tb.Helper()
	var g errgroup.Group
	for _, u := range people {
		g.Go(func() error {
			_, err := reset(context.Background(), c, "FR-1", u.ID)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		tb.Fatal(err)
	}
}

// TestServiceApp_refused: what is wrong with the app is said in words that help.
func TestServiceApp_refused(t *testing.T) {
	key, _, text := MustKey(t)
	other, _, _ := MustKey(t)
	base := oktasim.Options{Users: 3, ClientID: "0oa00000000000000001", ClientKey: &key.PublicKey}
	tests := map[string]struct {
		change func(*oktasim.Options)
		kind   okta.Kind
		advice string
	}{
		"other key":    {func(o *oktasim.Options) { o.ClientKey = &other.PublicKey }, okta.KindAuth, "private key"},
		"other client": {func(o *oktasim.Options) { o.ClientID = "0oa00000000000000002" }, okta.KindAuth, "client ID"},
		"scope":        {func(o *oktasim.Options) { o.Scopes = []string{"okta.users.read"} }, okta.KindScope, "scope"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opt := base
			tt.change(&opt)
			_, c := MustOrg(t, opt, okta.Config{ClientID: base.ClientID, PrivateKey: text})
			_, err := c.Take(context.Background(), "FR-1", okta.StepReset)
			e := failure(t, err)
			if e.Kind != tt.kind || !strings.Contains(e.Advice, tt.advice) || e.Summary == "" {
				t.Errorf("%+v", e)
			}
			if n := c.Stats().InFlight; n != 0 {
				t.Errorf("%d slots are lost", n)
			}
		})
	}
}

// TestServiceApp_revoked: a token that Okta stops taking is replaced.
func TestServiceApp_revoked(t *testing.T) {
	key, _, text := MustKey(t)
	org, err := oktasim.New(oktasim.Options{Users: 3, AllActive: true, ClientID: "0oa00000000000000001", ClientKey: &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	wire := &spy{base: org.Transport()}
	c := MustClient(t, okta.Config{Transport: wire, ClientID: "0oa00000000000000001", PrivateKey: text})
	id := org.Users()[0].ID
	set(t, org, "token_revoked", true)
	if _, err := reset(context.Background(), c, "FR-1", id); err == nil || !okta.IsKind(err, okta.KindAuth, okta.KindScope) {
		t.Errorf("%v", err)
	}
	set(t, org, "token_revoked", false)
	if _, err := reset(context.Background(), c, "FR-1", id); err != nil {
		t.Errorf("after it was mended: %v", err)
	}
}

const appID = "0oa00000000000000001"

// mustApp is an org with a service app, and a client of it behind a spy.
func mustApp(t *testing.T, opt oktasim.Options, sdk *okta.SDK) (*oktasim.Org, *spy, *okta.Client) {
	t.Helper()
	key, _, text := MustKey(t)
	opt.Users, opt.AllActive, opt.ClientID, opt.ClientKey = 30, true, appID, &key.PublicKey
	org, err := oktasim.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(org.Close)
	wire := &spy{base: org.Transport()}
	return org, wire, MustClient(t, okta.Config{SDK: sdk, Transport: wire, ClientID: appID, PrivateKey: text})
}

// TestServiceApp_dpop: an app that demands proofs, and an API that demands nonces in
// them, new ones in between. Every call has its own proof, and the token is bound.
func TestServiceApp_dpop(t *testing.T) {
	org, wire, c := mustApp(t, oktasim.Options{DPoP: true}, nil)
	resetAll(t, c, org.Users()[:10])
	set(t, org, "dpop_nonce", true)
	if _, err := c.Org(context.Background()); err != nil {
		t.Errorf("after the API demanded a nonce: %v", err)
	}
	resetAll(t, c, org.Users()[:10])
	org.NewNonces()
	if _, err := c.Factors(context.Background(), org.Users()[0].ID); err != nil {
		t.Errorf("after the nonce changed: %v", err)
	}
	_, err := reset(context.Background(), c, "FR-1", org.Users()[0].ID)
	if err != nil {
		t.Error(err)
	}
	if n := wire.tokens.Load(); n != 1 {
		t.Errorf("%d tokens", n)
	}
	seen := map[string]bool{}
	for _, proof := range wire.proofs {
		if seen[proof] {
			t.Error("a proof was sent twice")
		}
		seen[proof] = true
	}
	for _, auth := range wire.auth {
		if !strings.HasPrefix(auth, "DPoP eyJ") {
			t.Errorf("%.20s", auth)
		}
	}
}

// A write that meets a new nonce is refused, not in doubt, and another try succeeds.
func TestServiceApp_dpop_nonce_at_a_write(t *testing.T) {
	org, _, c := mustApp(t, oktasim.Options{DPoP: true}, nil)
	id := org.Users()[0].ID
	if _, err := reset(context.Background(), c, "FR-1", id); err != nil {
		t.Fatal(err)
	}
	set(t, org, "dpop_nonce", true)
	_, err := reset(context.Background(), c, "FR-1", id)
	if e := failure(t, err); e.Kind != okta.KindToken || e.Effect != okta.EffectRefused {
		t.Errorf("%+v", e)
	}
	if _, err := reset(context.Background(), c, "FR-1", id); err != nil {
		t.Error(err)
	}
	if n := len(org.Resets(id)); n != 2 {
		t.Errorf("%d resets", n)
	}
}

// TestServiceApp_dpop_nonce_of_each_answer: where each answer demands another nonce of the
// next call, and takes no older one, calls are made one at a time, and all succeed.
func TestServiceApp_dpop_nonce_of_each_answer(t *testing.T) {
	sdk := MustSDK(t)
	key, _, text := MustKey(t)
	synctest.Test(t, func(t *testing.T) {
		org, err := oktasim.New(oktasim.Options{Users: 60, AllActive: true, ClientID: appID, ClientKey: &key.PublicKey, DPoP: true, Latency: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer org.Close()
		var mu sync.Mutex
		calls, refused := 0, 0
		c := MustClient(t, okta.Config{SDK: sdk, ClientID: appID, PrivateKey: text, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Path, "/api/") {
				return org.Transport().RoundTrip(r)
			}
			<-time.After(10 * time.Millisecond)
			mu.Lock()
			good := nonceOf(t, r) == fmt.Sprint("n", calls)
			calls++
			next := fmt.Sprint("n", calls)
			if !good {
				refused++
			}
			mu.Unlock()
			if !good {
				return &http.Response{StatusCode: http.StatusUnauthorized, Request: r, Body: http.NoBody, Header: http.Header{
					"Dpop-Nonce": {next}, "Www-Authenticate": {`DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof"`}}}, nil
			}
			resp, err := org.Transport().RoundTrip(r)
			if err == nil {
				resp.Header.Set("Dpop-Nonce", next)
			}
			return resp, err
		})})
		var all sync.WaitGroup
		for _, u := range org.Users()[:60] {
			all.Go(func() {
				if _, err := c.Factors(okta.WithLane(t.Context(), "FR-2"), u.ID); err != nil {
					t.Errorf("a read: %v", err)
				}
			})
			all.Go(func() {
				_, err := reset(t.Context(), c, "FR-1", u.ID)
				for okta.IsKind(err, okta.KindToken) || okta.IsKind(err, okta.KindLate) { // as the runner does
					_, err = reset(t.Context(), c, "FR-1", u.ID)
				}
				if err != nil {
					t.Errorf("a write: %v", err)
				}
			})
		}
		all.Wait()
		if refused > 40 {
			t.Errorf("%d of %d calls were refused", refused, calls)
		}
	})
}

// nonceOf reads the nonce of a request's proof.
func nonceOf(t *testing.T, r *http.Request) string {
	parts := strings.Split(r.Header.Get("DPoP"), ".")
	var claims struct {
		Nonce string `json:"nonce"`
	}
	if len(parts) != 3 {
		t.Errorf("no proof")
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		t.Errorf("%v: %s", err, raw)
	}
	return claims.Nonce
}

// TestServiceApp_bearer: an org that knows nothing of proofs.
func TestServiceApp_bearer(t *testing.T) {
	key, _, text := MustKey(t)
	org, err := oktasim.New(oktasim.Options{Users: 3, AllActive: true, ClientID: appID, ClientKey: &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	wire := &spy{base: org.Transport()}
	deaf := roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Del("DPoP")
		return wire.RoundTrip(r)
	})
	c := MustClient(t, okta.Config{Transport: deaf, ClientID: appID, PrivateKey: text})
	resetAll(t, c, org.Users()[:3])
	for _, auth := range wire.auth {
		if !strings.HasPrefix(auth, "Bearer eyJ") {
			t.Errorf("%.20s", auth)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestServiceApp_clock: assertions and proofs carry Okta's time, however wrong ours is.
func TestServiceApp_clock(t *testing.T) {
	sdk := MustSDK(t)
	for name, offset := range map[string]string{"ours is behind": "20m", "ours is ahead": "-20m", "by hours": "5h"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				org, _, c := mustApp(t, oktasim.Options{DPoP: true}, sdk)
				set(t, org, "clock_offset", offset)
				resetAll(t, c, org.Users()[:3])
			})
		})
	}
}

// TestServiceApp_expired: a token that Okta no longer takes is replaced. A read goes on
// by itself; a write is refused, which is known, and its next try succeeds.
func TestServiceApp_expired(t *testing.T) {
	org, wire, c := mustApp(t, oktasim.Options{DPoP: true}, nil)
	id := org.Users()[0].ID
	if _, err := c.Factors(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	org.ForgetTokens()
	if _, err := c.Factors(context.Background(), id); err != nil {
		t.Errorf("a read: %v", err)
	}
	org.ForgetTokens()
	_, err := reset(context.Background(), c, "FR-1", id)
	if e := failure(t, err); e.Kind != okta.KindToken || e.Effect != okta.EffectRefused {
		t.Errorf("a write: %+v", e)
	}
	if _, err := reset(context.Background(), c, "FR-1", id); err != nil {
		t.Errorf("its next try: %v", err)
	}
	if n := wire.tokens.Load(); n != 3 || len(org.Resets(id)) != 1 {
		t.Errorf("%d tokens, %d resets", n, len(org.Resets(id)))
	}
}

// TestServiceApp_never_without_a_token: a slot whose token was refused meanwhile sends nothing.
func TestServiceApp_never_without_a_token(t *testing.T) {
	org, wire, c := mustApp(t, oktasim.Options{}, nil)
	id := org.Users()[0].ID
	if _, err := c.Factors(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	slot, err := c.Take(context.Background(), "FR-1", okta.StepReset)
	if err != nil {
		t.Fatal(err)
	}
	set(t, org, "token_revoked", true)
	if _, err := c.Factors(context.Background(), id); !okta.IsKind(err, okta.KindAuth, okta.KindToken) {
		t.Fatal(err)
	}
	_, err = c.ResetFactors(context.Background(), slot, time.Now(), id)
	if e := failure(t, err); e.Effect != okta.EffectNone {
		t.Errorf("%+v", e)
	}
	for _, auth := range wire.auth {
		if scheme, token, _ := strings.Cut(auth, " "); token == "" {
			t.Errorf("%q was sent", scheme)
		}
	}
	if n := c.Stats().InFlight; n != 0 {
		t.Errorf("%d slots are lost", n)
	}
}

// TestServiceApp_not_allowed: 401 E0000015 costs no token.
func TestServiceApp_not_allowed(t *testing.T) {
	org, wire, c := mustApp(t, oktasim.Options{}, nil)
	set(t, org, "disabled", []string{"GET /api/v1/users/{id}/factors"})
	for range 3 {
		if _, err := c.Factors(context.Background(), org.Users()[0].ID); !okta.IsKind(err, okta.KindForbidden) {
			t.Error(err)
		}
	}
	if n := wire.tokens.Load(); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

// TestServiceApp_optional_scopes: what the bot works without may be missing.
func TestServiceApp_optional_scopes(t *testing.T) {
	var granted []string
	for _, scope := range okta.Scopes() {
		if !strings.Contains(scope, "schemas") && !strings.Contains(scope, "orgs") {
			granted = append(granted, scope)
		}
	}
	org, _, c := mustApp(t, oktasim.Options{Scopes: granted}, nil)
	resetAll(t, c, org.Users()[:3])
	if _, err := c.Schema(context.Background()); !okta.IsKind(err, okta.KindScope) {
		t.Error(err)
	}
	grants, err := c.GrantedScopes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range grants {
		if g.Granted != (g.Without == "") {
			t.Errorf("%+v", g)
		}
	}
}
