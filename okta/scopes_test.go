package okta_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestGrantedScopes(t *testing.T) {
	const client = "0oa00000000000000001"
	key, pem, _ := MustKey(t)
	some := []string{"okta.users.read", "okta.groups.read"}
	tests := map[string]struct{ granted, want []string }{
		"all":  {nil, okta.Scopes()},
		"some": {some, some},
		"none": {[]string{"okta.domains.read"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			org, err := oktasim.New(oktasim.Options{Users: 3, ClientID: client, ClientKey: &key.PublicKey, Scopes: tt.granted})
			if err != nil {
				t.Fatal(err)
			}
			defer org.Close()
			wire := &spy{base: org.Transport()}
			c := MustClient(t, okta.Config{Transport: wire, ClientID: client, PrivateKey: pem})
			grants, err := c.GrantedScopes(context.Background())
			if err != nil || len(grants) != len(okta.Scopes()) {
				t.Fatal(grants, err)
			}
			for _, g := range grants {
				if g.Granted != slices.Contains(tt.want, g.Scope) {
					t.Errorf("%+v", g)
				}
			}
			if n := wire.tokens.Load(); name == "all" && n != 1 || n > int32(len(grants))+1 {
				t.Errorf("%d token requests", n)
			}
			if self, ok, err := c.Self(context.Background()); ok || err != nil {
				t.Errorf("a service app is no user: %+v, %v", self, err)
			}
		})
	}
}

// TestGrantedScopes_unknown: a wrong key is no missing scope.
func TestGrantedScopes_unknown(t *testing.T) {
	key, _, _ := MustKey(t)
	_, other, _ := MustKey(t)
	const client = "0oa00000000000000001"
	_, c := MustOrg(t, oktasim.Options{ClientID: client, ClientKey: &key.PublicKey}, okta.Config{ClientID: client, PrivateKey: other})
	if grants, err := c.GrantedScopes(context.Background()); grants != nil || !okta.IsKind(err, okta.KindAuth) {
		t.Errorf("%v, %v", grants, err)
	}
	_, byToken := MustOrg(t, oktasim.Options{}, okta.Config{})
	if grants, err := byToken.GrantedScopes(context.Background()); grants != nil || err != nil {
		t.Errorf("an API token: %v, %v", grants, err)
	}
}

// answering answers each call as the next of its steps says.
type answering struct {
	base  http.RoundTripper
	steps []func(*http.Response) (*http.Response, error)
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.base.RoundTrip(r)
	if err != nil || len(a.steps) == 0 {
		return resp, err
	}
	step := a.steps[0]
	a.steps = a.steps[1:]
	if step == nil {
		return resp, nil
	}
	_ = resp.Body.Close()
	return step(resp)
}

// TestStats_answers: every call is counted once, by what came of it.
func TestStats_answers(t *testing.T) {
	status := func(code int) func(*http.Response) (*http.Response, error) {
		return func(resp *http.Response) (*http.Response, error) {
			resp.StatusCode, resp.Body = code, http.NoBody
			return resp, nil
		}
	}
	gone := func(resp *http.Response) (*http.Response, error) {
		resp.StatusCode, resp.Body = http.StatusNotFound, io.NopCloser(strings.NewReader(`{"errorCode":"E0000007","errorSummary":"Not found"}`))
		return resp, nil
	}
	lost := func(*http.Response) (*http.Response, error) { return nil, errors.Join(io.EOF) }
	org, err := oktasim.New(oktasim.Options{Users: 3, AllActive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	wire := &answering{base: org.Transport(), steps: []func(*http.Response) (*http.Response, error){
		nil, gone, status(http.StatusServiceUnavailable), lost, nil}}
	c := MustClient(t, okta.Config{Transport: wire})
	if c.Stats().ClockKnown {
		t.Error("the clock is known before the first answer")
	}
	people := org.Users()
	ctx := context.Background()
	if _, err := reset(ctx, c, "FR-1", people[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Factors(ctx, people[0].ID); !okta.IsKind(err, okta.KindNotFound) {
		t.Error(err)
	}
	if _, err := c.Factors(ctx, people[0].ID); err != nil { // at its third try
		t.Error(err)
	}
	if _, err := c.User(ctx, people[0].ID); err != nil {
		t.Error(err)
	}
	s := c.Stats()
	for _, b := range s.Buckets {
		want := map[string]map[string]int64{okta.UsersBucket: {"2xx": 2, "4xx": 1, "5xx": 1, "none": 1}, "/api/v1/users/{id:.+}": {"2xx": 1}}[b.Name]
		sum := int64(0)
		for class, n := range b.Answers {
			if sum += n; n != want[class] {
				t.Errorf("%s %s: %d, want %d", b.Name, class, n, want[class])
			}
		}
		if len(b.Answers) != len(want) || b.Turns != sum || b.Waited < 0 {
			t.Errorf("%+v", b)
		}
	}
	if !s.ClockKnown || len(s.Buckets) != 2 {
		t.Errorf("%+v", s)
	}
}

// TestStats_waited: what the pace costs is told.
func TestStats_waited(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 3, AllActive: true, RateLimit: 10, Window: 10 * time.Second}, okta.Config{SDK: sdk, Reserve: 20})
		begun := time.Now()
		for range 30 {
			if _, err := c.Factors(context.Background(), org.Users()[1].ID); err != nil {
				t.Fatal(err)
			}
		}
		took := time.Since(begun)
		for _, b := range c.Stats().Buckets {
			if b.Turns != 30 || b.Waited <= 0 || b.Waited > took {
				t.Errorf("%d turns waited %v of %v", b.Turns, b.Waited, took)
			}
		}
	})
}
