package oktasim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/okta/oktasim"
)

// crew are people for search: two share a mailbox, one is deactivated.
func crew() []oktasim.User {
	return []oktasim.User{
		{Login: "ana@example.com", FirstName: "Ana", LastName: "Silva", Department: "Sales", Profile: map[string]any{"contractor": true, "floor": 3.0}},
		{Login: "Bo@example.com", FirstName: "Bo", LastName: "Ivanov", Department: "Sales", Email: "shared@example.com", Status: "SUSPENDED"},
		{Login: "cy@example.com", FirstName: "Cy", LastName: "Silva", Department: "Legal", Email: "Shared@example.com"},
		{Login: "di@example.com", FirstName: "Di", LastName: "Dvořák", Department: "Legal", Status: "DEPROVISIONED"},
		{Login: `e"o@example.com`, FirstName: "Eo", LastName: "Quote", Created: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
}

func TestSearch(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: crew()})
	ids := map[string]string{}
	for _, u := range c.org.Users() {
		ids[u.ID] = strings.ToLower(u.Login[:2])
	}
	id := func(login string) string { return idOf(t, c.org, login) }
	for _, test := range []struct{ kind, expression, want string }{
		{"search", `profile.login eq "ANA@example.com"`, "an"},
		{"search", `id eq "` + id("ana@example.com") + `" or id eq "` + id("cy@example.com") + `"`, "an cy"},
		{"search", `profile.email eq "shared@example.com"`, "bo cy"},
		{"search", `profile.email eq "shared@example.com" and status eq "ACTIVE"`, "cy"},
		{"search", `status eq "deprovisioned"`, "di"},
		{"search", `profile.department eq "legal"`, "cy di"},
		{"search", `not (profile.department eq "sales") and profile.lastName sw "d"`, "di"},
		{"search", `profile.lastName co "ILV"`, "an cy"},
		{"search", `profile.lastName eq "Dvorak"`, ""}, // diacritics count
		{"search", `profile.contractor eq true`, "an"},
		{"search", `profile.floor gt 2`, "an"},
		{"search", `profile.contractor pr`, "an"},
		{"search", `created lt "2021-01-01T00:00:00.000Z"`, `e"`},
		{"search", `profile.login eq "e\"o@example.com"`, `e"`},
		{"search", `type.id eq "otyfactorbotsim00001" and profile.firstName eq "cy"`, "cy"},
		{"filter", `profile.login eq "ana@example.com"`, "an"},
		{"filter", `profile.login eq "ANA@example.com"`, ""},
		{"filter", `status eq "DEPROVISIONED"`, "di"},
		{"filter", `status eq "deprovisioned"`, ""},
		{"filter", `lastUpdated lt "2021-01-01T00:00:00.000Z"`, `e"`},
		{"q", `sil`, "an cy"},
		{"q", `SHARED`, "bo cy"},
		{"q", `di`, ""},
	} {
		var found []string
		for _, id := range c.all(query("/api/v1/users", test.kind, test.expression), "id") {
			found = append(found, ids[id])
		}
		if got := strings.Join(found, " "); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.kind, test.expression, got, test.want)
		}
	}
	if all := c.all("/api/v1/users", "status"); slices.Contains(all, "DEPROVISIONED") || len(all) != 5 {
		t.Errorf("list: %v", all)
	}
}

func TestSearch_refused(t *testing.T) {
	c := MustServe(t, oktasim.Options{MaxSearchTerms: 20})
	long := "id eq \"x\"" + strings.Repeat(` or id eq "x"`, 20)
	for _, test := range []struct{ parameters, code string }{
		{"search=" + url.QueryEscape(long), "E0000031"},
		{"search=" + url.QueryEscape(`profile.login ne "x"`), "E0000031"},
		{"search=" + url.QueryEscape(`profile.department co "x"`), "E0000031"},
		{"search=" + url.QueryEscape(`profile.nothing eq "x"`), "E0000031"},
		{"search=" + url.QueryEscape(`nothing eq "x"`), "E0000031"},
		{"search=" + url.QueryEscape(`created gt "soon"`), "E0000031"},
		{"search=" + url.QueryEscape(`profile.login eq`), "E0000031"},
		{"filter=" + url.QueryEscape(`profile.login eq`), "E0000031"},
		{"filter=" + url.QueryEscape(`profile.department eq "x"`), "E0000094"},
		{"filter=" + url.QueryEscape(`profile.login sw "x"`), "E0000094"},
		{"search=id%20pr&filter=id%20pr", "E0000033"},
		{"limit=none", "E0000001"},
		{"limit=0", "E0000001"},
		{"after=!!", "E0000001"},
		{"sortBy=profile.login", "E0000001"},
	} {
		if got := c.do(400, "GET", "/api/v1/users?"+test.parameters); got.code(t) != test.code {
			t.Errorf("%s: %s", test.parameters, got.body)
		}
	}
	MustSet(t, c.org, `{"max_search_terms":21}`)
	c.do(200, "GET", query("/api/v1/users", "search", long))
	if got := c.do(414, "GET", query("/api/v1/users", "search", strings.Repeat(" ", 10000))); !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%v", got.Header)
	}
}

