package policy_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

const (
	here  = reset.Channel("C_FACTORS")
	team  = "T_HOME"
	asker = reset.Person("U_ASKER")
	lead  = reset.Person("U_LEAD")
)

// code returns the code of a refusal, "" for none, and fails for any other error.
func code(t *testing.T, err error) string {
	t.Helper()
	var r *policy.Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &r):
		if len(r.Words) < 10 || !strings.HasSuffix(strings.TrimSpace(r.Words), ".") {
			t.Errorf("the words %q are no sentence", r.Words)
		}
		return r.Code
	}
	t.Fatalf("not a refusal: %v", err)
	return ""
}

func member(id reset.Person) policy.Person { return policy.Person{ID: id, Team: team} }

// unfit are accounts that never act, each otherwise named by every rule.
func unfit(id reset.Person) map[string]policy.Person {
	return map[string]policy.Person{
		policy.CodeNobody:      {Team: team},
		policy.CodeDeactivated: {ID: id, Team: team, Deleted: true},
		policy.CodeBot:         {ID: id, Team: team, Bot: true},
		policy.CodeGuest:       {ID: id, Team: team, Guest: true},
		policy.CodeStranger:    {ID: id, Team: "T_OTHER", Stranger: true},
	}
}

func rules() policy.Rules {
	return policy.Rules{
		Channels:  []reset.Channel{here},
		Approvers: policy.Group{Users: []reset.Person{lead, asker}},
	}
}

