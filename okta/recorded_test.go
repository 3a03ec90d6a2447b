package okta_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// recordingsDir is where recordings of what Okta sent lie beside the checkout.
const recordingsDir = "../../shared/recordings/okta"

// recording is one answer of Okta's, as it was recorded.
type recording struct {
	Kind    string              `json:"kind"`
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    json.RawMessage     `json:"body"`
}

func mustRecordings(t *testing.T) map[string]recording {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordingsDir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no recordings beside the checkout")
	}
	all := map[string]recording{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = r
	}
	return all
}

// ServeHTTP answers with the recording, whatever is asked. A next page is a page of nothing.
func (r recording) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Query().Has("after") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "[]")
		return
	}
	for name, values := range r.Headers {
		switch strings.ToLower(name) {
		case "content-length", "transfer-encoding", "connection", "content-encoding":
		default:
			w.Header()[http.CanonicalHeaderKey(name)] = values
		}
	}
	w.WriteHeader(r.Status)
	if r.Status != http.StatusNoContent && string(r.Body) != "null" {
		_, _ = w.Write(r.Body)
	}
}

// TestRecorded_read replays each recording through the code that reads such an answer.
func TestRecorded_read(t *testing.T) {
	ctx := context.Background()
	user := func(want string) func(c *okta.Client) string {
		return func(c *okta.Client) string {
			u, err := c.Me(ctx)
			if err != nil || u.Status != want || !strings.Contains(u.Login, "@example.com") || u.Created.IsZero() {
				return fmt.Sprintf("%+v, %v", u, err)
			}
			return ""
		}
	}
	export := func(least int) func(c *okta.Client) string {
		return func(c *okta.Client) string {
			n := 0
			for u, err := range c.List(ctx, okta.Selection{}) {
				if err != nil || u.Login == "" || u.Status == "" || u.TypeID == "" {
					return fmt.Sprintf("%+v, %v", u, err)
				}
				n++
			}
			if n < least {
				return fmt.Sprintf("%d users", n)
			}
			return ""
		}
	}
	factors := func(want ...string) func(c *okta.Client) string {
		return func(c *okta.Client) string {
			list, err := c.Factors(ctx, someone)
			var got []string
			for _, f := range list {
				got = append(got, f.Type+" "+f.Status)
				if !okta.IsFactorID(f.ID) || f.Created.IsZero() {
					return fmt.Sprintf("%+v", f)
				}
			}
			if err != nil || !slices.Equal(got, want) {
				return fmt.Sprintf("%q, %v", got, err)
			}
			return ""
		}
	}
	groups := func(c *okta.Client) string {
		list, err := c.GroupsOf(ctx, someone)
		if err != nil || len(list) == 0 || list[0].Name == "" {
			return fmt.Sprintf("%v, %v", list, err)
		}
		return ""
	}
	fails := func(kind okta.Kind, effect okta.Effect) func(c *okta.Client) string {
		return func(c *okta.Client) string {
			_, err := reset(ctx, c, "FR-1", someone)
			var e *okta.Error
			if !errorAs(err, &e) || e.Kind != kind || e.Effect != effect {
				return fmt.Sprintf("%+v", err)
			}
			return ""
		}
	}
	event := func(factor string, automatic bool) func(c *okta.Client) string {
		return func(c *okta.Client) string {
			events, err := c.EventsBetween(ctx, time.Time{}, time.Now())
			if err != nil || len(events) != 1 || okta.FactorType(events[0].Factor) != factor || events[0].Automatic != automatic {
				return fmt.Sprintf("%+v, %v", events, err)
			}
			return ""
		}
	}
	wrote := func(c *okta.Client) string {
		slot, err := c.Take(ctx, "FR-1", okta.StepReset)
		if err == nil {
			_, err = c.DeleteFactor(ctx, slot, time.Now(), someone, "mblLWlMpCwH43Z6ucN0s", false)
		}
		return words(err)
	}
	read := map[string]func(c *okta.Client) string{
		"users.get": user("ACTIVE"), "users.get.by-login": user("STAGED"), "users.get.oie": user("PROVISIONED"), "users.get.custom-profile": user("PROVISIONED"),
		"users.get.deprovisioned": user("DEPROVISIONED"), "users.get.provisioned": user("PROVISIONED"), "users.get.staged": user("STAGED"), "users.get.suspended": user("SUSPENDED"),
		"users.list.after": export(1), "users.list.filter": export(1), "users.list.page-next": export(1), "users.list.tf-search": export(1), "groups.users": export(1),
		"users.404": fails(okta.KindNotFound, okta.EffectRejected), "groups.404": fails(okta.KindNotFound, okta.EffectRejected), "factors.get.404": fails(okta.KindNotFound, okta.EffectRejected),
		"users.groups": groups, "users.groups.tf": groups, "groups.list": groups, "groups.list.q": groups, "groups.list.builtin": groups,
		"groups.get": func(c *okta.Client) string {
			g, err := c.Group(ctx, "00gDCt9YzsWuKOO21CDQ")
			if err != nil || g.Name == "" {
				return fmt.Sprintf("%+v, %v", g, err)
			}
			return ""
		},
		"roles.list": func(c *okta.Client) string {
			roles, err := c.Roles(ctx, someone)
			if err != nil || len(roles) == 0 || slices.Contains(roles, "UNKNOWN") {
				return fmt.Sprintf("%q, %v", roles, err)
			}
			return ""
		},
		"factors.list.sms-pending": factors("sms PENDING_ACTIVATION"), "factors.list.empty": factors(),
		"factors.list.signed-nonce": func(c *okta.Client) string {
			list, err := c.Factors(ctx, someone)
			if err != nil || !slices.ContainsFunc(list, func(f okta.Factor) bool { return f.Type == "signed_nonce" && okta.IsFactorID(f.ID) }) {
				return fmt.Sprintf("%+v, %v", list, err)
			}
			return ""
		},
		"factors.delete": wrote, "factors.delete.question": wrote, "sessions.delete": wrote,
		"reset_factors": func(c *okta.Client) string { _, err := reset(ctx, c, "FR-1", someone); return words(err) },
		"org": func(c *okta.Client) string {
			o, err := c.Org(ctx)
			if err != nil || !strings.HasPrefix(o.ID, "00o") || o.Created.IsZero() {
				return fmt.Sprintf("%+v, %v", o, err)
			}
			return ""
		},
		"well-known.okta-organization": func(c *okta.Client) string {
			id, err := c.OrgID(ctx)
			if err != nil || !strings.HasPrefix(id, "00o") {
				return fmt.Sprintf("%s, %v", id, err)
			}
			return ""
		},
		"schema.user.default": func(c *okta.Client) string {
			all, err := c.Schema(ctx)
			if err != nil || !slices.ContainsFunc(all, func(a okta.Attribute) bool { return a.Name == "department" && a.Title == "Department" }) {
				return fmt.Sprintf("%+v, %v", all, err)
			}
			return ""
		},
		"schema.user.custom": func(c *okta.Client) string {
			all, err := c.Schema(ctx)
			if err != nil || !slices.ContainsFunc(all, func(a okta.Attribute) bool { return a.Custom }) {
				return fmt.Sprintf("%+v, %v", all, err)
			}
			return ""
		},
		"error.400.validation": fails(okta.KindInvalid, okta.EffectRejected), "error.400.search-cursor": fails(okta.KindCursor, okta.EffectRefused), "apps.list.400": fails(okta.KindCursor, okta.EffectRefused),
		"error.401.e0000004": fails(okta.KindAuth, okta.EffectRefused), "error.401.e0000015.users": fails(okta.KindForbidden, okta.EffectRejected), "error.401.e0000015.other": fails(okta.KindForbidden, okta.EffectRejected),
		"error.403.e0000032": fails(okta.KindForbidden, okta.EffectRejected), "error.403.e0000038": fails(okta.KindStatus, okta.EffectRejected),
		"error.404.no-okta-body": fails(okta.KindServer, okta.EffectDoubt), "error.405": fails(okta.KindInvalid, okta.EffectRejected), "error.423": fails(okta.KindStatus, okta.EffectRejected),
		"error.429.apps": fails(okta.KindRateLimited, okta.EffectRefused), "error.429.agentpools": fails(okta.KindRateLimited, okta.EffectRefused),
		"error.500": fails(okta.KindServer, okta.EffectDoubt), "error.500.apps": fails(okta.KindServer, okta.EffectDoubt),
		"logs.stix.0.user.mfa.factor.activate": event("email", true), "logs.panther.deactivate": event("webauthn", false), "logs.panther.reset_all": event("", false),
		"logs.panther.suspend": event("signed_nonce", false), "logs.stix.1.user.session.start": event("password", false), "logs.elastic.0.user.session.start": event("", false),
		"logs.stix.2.user.authentication.auth_via_mfa": event("password_as_factor", false), "logs.elastic.1.user.authentication.auth_via_mfa": event("webauthn", false),
	}
	read["roles.list.user"], read["reset_factors.2"] = read["roles.list"], read["reset_factors"]
	elsewhere := map[string]string{
		"apps.list.saasure": "TestRecorded_admins", "apps.list.next": "TestRecorded_admins", "apps.users": "TestRecorded_admins", "apps.users.tf": "TestRecorded_admins", "iam.assignees.users": "TestRecorded_admins",
		"oauth2.token": "TestRecorded_token", "oauth2.token.400.dpop-nonce": "TestRecorded_token", "oauth2.token.400.dpop-proof": "TestRecorded_token",
		"catalog.mfa-events": "no answer of the API", "lifecycle.deactivate": "not called", "lifecycle.suspend": "not called", "factors.enroll.sms": "not called", "factors.get.question": "not called",
	}
	all := mustRecordings(t)
	for name, r := range all {
		do := read[name]
		if do == nil {
			if elsewhere[name] == "" {
				t.Errorf("nobody reads %s", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			if problem := do(MustHandle(t, r.ServeHTTP)); problem != "" {
				t.Error(problem)
			}
		})
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(read)), slices.Collect(maps.Keys(elsewhere))) {
		if _, ok := all[name]; !ok {
			t.Errorf("there is no recording %s", name)
		}
	}
}

