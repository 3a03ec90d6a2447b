package oktasim_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/okta/oktasim"
)

func TestGenerated(t *testing.T) {
	counts, ids := map[string]int{}, regexp.MustCompile(`^00u[A-Za-z0-9]{17}$`)
	first, err := oktasim.New(oktasim.Options{Users: 2000, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	again, err := oktasim.New(oktasim.Options{Users: 2000, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	other := again.Users()
	for i, u := range first.Users() {
		if !ids.MatchString(u.ID) || u.ID != other[i].ID || u.Login != other[i].Login || len(u.Factors) != len(other[i].Factors) {
			t.Fatalf("%v is not %v", u, other[i])
		}
		counts[u.Status]++
		for _, f := range u.Factors {
			counts[f.Type]++
			if len(f.ID) != 20 {
				t.Fatalf("factor ID %q", f.ID)
			}
		}
		if len(u.Roles) > 0 {
			counts["admins"]++
		}
		countOdd(t, u, counts)
	}
	for what, least := range map[string]int{"ACTIVE": 1700, "SUSPENDED": 10, "DEPROVISIONED": 10, "push": 900, "sms": 600, "webauthn": 150, "admins": 5,
		"super administrators": 2, "new": 20, "phishing-resistant": 20} {
		if counts[what] < least {
			t.Errorf("%d %s, want %d at least", counts[what], what, least)
		}
	}
}

// countOdd counts who an approver is told of.
func countOdd(t *testing.T, u oktasim.User, counts map[string]int) {
	t.Helper()
	if slices.Contains(u.Roles, "SUPER_ADMIN") && u.Status == "ACTIVE" {
		counts["super administrators"]++
	}
	if time.Since(u.Created) < 7*24*time.Hour {
		counts["new"]++
	}
	resistant := len(u.Factors) > 0
	for _, f := range u.Factors {
		resistant = resistant && slices.Contains([]string{"webauthn", "signed_nonce"}, f.Type)
		if f.Created.After(time.Now()) || f.Created.Before(u.Created) {
			t.Errorf("%s came at %v and enrolled %s at %v", u.Login, u.Created, f.Type, f.Created)
		}
	}
	if resistant {
		counts["phishing-resistant"]++
	}
}

func TestNew_refused(t *testing.T) {
	for name, opt := range map[string]oktasim.Options{
		"same login":   {Given: []oktasim.User{{Login: "a@example.com"}, {Login: "A@example.com"}}},
		"no login":     {Given: []oktasim.User{{}}},
		"status":       {Given: []oktasim.User{{Login: "a@example.com", Status: "AWAY"}}},
		"factor":       {Given: []oktasim.User{{Login: "a@example.com", Factors: []oktasim.Factor{{Type: "pigeon"}}}}},
		"provider":     {Given: []oktasim.User{{Login: "a@example.com", Factors: []oktasim.Factor{{Type: "sms", Provider: "DUO"}}}}},
		"role":         {Given: []oktasim.User{{Login: "a@example.com", Roles: []string{"KING"}}}},
		"token role":   {TokenRole: "KING"},
		"key":          {ClientID: "0oa"},
		"number":       {Users: -1},
		"faults":       {Faults: 1.5},
		"engine":       {Engine: "new"},
		"bucket limit": {RateLimit: -1},
	} {
		if org, err := oktasim.New(opt); err == nil {
			org.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

func TestState(t *testing.T) {
	c := MustServe(t, oktasim.Options{Users: 120, Given: []oktasim.User{ana()}, RateLimit: 100, GroupRoles: map[string]string{"Sales": "READ_ONLY_ADMIN"}})
	c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna)
	if err := c.org.Enrol("ana@example.com", "sms"); err != nil {
		t.Fatal(err)
	}
	state := c.org.State(oktasim.Query{Text: "SILVA", Limit: 1})
	if len(state.Users) != 1 || state.Users[0].Login != "ana@example.com" || state.Users[0].Resets != 1 || state.Users[0].Factors[0].Real.IsZero() {
		t.Errorf("users: %+v", state.Users)
	}
	if state.Requests[usersBkt] != 1 || state.Buckets[0].Remaining != 99 || state.Total < 1 {
		t.Errorf("state: %+v", state)
	}
	var all []string
	for offset := 0; ; offset += 50 {
		page := c.org.State(oktasim.Query{Offset: offset})
		if page.Total != 122 {
			t.Fatalf("total %d", page.Total)
		}
		if len(page.Users) == 0 {
			break
		}
		for _, u := range page.Users {
			all = append(all, u.ID)
		}
	}
	var want []string
	for _, u := range c.org.Users() {
		want = append(want, u.ID)
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
}

func TestPeople(t *testing.T) {
	c := MustServe(t, oktasim.Options{Given: []oktasim.User{ana()}})
	for name, err := range map[string]error{
		"unknown person": c.org.Enrol("nobody@example.com", "sms"),
		"unknown type":   c.org.Enrol("ana@example.com", "pigeon"),
		"unknown status": c.org.SetStatus("ana@example.com", "AWAY"),
		"unknown role":   c.org.SetRoles("ana@example.com", "KING"),
		"unknown code":   c.org.Refuse("ana@example.com", "E1"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := c.org.Add(oktasim.User{Login: "ANA@example.com"}); err == nil {
		t.Error("two people with one login")
	}
	if err := c.org.Refuse("ana@example.com", "E0000006"); err != nil {
		t.Fatal(err)
	}
	if got := c.do(403, "POST", "/api/v1/users/ana@example.com"+resetAna); got.code(t) != "E0000006" {
		t.Errorf("%s", got.body)
	}
	if err := c.org.Refuse("ana@example.com", ""); err != nil {
		t.Fatal(err)
	}
	c.do(200, "POST", "/api/v1/users/ana@example.com"+resetAna)
	if err := c.org.Join("ana@example.com", "New"); err != nil {
		t.Fatal(err)
	}
	if u, _ := c.org.User("ana"); !slices.Contains(u.Groups, "New") {
		t.Errorf("groups %v", u.Groups)
	}
	if _, found := c.org.User("nobody"); found || c.org.Resets("nobody") != nil {
		t.Error("found nobody")
	}
}

func BenchmarkReset(b *testing.B) {
	for _, people := range []int{100, 100_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			c := MustConnect(b, oktasim.Options{Users: people, AllActive: true})
			users := c.org.Users()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.bare("POST", "/api/v1/users/"+users[i%len(users)].ID+resetAna)
			}
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	c := MustConnect(b, oktasim.Options{Users: 100_000, AllActive: true})
	users := c.org.Users()
	expression := `id eq "` + users[0].ID + `"`
	for _, u := range users[1:20] {
		expression += ` or profile.login eq "` + u.Login + `"`
	}
	path := query("/api/v1/users", "search", expression)
	for b.Loop() {
		c.bare("GET", path)
	}
}

func BenchmarkState(b *testing.B) {
	c := MustConnect(b, oktasim.Options{Users: 10_000})
	for b.Loop() {
		c.org.State(oktasim.Query{Text: "nakamura"})
	}
}
