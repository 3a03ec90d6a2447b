package okta_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func TestGroups(t *testing.T) {
	ctx := context.Background()
	org, c := MustOrg(t, oktasim.Options{Users: 5, Given: []oktasim.User{{Login: "ana@example.com", Groups: []string{"Contractors", "Sales"}}}}, okta.Config{})
	ana, _ := org.User("ana@example.com")
	groups, err := c.GroupsOf(ctx, ana.ID)
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	if slices.Sort(names); err != nil || !slices.Equal(names, []string{"Contractors", "Everyone", "Sales"}) {
		t.Fatalf("%q, %v", names, err)
	}
	one, err := c.Group(ctx, groups[0].ID)
	if err != nil || one != groups[0] {
		t.Errorf("%+v, %v", one, err)
	}
	const unknown = "00g00000000000000001"
	if _, err := c.Group(ctx, unknown); !okta.IsKind(err, okta.KindNotFound) {
		t.Error(err)
	}
	for _, bad := range []string{"", "me", "00u1/../00g"} {
		_, err1 := c.GroupsOf(ctx, bad)
		_, err2 := c.Group(ctx, bad)
		if !okta.IsKind(err1, okta.KindUnsafeID) || !okta.IsKind(err2, okta.KindUnsafeID) {
			t.Errorf("%q: %v, %v", bad, err1, err2)
		}
	}
}

// TestGroupsOf_pages: Okta's reference has no pages here, its answers may.
func TestGroupsOf_pages(t *testing.T) {
	c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("after") == "" {
			w.Header().Set("Link", "<https://"+r.Host+r.URL.Path+`?after=x>; rel="next"`)
			_, _ = w.Write([]byte(`[{"id":"00g00000000000000001","profile":{"name":"One"}}]`))
			return
		}
		_, _ = w.Write([]byte(`[{"id":"00g00000000000000002","profile":{"name":"Two"}}]`))
	})
	groups, err := c.GroupsOf(context.Background(), "00u00000000000000001")
	if err != nil || len(groups) != 2 || groups[1].Name != "Two" {
		t.Errorf("%+v, %v", groups, err)
	}
}