func TestPaging(t *testing.T) {
	c := MustServe(t, oktasim.Options{Users: 450, AllActive: true})
	want := []string{}
	for _, u := range c.org.Users() {
		want = append(want, u.ID)
	}
	for _, path := range []string{"/api/v1/users", "/api/v1/users?limit=7", "/api/v1/users?limit=1000", query("/api/v1/users", "search", `status eq "ACTIVE"`) + "&limit=150"} {
		if got := c.all(path, "id"); !slices.Equal(got, want) {
			t.Errorf("%s: %d people, want %d", path, len(got), len(want))
		}
	}
	page := c.do(200, "GET", "/api/v1/users?limit=1000")
	if len(page.list(t)) != 200 {
		t.Errorf("a page of %d", len(page.list(t)))
	}
	if self := page.Header.Values("Link")[0]; self != "<"+c.url+`/api/v1/users?limit=1000>; rel="self"` {
		t.Errorf("self link %s", self)
	}
	sorted := c.all(query("/api/v1/users", "search", "id pr")+"&sortBy=profile.lastName&sortOrder=desc&limit=100", "id")
	if len(sorted) != len(want) || slices.Equal(sorted, want) {
		t.Error("not sorted")
	}
	var names []string
	for _, id := range sorted {
		u, _ := c.org.User(id)
		names = append(names, strings.ToLower(u.LastName))
	}
	if slices.Reverse(names); !slices.IsSorted(names) {
		t.Error("not in the order of last names, descending")
	}
	if q := c.do(200, "GET", "/api/v1/users?q=a"); len(q.list(t)) > 10 || q.next() != "" {
		t.Errorf("q: %d people, next %q", len(q.list(t)), q.next())
	}
}

// Search sees a change late; everything else sees it at once.
func TestSearchLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := MustConnect(t, oktasim.Options{Given: crew(), SearchLag: 2 * time.Second})
		suspended := query("/api/v1/users", "search", `profile.login eq "ana@example.com" and status eq "SUSPENDED"`)
		if err := c.org.SetStatus("ana@example.com", "SUSPENDED"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.org.Add(oktasim.User{Login: "new@example.com"}); err != nil {
			t.Fatal(err)
		}
		<-time.After(1900 * time.Millisecond)
		if found := c.all(suspended, "id"); len(found) != 0 {
			t.Error("seen before the lag")
		}
		if found := c.all(query("/api/v1/users", "search", `profile.login eq "new@example.com"`), "id"); len(found) != 0 {
			t.Error("new person seen before the lag")
		}
		if now := c.do(200, "GET", "/api/v1/users/ana@example.com").object(t)["status"]; now != "SUSPENDED" {
			t.Errorf("status %v", now)
		}
		c.do(200, "GET", "/api/v1/users/new@example.com")
		<-time.After(100 * time.Millisecond)
		if found := c.all(suspended, "id"); len(found) != 1 {
			t.Error("not seen after the lag")
		}
		if found := c.all(query("/api/v1/users", "search", `profile.login eq "new@example.com"`), "id"); len(found) != 1 {
			t.Error("new person not seen after the lag")
		}
	})
}

