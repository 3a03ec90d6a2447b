package okta_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"factorbot/okta"
	"factorbot/okta/oktasim"
)

func logins(users []oktasim.User) []okta.Ref {
	refs := make([]okta.Ref, len(users))
	for i, u := range users {
		refs[i] = okta.Ref{Kind: okta.ByLogin, Value: u.Login}
	}
	return refs
}

func TestResolve_budget(t *testing.T) {
	const rows = 10000
	tests := []struct {
		name         string
		users, terms int
		most         int
	}{
		{"20 terms a search", 100000, 20, 520},
		{"60 terms a search", 60000, 60, 210},
		{"12000 users", 12000, 20, 80},
		{"12000 users, 60 terms", 12000, 60, 80},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			org, c := MustOrg(t, oktasim.Options{Users: tt.users, AllActive: true, MaxSearchTerms: tt.terms}, okta.Config{})
			people := org.Users()
			step := len(people) / rows
			var some []oktasim.User
			for i := 0; len(some) < rows; i += step {
				some = append(some, people[i])
			}
			last := 0
			matches, err := c.Resolve(context.Background(), logins(some), func(done int) {
				if done < last {
					t.Errorf("progress went back from %d to %d", last, done)
				}
				last = done
			})
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range matches {
				if len(m.Users) != 1 || m.Users[0].ID != some[i].ID {
					t.Fatalf("row %d, %s: %+v", i, some[i].Login, m)
				}
			}
			calls := 0
			for _, n := range org.Books().Calls {
				calls += n
			}
			t.Logf("%d calls", calls)
			if calls > tt.most || last != rows {
				t.Errorf("%d calls, want at most %d; progress ended at %d", calls, tt.most, last)
			}
		})
	}
}

// cast is an org with one of each difficulty.
func cast() []oktasim.User {
	users := []oktasim.User{
		{Login: "ana@example.com"},
		{Login: "Bea.Big@Example.com", Email: "bea@example.com"},
		{Login: "twin1@example.com", Email: "twins@example.com"},
		{Login: "twin2@example.com", Email: "twins@example.com"},
		{Login: "gone@example.com", Status: "DEPROVISIONED"},
		{Login: "odd/slash@example.com"},
		{Login: "quote'o@example.com"},
	}
	for i := range users {
		users[i].ID = fmt.Sprintf("00ucast%013d", i)
	}
	return users
}