func words(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func errorAs(err error, e **okta.Error) bool { return errors.As(err, e) }

// httpServer serves one handler and returns its URL.
func httpServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// TestRecorded_admins: who is an administrator, by recorded answers.
func TestRecorded_admins(t *testing.T) {
	all := mustRecordings(t)
	c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/api/v1/iam/"):
			all["iam.assignees.users"].ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/users"):
			all["apps.users"].ServeHTTP(w, r)
		default:
			all["apps.list.saasure"].ServeHTTP(w, r)
		}
	})
	admins, err := c.Admins(context.Background())
	if err != nil || len(admins) < 2 {
		t.Errorf("%v, %v", admins, err)
	}
	for id := range admins {
		if !okta.IsUserID(id) {
			t.Errorf("%q is no user", id)
		}
	}
}

// TestRecorded_token: the dance for a nonce, by recorded answers.
func TestRecorded_token(t *testing.T) {
	all := mustRecordings(t)
	_, pem, _ := MustKey(t)
	steps, n := []string{"oauth2.token.400.dpop-nonce", "oauth2.token"}, 0
	server := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth2/v1/token" {
			if !strings.HasPrefix(r.Header.Get("Authorization"), "DPoP ") || r.Header.Get("DPoP") == "" {
				t.Errorf("%v", r.Header)
			}
			all["reset_factors"].ServeHTTP(w, r)
			return
		}
		all[steps[min(n, 1)]].ServeHTTP(w, r)
		n++
	}
	tries := httpServer(t, server)
	c := MustClient(t, okta.Config{OrgURL: tries, ClientID: appID, PrivateKey: pem})
	if _, err := reset(context.Background(), c, "FR-1", someone); err != nil || n != 2 {
		t.Errorf("%v after %d requests for a token", err, n)
	}
	refusing := MustClient(t, okta.Config{OrgURL: httpServer(t, all["oauth2.token.400.dpop-proof"].ServeHTTP), ClientID: appID, PrivateKey: pem})
	if _, err := reset(context.Background(), refusing, "FR-1", someone); !okta.IsKind(err, okta.KindAuth) {
		t.Error(err)
	}
}

