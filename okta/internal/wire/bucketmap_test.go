package wire

import (
	"strings"
	"testing"
)

func TestEndpointOf(t *testing.T) {
	tests := map[string]string{
		"GET /api/v1/users?search=x":                      UsersBucket,
		"GET /api/v1/users/me":                            meBucket,
		"GET /api/v1/users/ana@example.com":               userBucket,
		"GET /api/v1/users/00u1/factors":                  UsersBucket,
		"POST /api/v1/users/00u1/lifecycle/reset_factors": UsersBucket,
		"DELETE /api/v1/users/00u1/factors/f1?x=y":        UsersBucket,
		"DELETE /api/v1/users/00u1/sessions":              UsersBucket,
		"GET /api/v1/users/00u1/roles":                    UsersBucket,
		"GET /api/v1/groups?search=x":                     groupsBucket,
		"GET /api/v1/groups/00g1/users":                   groupsBucket,
		"GET /api/v1/groups/00g1":                         groupsBucket + "/{id}",
		"GET /api/v1/apps/0oa1/users":                     "/api/v1/apps",
		"GET /api/v1/iam/assignees/users":                 "/api/v1/iam",
		"GET /api/v1/logs?since=x":                        "/api/v1/logs",
		"GET /api/v1/meta/schemas/user/default":           "/api/v1",
		"POST /oauth2/v1/token":                           TokenBucket,
	}
	for call, want := range tests {
		method, path, _ := strings.Cut(call, " ")
		if got := EndpointOf(method, path).Bucket; got != want {
			t.Errorf("%s: %s", call, got)
		}
	}
}