// What a path names, and what it must not.
func TestPaths(t *testing.T) {
	given := append(crew(), oktasim.User{Login: "a/b@example.com"}, oktasim.User{Login: "bo@elsewhere.example"})
	c := MustServe(t, oktasim.Options{Given: given})
	id, slash := idOf(t, c.org, "ana@example.com"), ""
	for _, u := range c.org.Users() {
		if u.Login == "a/b@example.com" {
			slash = u.ID
		}
	}
	for _, test := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/api/v1/users/" + id, 200, ""},
		{"GET", "/api/v1/users/" + id + "/", 200, ""},
		{"GET", "/api/v1/users/ANA@example.com", 200, ""},
		{"GET", "/api/v1/users/ana%40example.com", 200, ""},
		{"GET", "/api/v1/users/ana", 200, ""},
		{"GET", "/api/v1/users/bo", 404, "E0000007"}, // of two people
		{"GET", "/api/v1/users/" + slash, 200, ""},
		{"GET", "/api/v1/users/a%2Fb@example.com", 404, "E0000007"},
		{"GET", "/api/v1/users/" + id + "%2Ffactors", 404, "E0000007"},
		{"GET", "/api/v1/users/x/../" + id, 200, ""},
		{"GET", "/api/v1/users/" + id + "/factors", 200, ""},
		{"GET", "/api/v1/users/ana@example.com/factors", 404, "E0000007"}, // an ID only
		{"GET", "/api/v1/users/ana@example.com/groups", 200, ""},
		{"POST", "/api/v1/users//lifecycle/reset_factors", 404, "E0000008"},
		{"POST", "/api/v1/users/" + id, 405, "E0000022"},
		{"DELETE", "/api/v1/users/" + id + "/lifecycle/reset_factors", 405, "E0000022"},
		{"GET", "/api/v1/unknown", 404, "E0000008"},
		{"GET", "/", 404, "E0000008"},
		{"GET", "/api/v1/users/" + strings.Repeat("x", 300), 404, "E0000007"},
		{"POST", "/api/v1/users/me/lifecycle/reset_factors", 200, ""},
	} {
		got := c.do(test.status, test.method, test.path)
		if test.code != "" && got.code(t) != test.code {
			t.Errorf("%s %s: %s", test.method, test.path, got.body)
		}
	}
	// An ID that somebody pasted in unescaped reaches another call, as at Okta.
	c.do(200, "POST", "/api/v1/users/"+id+"/lifecycle/deactivate?x=/lifecycle/reset_factors")
	if u, _ := c.org.User(id); u.Status != "DEPROVISIONED" {
		t.Errorf("status %s", u.Status)
	}
}

func TestOmit(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: crew()})
	u := c.do(200, "GET", "/api/v1/users/ana@example.com", "Content-Type", `application/json; okta-response="omitCredentials,omitCredentialsLinks"`).object(t)
	if u["credentials"] != nil || len(u["_links"].(map[string]any)) != 1 {
		t.Errorf("%v", u)
	}
}

func TestFields(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: crew()})
	for fields, want := range map[string]string{
		"id,profile:(login,lastName)": `[{"id":"` + idOf(t, c.org, "ana@example.com") + `","profile":{"lastName":"Silva","login":"ana@example.com"}}]`,
		"status":                      `[{"status":"ACTIVE"}]`,
	} {
		if got := c.do(200, "GET", query("/api/v1/users", "fields", fields)+"&limit=1"); string(got.body) != want {
			t.Errorf("%s: %s", fields, got.body)
		}
	}
}

func TestGroups(t *testing.T) {
	c := MustServe(t, oktasim.Options{Users: 30, Given: []oktasim.User{{Login: "x@example.com", Groups: []string{"Red", "Blue"}}}})
	for _, test := range []struct {
		parameters string
		want       int
	}{
		{"", 3 + 8}, {"q=re", 1}, {"limit=2", 3 + 8}, {"search=" + url.QueryEscape(`profile.name eq "RED"`), 1}, {"filter=" + url.QueryEscape(`profile.name eq "RED"`), 0},
		{"search=" + url.QueryEscape(`type eq "BUILT_IN"`), 1}, {"search=" + url.QueryEscape(`profile.name co "lu"`), 1},
	} {
		if got := c.all("/api/v1/groups?"+test.parameters, "id"); len(got) != test.want {
			t.Errorf("%s: %d groups, want %d", test.parameters, len(got), test.want)
		}
	}
	c.do(400, "GET", query("/api/v1/groups", "search", `profile.name is "x"`))
	c.do(400, "GET", query("/api/v1/groups", "search", `members eq "x"`))
	everyone := c.all("/api/v1/groups?q=everyone", "id")[0]
	active := 0
	for _, u := range c.org.Users() {
		if u.Status != "DEPROVISIONED" {
			active++
		}
	}
	if got := c.all("/api/v1/groups/"+everyone+"/users?limit=7", "id"); len(got) != active {
		t.Errorf("%d members of %d", len(got), active)
	}
	if got := c.all("/api/v1/users/x@example.com/groups", "id"); len(got) != 3 {
		t.Errorf("groups of x: %v", got)
	}
}