// shape is which types stand at which path of a JSON value; lists are merged.
type shape map[string]map[string]bool

func (s shape) add(path string, value any) {
	kind := "null"
	switch v := value.(type) {
	case bool:
		kind = "bool"
	case float64:
		kind = "number"
	case string:
		kind = "string"
	case []any:
		kind = "list"
		for _, member := range v {
			s.add(path+"[]", member)
		}
	case map[string]any:
		kind = "object"
		for name, member := range v {
			if strings.HasSuffix(path, ".profile") && !strings.HasPrefix(path, "[].profile.") || strings.HasSuffix(path, ".properties") {
				name = "*" // attributes by the org's own names
			}
			s.add(path+"."+name, member)
		}
	}
	if s[path] == nil {
		s[path] = map[string]bool{}
	}
	s[path][kind] = true
}

// TestRecorded_shape holds what the simulator sends to what Okta was recorded to send
// for the same call: no field, no type, no null and no header of its own.
func TestRecorded_shape(t *testing.T) {
	all := mustRecordings(t)
	org, err := oktasim.New(oktasim.Options{RateLimit: 600, KeepCalls: true, Engine: oktasim.Identity, Given: []oktasim.User{
		{Login: "ana@example.com", Groups: []string{"Sales"}, Roles: []string{"HELP_DESK_ADMIN"}, Factors: []oktasim.Factor{{Type: "sms"}, {Type: "signed_nonce"}, {Type: "question"}}},
		{Login: "bo@example.com", Status: "STAGED"}, {Login: "cy@example.com", Status: "DEPROVISIONED"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer org.Close()
	if err := org.EnrolByOkta("ana@example.com"); err != nil {
		t.Fatal(err)
	}
	ana, _ := org.User("ana@example.com")
	id := "/api/v1/users/" + ana.ID
	calls := []struct {
		name, method, path string
		recorded           []string
	}{
		{"user", "GET", id, []string{"users.get", "users.get.by-login", "users.get.oie", "users.get.deprovisioned", "users.get.staged", "users.get.suspended", "users.get.provisioned", "users.get.custom-profile"}},
		{"users", "GET", "/api/v1/users?limit=200", []string{"users.list.after", "users.list.filter", "users.list.page-next", "users.list.tf-search"}},
		{"groups of a user", "GET", id + "/groups", []string{"users.groups", "users.groups.tf"}},
		{"groups", "GET", "/api/v1/groups", []string{"groups.list", "groups.list.q", "groups.list.builtin"}},
		{"roles", "GET", id + "/roles", []string{"roles.list", "roles.list.user"}},
		{"factors", "GET", id + "/factors", []string{"factors.list.sms-pending", "factors.list.signed-nonce", "factors.list.empty", "factors.get.question"}},
		{"apps", "GET", "/api/v1/apps", []string{"apps.list.saasure", "apps.list.next"}},
		{"assignees", "GET", "/api/v1/iam/assignees/users", []string{"iam.assignees.users"}},
		{"org", "GET", "/api/v1/org", []string{"org"}},
		{"well-known", "GET", "/.well-known/okta-organization", []string{"well-known.okta-organization"}},
		{"schema", "GET", "/api/v1/meta/schemas/user/default", []string{"schema.user.default", "schema.user.custom"}},
		{"logs", "GET", "/api/v1/logs", []string{"logs.stix.0.user.mfa.factor.activate", "logs.stix.1.user.session.start", "logs.stix.2.user.authentication.auth_via_mfa", "logs.elastic.0.user.session.start", "logs.elastic.1.user.authentication.auth_via_mfa"}},
		{"not found", "GET", "/api/v1/users/00uXXXXXXXXXXXXXXXXX", []string{"users.404"}},
		{"reset", "POST", id + "/lifecycle/reset_factors", []string{"reset_factors", "reset_factors.2"}},
		{"sessions", "DELETE", id + "/sessions", []string{"sessions.delete"}},
	}
	exceptions := shapeExceptions()
	used := map[string]bool{}
	for _, call := range calls {
		var want shape = shape{}
		headers := map[string]bool{}
		for _, name := range call.recorded {
			r, ok := all[name]
			if !ok {
				t.Fatalf("there is no recording %s", name)
			}
			for header := range r.Headers {
				headers[http.CanonicalHeaderKey(header)] = true
			}
			var body any
			if err := json.Unmarshal(r.Body, &body); err != nil {
				t.Fatal(name, err)
			}
			if list, ok := body.([]any); ok || call.name == "factors" { // one factor is like the element of a list
				if !ok {
					list = []any{body}
				}
				body = list
			}
			want.add("", body)
		}
		req, err := http.NewRequest(call.method, "https://example.okta.com"+call.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "SSWS "+token)
		resp, err := org.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		fail := func(key, format string, args ...any) {
			if exceptions[call.name+key] == "" {
				t.Errorf("%s%s: "+format, append([]any{call.name, key}, args...)...)
			}
			used[call.name+key] = true
		}
		for header := range resp.Header {
			// Recordings without a request ID were stripped of most headers by their recorder.
			if headers["X-Okta-Request-Id"] && !headers[header] {
				fail(" header "+header, "recorded answers have no such header")
			}
		}
		if len(raw) == 0 {
			continue
		}
		var body any
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Fatal(call.name, err)
		}
		got := shape{}
		got.add("", body)
		for path, kinds := range got {
			known, ok := want[path]
			if !ok {
				fail(path, "only the simulator has it")
				continue
			}
			for kind := range kinds {
				if !known[kind] && !(len(known) == 1 && known["null"]) {
					fail(path, "the simulator sends %s, recorded are %v", kind, slices.Sorted(maps.Keys(known)))
				}
			}
		}
	}
	for key := range exceptions {
		if !used[key] {
			t.Errorf("the exception for %s is not used", key)
		}
	}
}

// shapeExceptions are where the simulator differs, by call and path, with the reason.
func shapeExceptions() map[string]string {
	const own = "an org's own attribute has the type that its schema says: schema.user.custom has them, no recorded user does"
	return map[string]string{"user.profile.*": own, "users[].profile.*": own}
}
