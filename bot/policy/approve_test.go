package policy_test

import (
	"slices"
	"testing"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// known is a member whose e-mail leads to one ACTIVE Okta user of these groups.
func known(id reset.Person, email string, okta reset.UserID, groups ...string) policy.Person {
	p := member(id)
	p.Email, p.OktaIDs = email, []reset.UserID{okta}
	p.Okta = &policy.OktaAccount{ID: okta, Login: email, Status: "ACTIVE", Groups: groups}
	return p
}

func TestRules_MayApprove(t *testing.T) {
	r := policy.Rules{Approvers: policy.Group{Users: []reset.Person{lead, asker, "U_TWO", "U_GLASS"}}, Protect: policy.Protect{Approvers: []reset.Person{"U_GLASS", "U_FIRE"}}}
	asked := known(asker, "asker@example.com", "00uASKER")
	tests := []struct {
		name   string
		person policy.Person
		okta   reset.UserID // of the request
		glass  bool
		look   policy.ApprovalContext
		want   string
	}{
		{"an approver", known(lead, "lead@example.com", "00uLEAD"), "00uASKER", false, policy.ApprovalContext{Requester: asked}, ""},
		{"without e-mail", member(lead), "00uASKER", false, policy.ApprovalContext{Requester: asked}, ""},
		{"nothing is known of either", member(lead), "", false, policy.ApprovalContext{Requester: member(asker)}, ""},
		{"the requester", asked, "00uASKER", false, policy.ApprovalContext{Requester: asked}, policy.CodeOwnRequest},
		{"the requester by Okta user", known("U_TWO", "two@example.com", "00uASKER"), "00uASKER", false, policy.ApprovalContext{}, policy.CodeOwnRequest},
		{"the requester by one of two Okta users", policy.Person{ID: "U_TWO", OktaIDs: []reset.UserID{"00uTWO", "00uASKER"}}, "00uASKER", false, policy.ApprovalContext{}, policy.CodeOwnRequest},
		{"the requester by e-mail in another case", policy.Person{ID: "U_TWO", Email: "ASKER@example.com"}, "", false, policy.ApprovalContext{Requester: asked}, policy.CodeOwnRequest},
		{"a requester who left", policy.Person{ID: "U_TWO", Email: "asker@example.com"}, "", false, policy.ApprovalContext{Requester: policy.Person{ID: asker, Email: "asker@example.com", Deleted: true}}, policy.CodeOwnRequest},
		{"in the plan", member(lead), "", false, policy.ApprovalContext{Requester: asked, Row: 7}, policy.CodeOwnTarget},
		{"twice by another account", policy.Person{ID: "U_TWO", Email: "Lead@example.com"}, "", false, policy.ApprovalContext{Requester: asked, Earlier: []policy.Person{known(lead, "lead@example.com", "00uLEAD")}}, policy.CodeSamePerson},
		{"twice by another e-mail", known("U_TWO", "l@example.com", "00uLEAD"), "", false, policy.ApprovalContext{Requester: asked, Earlier: []policy.Person{known(lead, "lead@example.com", "00uLEAD")}}, policy.CodeSamePerson},
		{"beside another", known("U_TWO", "two@example.com", "00uTWO"), "", false, policy.ApprovalContext{Requester: asked, Earlier: []policy.Person{known(lead, "lead@example.com", "00uLEAD")}}, ""},
		{"of break-glass alone, a usual request", member("U_FIRE"), "", false, policy.ApprovalContext{Requester: asked}, policy.CodeNotApprover},
		{"of break-glass alone, break-glass", member("U_FIRE"), "", true, policy.ApprovalContext{Requester: asked}, ""},
		{"of break-glass, a guest", policy.Person{ID: "U_FIRE", Guest: true}, "", true, policy.ApprovalContext{Requester: asked}, policy.CodeGuest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: asker, Okta: tt.okta, Options: reset.Options{BreakGlass: tt.glass}}}
			if got := code(t, r.MayApprove(tt.person, req, tt.look)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPerson_Is(t *testing.T) {
	p := policy.Person{ID: lead, Email: "lead@example.com", OktaIDs: []reset.UserID{"00uLEAD", "00uADMIN"}}
	for name, c := range map[string]struct {
		target reset.Target
		want   bool
	}{
		"by the Okta user":         {reset.Target{User: "00uLEAD", Login: "x", Action: reset.ActionReset}, true},
		"by another login of them": {reset.Target{User: "00uADMIN", Login: "lead.admin@example.com", Action: reset.ActionReset}, true},
		"by the e-mail as a login": {reset.Target{User: "00uX", Login: "LEAD@example.com", Action: reset.ActionReset}, true},
		"passed over":              {reset.Target{User: "00uLEAD", Action: reset.ActionSkip}, false},
		"somebody else":            {reset.Target{User: "00uX", Login: "x@example.com", Action: reset.ActionReset}, false},
		"nobody":                   {reset.Target{Action: reset.ActionReset}, false},
	} {
		if got := p.Is(c.target); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (policy.Person{ID: lead}).Is(reset.Target{Action: reset.ActionReset}) {
		t.Error("an unknown person is an unknown target")
	}
}

func TestPerson_Same(t *testing.T) {
	for name, c := range map[string]struct {
		one, other policy.Person
		want       bool
	}{
		"one account":             {member(lead), member(lead), true},
		"two accounts":            {member(lead), member(asker), false},
		"two that nothing names":  {policy.Person{}, policy.Person{}, false},
		"one e-mail":              {policy.Person{ID: lead, Email: "l@example.com"}, policy.Person{ID: asker, Email: "L@example.com"}, true},
		"one Okta user":           {policy.Person{ID: lead, OktaIDs: []reset.UserID{"", "00uL"}}, policy.Person{ID: asker, OktaIDs: []reset.UserID{"00uL"}}, true},
		"an Okta user without ID": {policy.Person{ID: lead, OktaIDs: []reset.UserID{""}}, policy.Person{ID: asker, OktaIDs: []reset.UserID{""}}, false},
	} {
		if got := c.one.Same(c.other); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestGroup(t *testing.T) {
	const okta = "00g1"
	both := policy.Group{Users: []reset.Person{lead}, OktaGroups: []string{okta}}
	for name, c := range map[string]struct {
		group  policy.Group
		person policy.Person
		has    bool
	}{
		"named":                           {policy.Group{Users: []reset.Person{lead}}, member(lead), true},
		"named, shut in Okta":             {both, withOkta("SUSPENDED", okta), false},
		"named, unknown to Okta":          {both, member(lead), true},
		"named, Okta groups are not used": {policy.Group{Users: []reset.Person{lead}}, withOkta("SUSPENDED"), true},
		"in the Okta group":               {policy.Group{OktaGroups: []string{okta}}, withOkta("ACTIVE", okta), true},
		"nobody":                          {policy.Group{Users: []reset.Person{""}}, policy.Person{}, false},
	} {
		if got := c.group.Has(c.person); got != c.has || c.group.Empty() {
			t.Errorf("%s: %v, empty %v", name, got, c.group.Empty())
		}
	}
	for _, g := range []policy.Group{{Users: []reset.Person{lead}, Usergroups: []string{"S1"}}, {Usergroups: []string{"S1"}, OktaGroups: []string{okta}}} {
		if g.Empty() {
			t.Errorf("%+v names nobody", g)
		}
	}
	if !(policy.Group{}).Empty() {
		t.Error("a group of nobody names somebody")
	}
}

func TestRules_Able(t *testing.T) {
	r := policy.Rules{Approvers: policy.Group{Users: []reset.Person{asker, "U_A", "U_B", "U_C", "U_D"}}}
	listed := []policy.Person{
		known(asker, "asker@example.com", "00uASKER"), known("U_A", "a@example.com", "00uA"), known("U_B", "A@example.com", "00uB"),
		{ID: "U_C", Deleted: true}, known("U_D", "d@example.com", "00uD"), known("U_E", "e@example.com", "00uE"),
	}
	req := &reset.Request{Asked: reset.Ask{By: asker}}
	if got := len(r.Able(listed, req, listed[0], func(p policy.Person) bool { return p.ID == "U_D" })); got != 1 {
		t.Errorf("got %d, want one: the requester, a second account, one who left, a target and one who is none do not count", got)
	}
}

func TestRules_BreaksGlass(t *testing.T) {
	r := policy.Rules{Protect: policy.Protect{Approvers: []reset.Person{lead}}}
	shut := withOkta("SUSPENDED")
	for name, c := range map[string]struct {
		okta   []string
		person policy.Person
		want   bool
	}{
		"named": {nil, member(lead), true}, "not named": {nil, member(asker), false}, "a guest": {nil, policy.Person{ID: lead, Guest: true}, false},
		"Okta is asked, ACTIVE": {[]string{"00g1"}, withOkta("ACTIVE"), true}, "Okta is asked, suspended": {[]string{"00g1"}, shut, false}, "Okta is asked, unknown": {[]string{"00g1"}, member(lead), false},
	} {
		r.Approvers.OktaGroups = c.okta
		if got := r.BreaksGlass(c.person); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if code(t, r.MayBreakGlass()) != "" || code(t, policy.Rules{}.MayBreakGlass()) != policy.CodeBreakGlass {
		t.Error("break-glass is there exactly where somebody is named for it")
	}
}

func TestRules_LiftsAny(t *testing.T) {
	r := policy.Rules{Approvers: policy.Group{Users: []reset.Person{lead, asker, "U_TWO"}}}
	asked := known(asker, "asker@example.com", "00uASKER")
	req := &reset.Request{Asked: reset.Ask{By: asker, Okta: "00uASKER"}}
	for name, c := range map[string]struct {
		person policy.Person
		want   bool
	}{
		"an approver": {member(lead), true}, "the requester": {asked, false}, "by e-mail": {policy.Person{ID: "U_TWO", Email: "ASKER@example.com"}, false},
		"by Okta user": {known("U_TWO", "two@example.com", "00uASKER"), false}, "not an approver": {member("U_ANY"), false},
	} {
		if got := r.LiftsAny(c.person, asked, req); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRules_MayReport(t *testing.T) {
	target := reset.Target{Row: 3, User: "00uANA", Login: "ana@example.com"}
	ana := known("U_ANA", "ana@example.com", "00uANA")
	for name, c := range map[string]struct {
		person policy.Person
		row    int
		want   string
	}{
		"who was reset": {ana, 3, ""}, "of another row": {ana, 4, policy.CodeNotTheirs}, "somebody else": {known(lead, "l@example.com", "00uL"), 3, policy.CodeNotTheirs},
		"unknown to Okta": {policy.Person{ID: "U_ANA", Email: "ana@example.com"}, 3, policy.CodeNotTheirs}, "a guest": {policy.Person{ID: "U_ANA", Guest: true}, 3, policy.CodeGuest},
	} {
		if got := code(t, policy.Rules{}.MayReport(c.person, c.row, target)); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestRules_MayFreeze_and_OneApprover(t *testing.T) {
	one := policy.Rules{Approvers: policy.Group{Users: []reset.Person{lead}}}
	group := policy.Rules{Approvers: policy.Group{Usergroups: []string{"S1"}}}
	in := func(id reset.Person) policy.Person { return policy.Person{ID: id, Usergroups: []string{"S1"}} }
	if code(t, one.MayFreeze(member(lead))) != "" || code(t, one.MayFreeze(member(asker))) != policy.CodeNotApprover || code(t, group.MayFreeze(in(asker))) != "" {
		t.Error("approvers freeze, nobody else")
	}
	for name, c := range map[string]struct {
		rules  policy.Rules
		listed []policy.Person
		want   bool
	}{
		"one named": {one, nil, true}, "two named": {rules(), nil, false}, "a group of one": {group, []policy.Person{in(lead), member(asker)}, true},
		"a group of two": {group, []policy.Person{in(lead), in(asker)}, false}, "a user group and an Okta group": {policy.Rules{Approvers: policy.Group{Usergroups: []string{"S1"}, OktaGroups: []string{"00g1"}}}, []policy.Person{withOkta("ACTIVE", "00g1")}, true},
		"a group of which one left": {group, []policy.Person{in(lead), {ID: asker, Usergroups: []string{"S1"}, Deleted: true}}, true},
	} {
		if got := c.rules.OneApprover(c.listed); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRules_NewDecision(t *testing.T) {
	terms := reset.Terms{From: []reset.Quorum{{Members: []string{"S1"}}, {Members: []string{"S2", "S3"}}, {Members: []string{string(lead)}}}}
	p := known(lead, "lead@example.com", "00uLEAD")
	p.Usergroups = []string{"S3"}
	v := policy.Rules{}.NewDecision(p, terms, "abc")
	if v.By != lead || v.Okta != "00uLEAD" || v.Login != "lead@example.com" || v.Digest != "abc" || !slices.Equal(v.From, []int{1, 2}) {
		t.Errorf("got %+v", v)
	}
}
