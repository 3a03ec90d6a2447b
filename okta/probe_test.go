package okta_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestOrg(t *testing.T) {
	_, c := MustOrg(t, oktasim.Options{}, okta.Config{})
	org, err := c.Org(context.Background())
	if err != nil || org.Status != "ACTIVE" || org.Company == "" || !strings.HasPrefix(org.ID, "00o") || org.Created.IsZero() {
		t.Errorf("%+v, %v", org, err)
	}
}

// TestProbe tries everything, and finds the one call that is closed.
func TestProbe(t *testing.T) {
	ctx := context.Background()
	org, c := MustOrg(t, oktasim.Options{Users: 20, KeepCalls: true, RateLimit: 600}, okta.Config{})
	seen := map[string]bool{}
	for _, p := range c.Probe(ctx) {
		if p.Err != nil {
			t.Errorf("%s: %v", p.What, p.Err)
		}
		seen[p.Bucket] = true
	}
	for _, call := range org.Calls() {
		if call.Method != http.MethodGet || !seen[call.Bucket] {
			t.Errorf("%s %s in bucket %s, which no probe names", call.Method, call.Path, call.Bucket)
		}
	}
	for _, b := range c.Stats().Buckets {
		if b.Limit != 600 || b.Remaining >= 600 || b.Reset.IsZero() {
			t.Errorf("%+v", b)
		}
	}
	set(t, org, "rate_limit", 0)
	for _, closed := range c.Probe(ctx) {
		method, path, _ := strings.Cut(closed.Call, " ")
		t.Run(closed.What, func(t *testing.T) {
			c := MustClient(t, okta.Config{Transport: &closing{base: org.Transport(), method: method, template: strings.Split(path, "/")}})
			for _, p := range c.Probe(ctx) {
				switch {
				case p.Call == closed.Call && !okta.IsKind(p.Err, okta.KindForbidden):
					t.Errorf("%s is closed: %v", p.What, p.Err)
				case p.Call != closed.Call && p.Err != nil && (path == "/api/v1/users" || !okta.IsKind(p.Err, okta.KindNotFound)):
					t.Errorf("%s is open: %v", p.What, p.Err)
				}
			}
		})
	}
}

// closing refuses one kind of call as a role that does not reach it.
type closing struct {
	base     http.RoundTripper
	method   string
	template []string
}

func (c *closing) RoundTrip(r *http.Request) (*http.Response, error) {
	parts := strings.Split(r.URL.Path, "/")
	fits := r.Method == c.method && len(parts) == len(c.template)
	for i := 0; fits && i < len(parts); i++ {
		fits = parts[i] == c.template[i] || strings.HasPrefix(c.template[i], "{")
	}
	if !fits {
		return c.base.RoundTrip(r)
	}
	resp, err := c.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.StatusCode, resp.ContentLength, resp.Body = http.StatusForbidden, -1, http.NoBody
	return resp, nil
}

// TestProbe_nobody: a bad token is one failure, told of everything, tried once.
func TestProbe_nobody(t *testing.T) {
	org, err := oktasim.New(oktasim.Options{Users: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	wire := &counting{base: org.Transport()}
	for _, p := range MustClient(t, okta.Config{Transport: wire, Token: "revoked"}).Probe(context.Background()) {
		if !okta.IsKind(p.Err, okta.KindAuth) {
			t.Errorf("%s: %v", p.What, p.Err)
		}
	}
	if wire.calls != 1 {
		t.Errorf("%d calls", wire.calls)
	}
}

// TestOrgID: the org's ID is read where its settings may be read, and where they may not.
func TestOrgID(t *testing.T) {
	org, c := MustOrg(t, oktasim.Options{Users: 1}, okta.Config{})
	first, err := c.OrgID(context.Background())
	if err != nil || !strings.HasPrefix(first, "00o") {
		t.Fatal(first, err)
	}
	set(t, org, "forbidden", []string{"GET /api/v1/org"})
	if id, err := c.OrgID(context.Background()); err != nil || id != first {
		t.Errorf("without the settings: %s, %v", id, err)
	}
	none := MustHandle(t, canned(200, "application/json", `{"id":"../x"}`))
	if id, err := none.OrgID(context.Background()); err == nil && id == "../x" {
		t.Errorf("%s is taken for an ID", id)
	}
}
