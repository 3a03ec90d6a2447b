package okta_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestSuperAdmins(t *testing.T) {
	ctx := context.Background()
	org, c := MustOrg(t, oktasim.Options{Users: 50, AllActive: true, KeepCalls: true, Given: []oktasim.User{
		{Login: "direct@example.com", Roles: []string{"HELP_DESK_ADMIN", "SUPER_ADMIN"}},
		{Login: "grouped@example.com", Groups: []string{"Chiefs"}},
		{Login: "idle@example.com", Roles: []string{"SUPER_ADMIN"}, Status: "SUSPENDED"},
		{Login: "desk@example.com", Roles: []string{"HELP_DESK_ADMIN"}},
	}, TokenRole: "READ_ONLY_ADMIN", GroupRoles: map[string]string{"Chiefs": "SUPER_ADMIN"}}, okta.Config{})
	users, err := c.SuperAdmins(ctx)
	if err != nil || len(users) != 2 || users[0].Login != "direct@example.com" || users[1].Login != "grouped@example.com" {
		t.Errorf("%+v, %v", users, err)
	}
	asked := 0
	for _, call := range org.Calls() {
		if strings.HasSuffix(call.Path, "/roles") {
			asked++
		}
	}
	if asked != 5 { // those four and the token's owner
		t.Errorf("%d users were asked for their roles, want the 5 administrators", asked)
	}
	self, ok, err := c.Self(ctx)
	if err != nil || !ok || self.Login != "factorbot.service@example.com" {
		t.Errorf("%+v, %v, %v", self, ok, err)
	}
}

// TestSuperAdmins_unread: nobody is the last one by mistake.
func TestSuperAdmins_unread(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   okta.Kind
	}{
		"/api/v1/users/00u00000000000000001/roles": {http.StatusForbidden, `{"errorCode":"E0000006","errorSummary":"no"}`, okta.KindForbidden},
		"/api/v1/users/00u00000000000000001":       {http.StatusForbidden, `{"errorCode":"E0000006","errorSummary":"no"}`, okta.KindForbidden},
		"/api/v1/iam/assignees/users":              {http.StatusOK, `{"value":[{"id":"me"}]}`, okta.KindUnsafeID},
	}
	for path, tt := range tests {
		t.Run(path, func(t *testing.T) {
			c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch {
				case r.URL.Path == path:
					w.WriteHeader(tt.status)
					_, _ = w.Write([]byte(tt.body))
				case r.URL.Path == "/api/v1/apps":
					_, _ = w.Write([]byte(`[{"id":"0oa00000000000000001","name":"saasure"}]`))
				case strings.HasPrefix(r.URL.Path, "/api/v1/apps/"):
					_, _ = w.Write([]byte(`[]`))
				case strings.HasSuffix(r.URL.Path, "/roles"):
					_, _ = w.Write([]byte(`[{"id":"x","type":"SUPER_ADMIN","status":"ACTIVE"}]`))
				default:
					_, _ = w.Write([]byte(`{"value":[{"id":"00u00000000000000001"}]}`))
				}
			})
			users, err := c.SuperAdmins(context.Background())
			if users != nil || !okta.IsKind(err, tt.want) {
				t.Errorf("%v, %v", users, err)
			}
		})
	}
}
