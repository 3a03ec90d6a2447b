package okta_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// contracted holds every request to Okta's own description of its API.
type contracted struct {
	tb     testing.TB
	router routers.Router
	base   http.RoundTripper
	mu     sync.Mutex
	seen   map[string]bool // method and path template
}

func (c *contracted) RoundTrip(r *http.Request) (*http.Response, error) {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		c.tb.Errorf("%s %s: %v", r.Method, r.URL, err)
		return c.base.RoundTrip(r)
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}}
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		c.tb.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	for name := range r.URL.Query() {
		if route.Operation.Parameters.GetByInAndName("query", name) == nil && route.PathItem.Parameters.GetByInAndName("query", name) == nil {
			c.tb.Errorf("%s %s: Okta knows no parameter %s", r.Method, r.URL, name)
		}
	}
	c.mu.Lock()
	c.seen[r.Method+" "+route.Path] = true
	c.mu.Unlock()
	return c.base.RoundTrip(r)
}

// TestContract makes every call that there is.
func TestContract(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/okta-openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil // any host
	// None of the alternatives of what verifies a factor forbids more properties, so every
	// object is several of them: oneOf, as the description has it, would refuse them all.
	verify := doc.Components.Schemas["UserFactorVerifyRequest"].Value
	verify.AnyOf, verify.OneOf = verify.OneOf, nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	org, err := oktasim.New(oktasim.Options{Users: 450, AllActive: true, Given: []oktasim.User{{Login: "ana@example.com", Groups: []string{"Sales"},
		Roles: []string{"HELP_DESK_ADMIN"}, Factors: []oktasim.Factor{{Type: "sms"}, {Type: "push"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	wire := &contracted{tb: t, router: router, base: org.Transport(), seen: map[string]bool{}}
	exercise(t, MustClient(t, okta.Config{Transport: wire}), org)
	for _, want := range []string{
		"GET /api/v1/users", "GET /api/v1/users/{id}", "GET /api/v1/users/{userId}/factors", "GET /api/v1/users/{userId}/roles",
		"GET /api/v1/groups", "GET /api/v1/groups/{groupId}/users", "GET /api/v1/iam/assignees/users", "GET /api/v1/apps",
		"GET /api/v1/apps/{appId}/users", "GET /api/v1/logs", "POST /api/v1/users/{id}/lifecycle/reset_factors",
		"DELETE /api/v1/users/{userId}/factors/{factorId}", "DELETE /api/v1/users/{userId}/sessions",
		"POST /api/v1/users/{userId}/factors/{factorId}/verify", "GET /api/v1/users/{userId}/factors/{factorId}/transactions/{transactionId}",
		"GET /api/v1/users/{id}/groups", "GET /api/v1/groups/{groupId}", "GET /api/v1/meta/schemas/user/{schemaId}", "GET /api/v1/org",
	} {
		if !wire.seen[want] {
			t.Errorf("%s was not called", want)
		}
	}
}

func exercise(t *testing.T, c *okta.Client, org *oktasim.Org) {
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Me(ctx)
	must(err)
	ana, err := c.User(ctx, "ana@example.com")
	must(err)
	_, err = c.Roles(ctx, ana.ID)
	must(err)
	_, err = c.Admins(ctx)
	must(err)
	groups, err := c.GroupsByName(ctx, "Sales")
	must(err)
	collect(t, c.GroupMembers(ctx, groups[0].ID))
	_, err = c.Resolve(ctx, logins(org.Users()), nil)
	must(err)
	devices, err := c.Devices(ctx, ana.ID)
	must(err)
	ch, err := c.Challenge(ctx, ana.ID, devices[0].FactorID)
	must(err)
	_, err = c.Answer(ctx, ana.ID, devices[0].FactorID, ch.Transaction)
	must(err)
	factors, err := c.Factors(ctx, ana.ID)
	must(err)
	slot := func() *okta.Slot {
		s, err := c.Take(ctx, "FR-1", okta.StepReset)
		must(err)
		return s
	}
	for i, f := range factors {
		_, err = c.DeleteFactor(ctx, slot(), time.Now(), ana.ID, f.ID, i == 0)
		must(err)
	}
	_, err = c.ResetFactors(ctx, slot(), time.Now(), ana.ID)
	must(err)
	_, err = c.ClearSessions(ctx, slot(), time.Now(), ana.ID)
	must(err)
	events := c.Events(time.Now().Add(-time.Hour), "user.mfa.factor.reset_all")
	_, err = events.Next(ctx)
	must(err)
	_, err = events.Next(ctx)
	must(err)
	_, err = c.EventsBetween(ctx, time.Now().Add(-time.Hour), time.Time{}, "user.mfa.factor.reset_all")
	must(err)
	exerciseLists(t, c, ana)
	_, err = c.EnrolledSince(ctx, map[string]time.Time{ana.ID: time.Now().Add(-time.Hour)})
	must(err)
	_, err = c.SuperAdmins(ctx)
	must(err)
	for _, p := range c.Probe(ctx) {
		must(p.Err)
	}
}

// exerciseLists makes the calls that find and export people.
func exerciseLists(t *testing.T, c *okta.Client, ana okta.User) {
	ctx := context.Background()
	if users, err := c.UsersByEmail(ctx, ana.Email); err != nil || len(users) != 1 {
		t.Errorf("%v, %v", users, err)
	}
	groups, err := c.GroupsOf(ctx, ana.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		if _, err := c.Group(ctx, g.ID); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []okta.Selection{{}, {Search: `profile.department eq "Sales"`}, {Filter: `status eq "ACTIVE"`}, {Q: "Ana"}, {Group: groups[0].ID}} {
		for _, err := range c.List(ctx, s) {
			if err != nil {
				t.Errorf("%+v: %v", s, err)
			}
		}
	}
}
