package policy_test

import (
	"errors"
	"iter"
	"slices"
	"testing"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Approvals that would not count now are revoked, each with a reason that everybody may
// read; those that hold make a second account of the same person count for nothing.
func TestRules_Recheck(t *testing.T) {
	requester := policy.Person{ID: "U_REQUESTER"}
	rules := policy.Rules{Approvers: policy.Group{Users: []reset.Person{"U_A", "U_B", "U_REQUESTER"}}}
	a, b := policy.Person{ID: "U_A", Email: "a@example.com", Usergroups: []string{"S_1"}}, policy.Person{ID: "U_B", Email: "b@example.com"}
	change := func(p policy.Person, do func(*policy.Person)) policy.Person { do(&p); return p }
	for name, c := range map[string]struct {
		b    policy.Person
		from []int
		row  int
		why  string
	}{
		"holds":                  {b: b},
		"deactivated":            {b: change(b, func(p *policy.Person) { p.Deleted = true }), why: "their Slack account is deactivated"},
		"a guest":                {b: change(b, func(p *policy.Person) { p.Guest = true }), why: "they aren't a full member of this workspace any more"},
		"of another company":     {b: change(b, func(p *policy.Person) { p.Stranger = true }), why: "they aren't a full member of this workspace any more"},
		"an app":                 {b: change(b, func(p *policy.Person) { p.Bot = true }), why: "they aren't a full member of this workspace any more"},
		"is reset":               {b: b, row: 7, why: "they're one of its users"},
		"the requester":          {b: change(b, func(p *policy.Person) { p.OktaIDs = []reset.UserID{"00uR"} }), why: "they're the requester, with another account"},
		"a refused push":         {b: change(b, func(p *policy.Person) { p.Refused = p.At.Add(1) }), why: "a push about it was refused in Okta Verify"},
		"another Okta user":      {b: change(b, func(p *policy.Person) { p.Moved = true }), why: "their Slack account leads to another Okta user now"},
		"the other approver":     {b: change(b, func(p *policy.Person) { p.Email = "A@example.com" }), why: "they're the same person as another approver"},
		"no approver any more":   {b: change(b, func(p *policy.Person) { p.ID = "U_C" }), why: "they aren't an approver any more"},
		"not in the group":       {b: b, from: []int{0}, why: "they aren't in the group any more that they approved for"},
		"still in the group":     {b: change(b, func(p *policy.Person) { p.Usergroups = []string{"S_1"} }), from: []int{0}},
		"in the group by now":    {b: change(b, func(p *policy.Person) { p.Usergroups = []string{"S_1"} })},
		"in one of two as asked": {b: change(b, func(p *policy.Person) { p.Usergroups = []string{"S_1"} }), from: []int{0, 1}, why: "they aren't in the group any more that they approved for"},
	} {
		req := &reset.Request{
			Asked:    reset.Ask{By: "U_REQUESTER", Okta: "00uR"},
			Terms:    reset.Terms{From: []reset.Quorum{{Members: []string{"S_1"}}, {Members: []string{"S_2"}}}},
			Approved: []reset.Decision{{By: "U_A", From: []int{0}}, {By: "U_B", From: c.from}},
		}
		revoked, hold := rules.Recheck(req, requester, []policy.Person{a, c.b}, []int{0, c.row})
		if c.why == "" {
			if len(revoked) != 0 || len(hold) != 2 {
				t.Errorf("%s: %+v", name, revoked)
			}
			continue
		}
		if len(hold) != 1 || hold[0].ID != "U_A" || len(revoked) != 1 || revoked[0].By != "U_B" || revoked[0].Why != c.why {
			t.Errorf("%s: %+v, hold %+v", name, revoked, hold)
		}
	}
}

// The first row that resets a person is theirs; a plan that cannot be read says of nobody
// that they are not in it.
func TestRowsOf(t *testing.T) {
	broken := errors.New("broken")
	plan := func(end error) iter.Seq2[reset.Target, error] {
		return func(yield func(reset.Target, error) bool) {
			for i, login := range []string{"b@example.com", "a@example.com", "a@example.com"} {
				if !yield(reset.Target{Row: i + 1, Login: login, Action: reset.ActionReset}, nil) {
					return
				}
			}
			if end != nil {
				yield(reset.Target{}, end)
			}
		}
	}
	people := []policy.Person{{Email: "a@example.com"}, {Email: "b@example.com"}, {Email: "c@example.com"}}
	if rows, err := policy.RowsOf(people, plan(nil)); err != nil || !slices.Equal(rows, []int{2, 1, 0}) {
		t.Errorf("%v, %v", rows, err)
	}
	if rows, err := policy.RowsOf(people, plan(broken)); !errors.Is(err, broken) || rows != nil {
		t.Errorf("%v, %v", rows, err)
	}
}
