package okta_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// TestUsersByEmail: an address names everybody who has it, and nobody who
// only looks like it.
func TestUsersByEmail(t *testing.T) {
	org, c := MustOrg(t, oktasim.Options{Users: 30, Given: []oktasim.User{
		{Login: "ana@example.com"},
		{Login: "bo.login@example.com", Email: "bo@example.com"},
		{Login: "shared1@example.com", Email: "desk@example.com"},
		{Login: "shared2@example.com", Email: "DESK@example.com"},
		{Login: "desk@example.com", Email: "other@example.com", Status: "SUSPENDED"},
		{Login: "\u212aoji@example.com"}, // the Kelvin sign, which folds to k
		{Login: "gone@example.com", Status: "DEPROVISIONED"},
	}}, okta.Config{})
	tests := map[string][]string{
		"ana@example.com":          {"ana@example.com"},
		"ANA@Example.com":          {"ana@example.com"},
		"bo@example.com":           {"bo.login@example.com"},
		"bo.login@example.com":     {"bo.login@example.com"},
		"desk@example.com":         {"desk@example.com", "shared1@example.com", "shared2@example.com"},
		"koji@example.com":         nil,
		"\u212aoji@example.com":    {"\u212aoji@example.com"},
		"gone@example.com":         {"gone@example.com"},
		"ana@example.com.evil.com": nil,
	}
	for email, want := range tests {
		users, err := c.UsersByEmail(context.Background(), email)
		if err != nil {
			t.Errorf("%s: %v", email, err)
		}
		var got []string
		for _, u := range users {
			real, _ := org.User(u.Login)
			if u.ID != real.ID || u.Status != real.Status {
				t.Errorf("%s: %+v", email, u)
			}
			got = append(got, u.Login)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
	}
	for _, bad := range []string{"", "ana", `ana@example.com" or status eq "ACTIVE`, "ana@example.com\n", "ana\\@example.com"} {
		if users, err := c.UsersByEmail(context.Background(), bad); !okta.IsKind(err, okta.KindUnsafeID) {
			t.Errorf("%q: %v, %v", bad, users, err)
		}
	}
}

// TestUsersByEmail_lag: search knows the past; the present counts.
func TestUsersByEmail_lag(t *testing.T) {
	const stale, gone, fresh = "00u00000000000000001", "00u00000000000000002", "00u00000000000000003"
	c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
		user := func(id, login, email, status string) string {
			return fmt.Sprintf(`{"id":%q,"status":%q,"profile":{"login":%q,"email":%q}}`, id, status, login, email)
		}
		w.Header().Set("Content-Type", "application/json")
		switch strings.TrimPrefix(r.URL.Path, "/api/v1/users") {
		case "":
			_, _ = fmt.Fprintf(w, "[%s,%s]", user(stale, "s@example.com", "a@example.com", "ACTIVE"), user(gone, "g@example.com", "a@example.com", "ACTIVE"))
		case "/" + stale:
			_, _ = w.Write([]byte(user(stale, "s@example.com", "a@example.com", "SUSPENDED")))
		case "/a@example.com":
			_, _ = w.Write([]byte(user(fresh, "a@example.com", "a@example.com", "ACTIVE")))
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"errorCode":"E0000007","errorSummary":"Not found"}`))
		}
	})
	users, err := c.UsersByEmail(context.Background(), "a@example.com")
	if err != nil || len(users) != 2 || users[0].ID != stale || users[0].Status != "SUSPENDED" || users[1].ID != fresh {
		t.Errorf("%+v, %v", users, err)
	}
}

// TestUsersByEmail_unread: half an answer names nobody.
func TestUsersByEmail_unread(t *testing.T) {
	for _, closed := range []string{"", "/00u00000000000000001", "/a@example.com"} {
		c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			const bo = `{"id":"00u00000000000000001","status":"ACTIVE","profile":{"login":"bo@example.com","email":"a@example.com"}}`
			switch at := strings.TrimPrefix(r.URL.Path, "/api/v1/users"); at {
			case closed:
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"errorCode":"E0000006","errorSummary":"no"}`))
			case "":
				_, _ = w.Write([]byte("[" + bo + "]"))
			default:
				_, _ = w.Write([]byte(bo))
			}
		})
		if users, err := c.UsersByEmail(context.Background(), "a@example.com"); users != nil || !okta.IsKind(err, okta.KindForbidden) {
			t.Errorf("%q closed: %v, %v", closed, users, err)
		}
	}
}

// TestOneByEmail: a former user's account is nobody's twin, and a login decides.
func TestOneByEmail(t *testing.T) {
	user := func(id, login, status string) okta.User {
		return okta.User{ID: id, Login: login, Email: "ana@example.com", Status: status}
	}
	tests := map[string]struct {
		users []okta.User
		want  string
	}{
		"one":                          {[]okta.User{user("1", "ana", "ACTIVE")}, "1"},
		"nobody":                       {nil, ""},
		"two":                          {[]okta.User{user("1", "ana", "ACTIVE"), user("2", "ana2", "ACTIVE")}, ""},
		"a former account":             {[]okta.User{user("1", "old", "DEPROVISIONED"), user("2", "ana", "ACTIVE")}, "2"},
		"two former accounts":          {[]okta.User{user("1", "a", "DEPROVISIONED"), user("2", "b", "SUSPENDED"), user("3", "c", "DEPROVISIONED")}, "2"},
		"only a former account":        {[]okta.User{user("1", "old", "DEPROVISIONED")}, "1"},
		"the login is the address":     {[]okta.User{user("1", "other", "ACTIVE"), user("2", "Ana@example.com", "ACTIVE")}, "2"},
		"a former one with that login": {[]okta.User{user("1", "ana@example.com", "DEPROVISIONED"), user("2", "ana", "ACTIVE")}, "2"},
	}
	for name, tt := range tests {
		if one, ok := okta.OneByEmail(tt.users, "ana@example.com"); one.ID != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %+v, %v", name, one, ok)
		}
	}
}
