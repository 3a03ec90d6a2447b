package runner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

func TestRunner_what_stands_out(t *testing.T) {
	usual := func() ([]oktasim.User, []string) {
		users, ids := people(12)
		for i := range users {
			users[i].Department = "Sales <!channel>"
			users[i].Created = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return users, ids
	}
	cases := []struct {
		name  string
		tweak func([]oktasim.User)
		rows  int
		want  string
		not   string
	}{
		{"nothing", func([]oktasim.User) {}, 4, "", "user"},
		{"a whole department", func([]oktasim.User) {}, 12, "department Sales channel (12 users)", "<"},
		{"most of a department", func([]oktasim.User) {}, 11, "", "department"},
		{"who has gone is not missing", func(u []oktasim.User) { u[11].Status = "DEPROVISIONED" }, 11, "Everybody of the department", ""},
		{"suspended", func(u []oktasim.User) { u[1].Status = "SUSPENDED" }, 3, "1 user is suspended", ""},
		{"created this week", func(u []oktasim.User) {
			u[0].Created = time.Date(1999, 12, 28, 0, 0, 0, 0, time.UTC)
			u[2].Created = time.Date(1999, 12, 30, 0, 0, 0, 0, time.UTC)
		}, 3, "2 users were created within the last 7 days", ""},
		{"only a security key", func(u []oktasim.User) { u[0].Factors = []oktasim.Factor{{Type: "webauthn"}, {Type: "email"}} }, 3, "1 user has only phishing-resistant", ""},
		{"a security key among others", func(u []oktasim.User) { u[0].Factors = append(u[0].Factors, oktasim.Factor{Type: "webauthn"}) }, 3, "", "phishing"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			users, ids := usual()
			c.tweak(users)
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				r := b.await(b.open(ids[:c.rows]...), reset.Pending)
				if told := strings.Join(r.Plan.Odd, " "); !strings.Contains(told, "never asked") {
					t.Errorf("%q", told)
				}
				r = b.await(b.ask(reset.Options{}, reset.Source{}, ids[:c.rows]...), reset.Pending)
				told := strings.Join(slices.DeleteFunc(r.Plan.Odd, func(s string) bool { return strings.Contains(s, "other open requests") }), " ")
				if !strings.Contains(told, c.want) || c.not != "" && strings.Contains(told, c.not) || strings.Contains(told, "never asked") {
					t.Errorf("%q", told)
				}
			})
		})
	}
}

// Who was reset before, and who is in other requests, is counted and named in the plan's rows.
func TestRunner_stands_out_from_the_record(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users, LogLag: time.Second}, nil, func(b *bench) {
		for _, set := range [][]string{ids[:3], ids[2:4]} {
			id := b.open(set...)
			b.approve(id)
			b.await(id, reset.Done)
		}
		open := b.open(ids[5:8]...)
		b.await(open, reset.Pending)
		id := b.open(ids...)
		r := b.await(id, reset.Pending)
		told := strings.Join(r.Plan.Odd, " ")
		for _, want := range []string{"4 users were reset before within 30 days, the one in row 3 2 times", fmt.Sprintf("3 users are in other open requests, too: %s.", open)} {
			if !strings.Contains(told, want) {
				t.Errorf("%q does not say %q", told, want)
			}
		}
		if d := b.plan(id)[6].Detail; !strings.Contains(d, "also in "+string(open)) {
			t.Errorf("row 6: %q", d)
		}
	})
}