// TestResolve_kinds resolves the same refs alone and among so many others that
// they are searched for.
func TestResolve_kinds(t *testing.T) {
	refs := []okta.Ref{
		{Kind: okta.ByLogin, Value: "ana@example.com"},
		{Kind: okta.ByLogin, Value: "ANA@Example.COM"},
		{Kind: okta.ByID, Value: "00ucast0000000000000"},
		{Kind: okta.ByEmail, Value: "BEA@example.com"},
		{Kind: okta.ByLogin, Value: "bea.big@example.com"},
		{Kind: okta.ByEmail, Value: "twins@example.com"},
		{Kind: okta.ByLogin, Value: "gone@example.com"},
		{Kind: okta.ByID, Value: "00ucast0000000000004"},
		{Kind: okta.ByLogin, Value: "odd/slash@example.com"},
		{Kind: okta.ByLogin, Value: "quote'o@example.com"},
		{Kind: okta.ByLogin, Value: "nobody@example.com"},
		{Kind: okta.ByID, Value: "00uNobody00000000000"},
		{Kind: okta.ByID, Value: "00u/../groups/00g1"},
		{Kind: okta.ByLogin, Value: `x" or status eq "ACTIVE`},
		{Kind: okta.ByEmail, Value: strings.Repeat("e", 400) + "@example.com"},
	}
	want := []string{"0", "0", "0", "1", "1", "2 3", "4", "4", "5", "6", "", "", "unsafe", "", "unsafe"}
	for _, others := range []int{0, 60, 900} {
		t.Run(fmt.Sprintf("among %d others", others), func(t *testing.T) {
			org, c := MustOrg(t, oktasim.Options{Users: 2000, AllActive: true, Given: cast(), MaxSearchTerms: 33}, okta.Config{})
			all := slices.Clone(refs)
			for _, u := range org.Users() {
				if len(all) < len(refs)+others && !strings.HasPrefix(u.ID, "00ucast") {
					all = append(all, okta.Ref{Kind: okta.ByLogin, Value: u.Login})
				}
			}
			matches, err := c.Resolve(context.Background(), all, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range matches[:len(refs)] {
				got = append(got, brief(m))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			for i, m := range matches[len(refs):] {
				if len(m.Users) != 1 {
					t.Errorf("%v: %+v", all[len(refs)+i], m)
				}
			}
		})
	}
}

// brief names a match by the last digits of the cast's IDs.
func brief(m okta.Match) string {
	if okta.IsKind(m.Err, okta.KindUnsafeID) {
		return "unsafe"
	}
	var ids []string
	for _, u := range m.Users {
		ids = append(ids, strings.TrimLeft(strings.TrimPrefix(u.ID, "00ucast"), "0"))
	}
	slices.Sort(ids)
	for i, id := range ids {
		if id == "" {
			ids[i] = "0"
		}
	}
	return strings.Join(ids, " ")
}

// TestResolve_lag: what search does not show yet is found by name.
func TestResolve_lag(t *testing.T) {
	org, c := MustOrg(t, oktasim.Options{Users: 300, AllActive: true}, okta.Config{})
	set(t, org, "search_lag", "1h")
	var refs []okta.Ref
	for i := range 60 {
		u, err := org.Add(oktasim.User{Login: fmt.Sprintf("new%d@example.com", i)})
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, okta.Ref{Kind: []okta.RefKind{okta.ByLogin, okta.ByEmail}[i%2], Value: u.Login})
	}
	matches, err := c.Resolve(context.Background(), refs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range matches {
		if len(m.Users) != 1 {
			t.Errorf("%v: %+v", refs[i], m)
		}
	}
}

func TestResolve_refused(t *testing.T) {
	org, c := MustOrg(t, oktasim.Options{Users: 100}, okta.Config{})
	set(t, org, "token_revoked", true)
	_, err := c.Resolve(context.Background(), logins(org.Users()), nil)
	if e := failure(t, err); e.Kind != okta.KindAuth {
		t.Errorf("%+v", e)
	}
}

// TestResolve_withheld: a role that may not list users still looks them up one by one.
func TestResolve_withheld(t *testing.T) {
	var lists atomic.Int32
	c := MustHandle(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		login, one := strings.CutPrefix(r.URL.Path, "/api/v1/users/")
		if !one {
			lists.Add(1)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, errorBody("E0000006"))
			return
		}
		var n int
		_, _ = fmt.Sscanf(login, "u%d@example.com", &n)
		_, _ = fmt.Fprintf(w, `{"id":"00u%017d","status":"ACTIVE","profile":{"login":%q}}`, n, login)
	})
	var refs []okta.Ref
	for i := range 200 {
		refs = append(refs, okta.Ref{Kind: okta.ByLogin, Value: fmt.Sprintf("u%d@example.com", i)})
	}
	matches, err := c.Resolve(context.Background(), refs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range matches {
		if len(m.Users) != 1 || m.Users[0].Login != refs[i].Value {
			t.Fatalf("row %d: %+v", i, m)
		}
	}
	if n := lists.Load(); n > 2 {
		t.Errorf("%d lists were asked for", n)
	}
}

// TestResolve_faults: what goes wrong on the way changes nothing.
func TestResolve_faults(t *testing.T) {
	sdk := MustSDK(t)
	synctest.Test(t, func(t *testing.T) {
		org, c := MustOrg(t, oktasim.Options{Users: 1500, AllActive: true, Faults: 0.1, Seed: 5}, okta.Config{SDK: sdk})
		people := org.Users()[:700]
		matches, err := c.Resolve(context.Background(), logins(people), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range matches {
			if len(m.Users) != 1 || m.Users[0].ID != people[i].ID {
				t.Fatalf("%s: %+v", people[i].Login, m)
			}
		}
	})
}
