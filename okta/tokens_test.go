package okta_test

import (
	"context"
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

// spy counts the token requests and keeps their URLs.
type spy struct {
	base   http.RoundTripper
	tokens atomic.Int32
	mu     sync.Mutex
	urls   []string
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/oauth2/v1/token" {
		s.tokens.Add(1)
	}
	s.mu.Lock()
	s.urls = append(s.urls, r.URL.String())
	s.mu.Unlock()
	return s.base.RoundTrip(r)
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
		"DPoP":         {func(o *oktasim.Options) { o.DPoP = true }, okta.KindAuth, "DPoP"},
		"other key":    {func(o *oktasim.Options) { o.ClientKey = &other.PublicKey }, okta.KindAuth, "private key"},
		"other client": {func(o *oktasim.Options) { o.ClientID = "0oa00000000000000002" }, okta.KindAuth, "client ID"},
		"scope":        {func(o *oktasim.Options) { o.Scopes = []string{"okta.users.read"} }, okta.KindScope, "scope"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			opt := base
			tt.change(&opt)
			_, c := MustOrg(t, opt, okta.Config{ClientID: base.ClientID, PrivateKey: text})
			_, err := c.Take(context.Background(), "FR-1")
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