func TestAdmins(t *testing.T) {
	given := []oktasim.User{{Login: "desk@example.com", Groups: []string{"Desk"}}}
	for i := range 5 {
		given = append(given, oktasim.User{Login: fmt.Sprintf("admin%d@example.com", i), Roles: []string{"ORG_ADMIN"}})
	}
	c := MustServe(t, oktasim.Options{Given: given, GroupRoles: map[string]string{"Desk": "HELP_DESK_ADMIN"}})
	var assigned []string
	for path := "/api/v1/iam/assignees/users?limit=2"; path != ""; {
		body := c.do(200, "GET", path).object(t)
		for _, one := range body["value"].([]any) {
			assigned = append(assigned, one.(map[string]any)["id"].(string))
		}
		path = ""
		if links, more := body["_links"].(map[string]any); more { // none on the last page
			path = links["next"].(map[string]any)["href"].(string)
		}
	}
	if len(assigned) != 6 || slices.Contains(assigned, idOf(t, c.org, "desk@example.com")) { // five and the token's owner
		t.Errorf("assigned: %v", assigned)
	}
	console := c.all("/api/v1/apps?q=okta%20admin", "id")[0]
	if users := c.all("/api/v1/apps/"+console+"/users?limit=2", "id"); len(users) != 7 || !slices.Contains(users, idOf(t, c.org, "desk@example.com")) {
		t.Errorf("console users: %v", users)
	}
	roles := c.do(200, "GET", "/api/v1/users/"+idOf(t, c.org, "desk@example.com")+"/roles").list(t)
	if len(roles) != 1 || roles[0]["assignmentType"] != "GROUP" || roles[0]["type"] != "HELP_DESK_ADMIN" {
		t.Errorf("roles: %v", roles)
	}
	if err := c.org.SetRoles("admin0@example.com"); err != nil {
		t.Fatal(err)
	}
	if users := c.all("/api/v1/apps/"+console+"/users", "id"); len(users) != 6 {
		t.Errorf("console users after a role was taken: %v", users)
	}
	if list := c.all("/api/v1/apps?limit=2", "name"); len(list) != 3 {
		t.Errorf("apps: %v", list)
	}
	if list := c.all(query("/api/v1/apps", "filter", `name eq "saasure"`), "name"); len(list) != 1 {
		t.Errorf("apps by name: %v", list)
	}
}

func TestSchema(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: crew()})
	definitions := c.do(200, "GET", "/api/v1/meta/schemas/user/default").object(t)["definitions"].(map[string]any)
	custom := definitions["custom"].(map[string]any)["properties"].(map[string]any)
	if custom["contractor"].(map[string]any)["type"] != "boolean" || custom["contractor"].(map[string]any)["title"] != "Contractor" || len(custom) != 5 {
		t.Errorf("custom: %v", custom)
	}
	for name, kind := range map[string]string{"building": "string", "deskNumber": "integer", "partTime": "boolean"} {
		if custom[name].(map[string]any)["type"] != kind {
			t.Errorf("%s: %v", name, custom[name])
		}
		found := c.all(query("/api/v1/users", "search", "profile."+name+" pr"), "id")
		if all := c.all("/api/v1/users", "id"); len(found) < len(all) {
			t.Errorf("%d of %d users have a %s", len(found), len(all), name)
		}
	}
	base := definitions["base"].(map[string]any)["properties"].(map[string]any)
	if base["firstName"].(map[string]any)["title"] != "First name" || len(base) != 31 {
		t.Errorf("base: %d %v", len(base), base["firstName"])
	}
}