func TestRules_MayAsk(t *testing.T) {
	ticket := regexp.MustCompile(`^INC-\d+`)
	tests := []struct {
		name    string
		change  func(*policy.Rules)
		person  policy.Person
		channel reset.Channel
		reason  string
		want    string
	}{
		{"any member of the channel", nil, member("U_ANY"), here, "lost phone", ""},
		{"another channel", nil, member("U_ANY"), "C_OTHER", "lost phone", policy.CodeChannel},
		{"a direct message", nil, member("U_ANY"), "D_1", "lost phone", policy.CodeChannel},
		{"no channels", func(r *policy.Rules) { r.Channels = nil }, member("U_ANY"), here, "lost phone", policy.CodeChannel},
		{"listed", func(r *policy.Rules) { r.Requesters.Users = []reset.Person{asker} }, member(asker), here, "lost", ""},
		{"not listed", func(r *policy.Rules) { r.Requesters.Users = []reset.Person{asker} }, member("U_ANY"), here, "lost", policy.CodeNotRequester},
		{"of a user group", func(r *policy.Rules) { r.Requesters.Usergroups = []string{"S_DESK"} }, policy.Person{ID: "U_ANY", Usergroups: []string{"S_DESK"}}, here, "lost", ""},
		{"group not resolved", func(r *policy.Rules) { r.Requesters.Usergroups = []string{"S_DESK"} }, member("U_ANY"), here, "lost", policy.CodeNotRequester},
		{"no reason needed", nil, member("U_ANY"), here, "", ""},
		{"reason needed", func(r *policy.Rules) { r.RequireReason = true }, member("U_ANY"), here, " \n ", policy.CodeNoReason},
		{"reason given", func(r *policy.Rules) { r.RequireReason = true }, member("U_ANY"), here, "x", ""},
		{"pattern kept", func(r *policy.Rules) { r.ReasonPattern = ticket }, member("U_ANY"), here, "INC-7 lost", ""},
		{"pattern broken", func(r *policy.Rules) { r.ReasonPattern = ticket }, member("U_ANY"), here, "lost", policy.CodeReasonPattern},
		{"pattern and no reason", func(r *policy.Rules) { r.ReasonPattern = ticket }, member("U_ANY"), here, "", policy.CodeReasonPattern},
		{"reason just short enough", nil, member("U_ANY"), here, strings.Repeat("ü", 1000), ""},
		{"reason too long", nil, member("U_ANY"), here, strings.Repeat("ü", 1001), policy.CodeReasonLong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rules()
			if tt.change != nil {
				tt.change(&r)
			}
			if got := code(t, r.MayAsk(tt.person, tt.channel, tt.reason)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRules_unfit tries each kind of account that never acts on each rule, though every list names it.
func TestRules_unfit(t *testing.T) {
	r := rules()
	own := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: lead}}
	others := &reset.Request{ID: "FR-2", Asked: reset.Ask{By: "U_SOMEBODY"}}
	for want, p := range unfit(lead) {
		t.Run(want, func(t *testing.T) {
			for name, err := range map[string]error{
				"ask": r.MayAsk(p, here, "x"), "decide": r.MayDecide(p, others),
				"cancel": r.MayCancel(p, others), "pause": r.MayPause(p, others), "resume": r.MayResume(p, others),
				"cancel own": r.MayCancel(p, own), "pause own": r.MayPause(p, own), "resume own": r.MayResume(p, own),
			} {
				if got := code(t, err); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if r.IsApprover(p) {
				t.Error("is an approver")
			}
		})
	}
}

func TestRules_MayDecide(t *testing.T) {
	tests := []struct {
		name      string
		approvers policy.Group
		person    policy.Person
		want      string
	}{
		{"an approver", policy.Group{Users: []reset.Person{lead}}, member(lead), ""},
		{"the requester, though an approver", policy.Group{Users: []reset.Person{asker}}, member(asker), policy.CodeOwnRequest},
		{"anybody else", policy.Group{Users: []reset.Person{lead}}, member("U_ANY"), policy.CodeNotApprover},
		{"nobody is an approver", policy.Group{}, member(lead), policy.CodeNotApprover},
		{"an empty ID in the list", policy.Group{Users: []reset.Person{""}}, member("U_ANY"), policy.CodeNotApprover},
		{"of a user group", policy.Group{Usergroups: []string{"S_SEC"}}, policy.Person{ID: lead, Usergroups: []string{"S_X", "S_SEC"}}, ""},
		{"of another user group", policy.Group{Usergroups: []string{"S_SEC"}}, policy.Person{ID: lead, Usergroups: []string{"S_X"}}, policy.CodeNotApprover},
		{"empty group names on both sides", policy.Group{Usergroups: []string{""}}, policy.Person{ID: lead, Usergroups: []string{""}}, policy.CodeNotApprover},
		{"of an Okta group", policy.Group{OktaGroups: []string{"00g1"}}, withOkta("ACTIVE", "00g1"), ""},
		{"of another Okta group", policy.Group{OktaGroups: []string{"00g1"}}, withOkta("ACTIVE", "00g2"), policy.CodeNotApprover},
		{"suspended in Okta", policy.Group{OktaGroups: []string{"00g1"}}, withOkta("SUSPENDED", "00g1"), policy.CodeNotApprover},
		{"no Okta account", policy.Group{OktaGroups: []string{"00g1"}}, member(lead), policy.CodeNotApprover},
		{"named, but shut in Okta", policy.Group{Users: []reset.Person{lead}, OktaGroups: []string{"00g1"}}, withOkta("DEPROVISIONED"), policy.CodeNotApprover},
		{"named, Okta groups are not used", policy.Group{Users: []reset.Person{lead}}, withOkta("DEPROVISIONED"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := policy.Rules{Approvers: tt.approvers}
			req := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: asker}}
			if got := code(t, r.MayDecide(tt.person, req)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if tt.person.ID != asker && r.IsApprover(tt.person) != (tt.want == "") {
				t.Errorf("IsApprover is %v", !(tt.want == ""))
			}
		})
	}
}

func withOkta(status string, groups ...string) policy.Person {
	p := member(lead)
	p.Okta = &policy.OktaAccount{ID: "00u00000000000000001", Status: status, Groups: groups}
	return p
}

func TestRules_mayStop(t *testing.T) {
	req := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: asker}}
	tests := []struct {
		name   string
		person policy.Person
		want   string
	}{
		{"the requester", member(asker), ""},
		{"an approver", member(lead), ""},
		{"anybody else", member("U_ANY"), policy.CodeNotTheirs},
	}
	r := policy.Rules{Approvers: policy.Group{Users: []reset.Person{lead}}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, err := range map[string]error{
				"cancel": r.MayCancel(tt.person, req), "pause": r.MayPause(tt.person, req), "resume": r.MayResume(tt.person, req),
			} {
				if got := code(t, err); got != tt.want {
					t.Errorf("%s: got %q, want %q", name, got, tt.want)
				}
			}
		})
	}
}

