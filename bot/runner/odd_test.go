package runner_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta"
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
		{"nothing", func([]oktasim.User) {}, 4, "", " 4"},
		{"a whole department", func([]oktasim.User) {}, 12, "departments 12 Sales channel (12)", "<"},
		{"most of a department", func([]oktasim.User) {}, 11, "", "departments"},
		{"who has gone is not missing", func(u []oktasim.User) { u[11].Status = "DEPROVISIONED" }, 11, "departments", ""},
		{"suspended", func(u []oktasim.User) { u[1].Status = "SUSPENDED" }, 3, "inactive 1", ""},
		{"created this week", func(u []oktasim.User) {
			u[0].Created = time.Date(1999, 12, 28, 0, 0, 0, 0, time.UTC)
			u[2].Created = time.Date(1999, 12, 30, 0, 0, 0, 0, time.UTC)
		}, 3, "new 2", ""},
		{"only a security key", func(u []oktasim.User) { u[0].Factors = []oktasim.Factor{{Type: "webauthn"}, {Type: "email"}} }, 3, "resistant 1", ""},
		{"a security key among others", func(u []oktasim.User) { u[0].Factors = append(u[0].Factors, oktasim.Factor{Type: "webauthn"}) }, 3, "", "resistant"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			users, ids := usual()
			c.tweak(users)
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				r := b.await(b.open(ids[:c.rows]...), reset.Pending)
				if told := risksOf(r); !strings.Contains(told, "first") {
					t.Errorf("%q", told)
				}
				r = b.await(b.ask(reset.Options{}, reset.Source{}, ids[:c.rows]...), reset.Pending)
				r.Plan.Risks = slices.DeleteFunc(r.Plan.Risks, func(k reset.Risk) bool { return k.Kind == reset.RiskElsewhere })
				told := risksOf(r)
				if !strings.Contains(told, c.want) || c.not != "" && strings.Contains(told, c.not) || strings.Contains(told, "first") {
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
		if len(r.Plan.Risks) < 2 {
			t.Fatalf("risks %+v", r.Plan.Risks)
		}
		if k := r.Plan.Risks[0]; k.Kind != reset.RiskResetBefore || k.Users != 4 || k.Most != 2 || !slices.Equal(k.Requests, []reset.ID{"FR-2"}) || k.Last.IsZero() {
			t.Errorf("the heaviest risk is %+v", k)
		}
		if k := r.Plan.Risks[1]; k.Kind != reset.RiskElsewhere || k.Users != 3 || !slices.Equal(k.Requests, []reset.ID{open}) {
			t.Errorf("the second risk is %+v", k)
		}
		if d := b.plan(id)[6].Detail; !strings.Contains(d, "also in "+string(open)) {
			t.Errorf("row 6: %q", d)
		}
	})
}

// searchHook sees in which lane the org is searched.
type searchHook struct {
	runner.Okta
	lanes map[okta.Lane]bool
}

func (h searchHook) Search(ctx context.Context, expr string) iter.Seq2[okta.User, error] {
	if strings.Contains(expr, "department") {
		h.lanes[okta.LaneOf(ctx)] = true
	}
	return h.Okta.Search(ctx, expr)
}

// Nobody waits for what is asked about a long plan: it takes turns with others.
func TestRunner_departments_take_turns(t *testing.T) {
	users, ids := people(30)
	for i := range users {
		users[i].Department = "Sales"
	}
	onBench(t, oktasim.Options{Given: users, LogLag: time.Second}, nil, func(b *bench) {
		seen := searchHook{Okta: b.client, lanes: map[okta.Lane]bool{}}
		b.with(func(r *runner.Runner) { r.Okta = seen })
		id := b.open(ids...)
		if r := b.await(id, reset.Pending); !strings.Contains(risksOf(r), "Sales") {
			t.Fatalf("risks %s", risksOf(r))
		}
		b.stop()
		if !maps.Equal(seen.lanes, map[okta.Lane]bool{okta.Lane(id): true}) {
			t.Errorf("departments are searched in lanes %v, want the request's", seen.lanes)
		}
	})
}

// risksOf writes a plan's risks as "new 2; departments 12 Sales (12)".
func risksOf(r *reset.Request) string {
	var all []string
	for _, k := range r.Plan.Risks {
		s := fmt.Sprintf("%s %d", k.Kind, k.Users)
		for _, d := range k.Departments {
			s += fmt.Sprintf(" %s (%d)", d.Name, d.Users)
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}
