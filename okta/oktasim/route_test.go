package oktasim

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Every operation of the description is answered, for the scope that it asks for, and what is
// answered beyond it is named here. This is the test that a new endpoint meets first.
func TestRoutes_are_those_of_the_description(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/okta-openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	beyond := []string{ // in Okta's documents, but not in the part of the description that is kept
		"GET /api/v1/users/me", "GET /api/v1/apps/{}", "POST /oauth2/v1/token", "GET /.well-known/okta-organization",
	}
	for word := range lifecycle {
		beyond = append(beyond, "POST /api/v1/users/{}/lifecycle/"+word)
	}
	answered := map[string]string{}
	for _, r := range routes(nil) {
		answered[callOf(r.method, "/"+strings.Join(r.pattern, "/"))] = r.scope
	}
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			call := callOf(method, path)
			described[call] = true
			scope, ok := answered[call]
			if !ok {
				t.Errorf("%s is described and not answered", call)
			}
			asks := func(r openapi3.SecurityRequirement) bool { return slices.Contains(r["oauth2"], scope) }
			if ok && !slices.ContainsFunc(*operation.Security, asks) {
				t.Errorf("%s is answered for %q, Okta asks for %v", call, scope, *operation.Security)
			}
		}
	}
	for call := range answered {
		if described[call] == slices.Contains(beyond, call) {
			t.Errorf("%s has to be either in the description or in the list of what is beyond it", call)
		}
	}
}

// callOf names a call whatever its parameters are called.
func callOf(method, path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "{}"
		}
	}
	return method + " " + strings.Join(segments, "/")
}