// Whoever may stop a request denies it, but for the one who asked for it.
func TestRules_MayDeny(t *testing.T) {
	r := policy.Rules{Approvers: policy.Group{Users: []reset.Person{lead, asker}}, Protect: policy.Protect{Approvers: []reset.Person{"U_GLASS"}}}
	for name, c := range map[string]struct {
		person policy.Person
		glass  bool
		want   string
	}{
		"an approver":                     {member(lead), false, ""},
		"the requester":                   {member(asker), false, policy.CodeOwnRequest},
		"the requester's other account":   {policy.Person{ID: lead, OktaIDs: []reset.UserID{"00uASKER"}}, false, policy.CodeOwnRequest},
		"anybody else":                    {member("U_ANY"), false, policy.CodeNotApprover},
		"a guest":                         {policy.Person{ID: lead, Guest: true}, false, policy.CodeGuest},
		"of break-glass, a usual request": {member("U_GLASS"), false, policy.CodeNotApprover},
		"of break-glass, break-glass":     {member("U_GLASS"), true, ""},
	} {
		req := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: asker, Okta: "00uASKER", Options: reset.Options{BreakGlass: c.glass}}}
		if got := code(t, r.MayDeny(c.person, req)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// An account that may be in other hands stops things, and lets nothing happen.
func TestRules_untrusted(t *testing.T) {
	r := policy.Rules{Approvers: policy.Group{Users: []reset.Person{lead}}}
	req := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: asker}}
	at := noon
	for want, p := range map[string]policy.Person{
		policy.CodePushRefused: {ID: lead, At: at, Refused: at.Add(1)},
		policy.CodeOktaMoved:   {ID: lead, At: at, Moved: true},
		"":                     {ID: lead, At: at, Refused: at},
	} {
		for name, err := range map[string]error{"thaw": r.MayThaw(p), "resume": r.MayResume(p, req), "decide": r.MayDecide(p, req)} {
			if got := code(t, err); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		for name, err := range map[string]error{"freeze": r.MayFreeze(p), "deny": r.MayDeny(p, req), "pause": r.MayPause(p, req)} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got := code(t, r.MayThaw(member("U_ANY"))); got != policy.CodeNotApprover {
		t.Errorf("anybody: %q", got)
	}
	if got := code(t, r.MayThaw(policy.Person{ID: lead, Deleted: true})); got != policy.CodeDeactivated {
		t.Errorf("deactivated: %q", got)
	}
}

// What somebody asked for is read by them, by who may stop it, and by who may ask in its channel.
func TestRules_MayRead(t *testing.T) {
	open := policy.Rules{Approvers: policy.Group{Users: []reset.Person{lead}}}
	listed := open
	listed.Requesters.Users = []reset.Person{"U_DESK"}
	req := &reset.Request{ID: "FR-1", Asked: reset.Ask{By: asker}}
	for name, c := range map[string]struct {
		rules  policy.Rules
		person policy.Person
		member bool
		want   string
	}{
		"the requester, not in the channel": {open, member(asker), false, ""},
		"the requester, deactivated":        {open, policy.Person{ID: asker, Deleted: true}, true, policy.CodeDeactivated},
		"an approver, not in the channel":   {open, member(lead), false, ""},
		"a member of the channel":           {open, member("U_ANY"), true, ""},
		"not in the channel":                {open, member("U_ANY"), false, policy.CodeNotMember},
		"listed, not in the channel":        {listed, member("U_DESK"), false, ""},
		"not listed, in the channel":        {listed, member("U_ANY"), true, policy.CodeNotRequester},
	} {
		if got := code(t, c.rules.MayRead(c.person, req, c.member)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := code(t, open.MayRead(policy.Person{}, &reset.Request{}, true)); got != policy.CodeNobody {
		t.Errorf("nobody reads what nobody asked for: %q", got)
	}
}

func TestRules_AsksOkta(t *testing.T) {
	okta := policy.Group{OktaGroups: []string{"00g1"}}
	for _, c := range []struct {
		rules policy.Rules
		want  bool
	}{{policy.Rules{}, false}, {policy.Rules{Approvers: okta}, true}, {policy.Rules{Requesters: okta}, true}, {policy.Rules{Approvers: okta, Requesters: okta}, true}} {
		if got := c.rules.AsksOkta(); got != c.want {
			t.Errorf("%+v: %v", c.rules, got)
		}
	}
	for s, want := range map[policy.StepUp]bool{"": false, policy.StepUpOff: false, policy.StepUpLarge: true, policy.StepUpAlways: true} {
		if s.On() != want {
			t.Errorf("step_up %q asks for answers: %v", s, s.On())
		}
	}
}
