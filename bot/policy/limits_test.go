package policy_test

import (
	"testing"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

func TestRules_TermsFor_approvals(t *testing.T) {
	usual := policy.Rules{Approvals: 1, LargeBatch: policy.LargeBatch{Over: 100, Approvals: 2}}
	tests := []struct {
		name           string
		rules          policy.Rules
		resets, recent int
		want           int
	}{
		{"small", usual, 100, 0, 1},
		{"large", usual, 101, 0, 2},
		{"split over a day", usual, 1, 100, 2},
		{"split, still small", usual, 50, 50, 1},
		{"large asks for fewer", policy.Rules{Approvals: 3, LargeBatch: policy.LargeBatch{Over: 1, Approvals: 2}}, 5, 0, 3},
		{"nothing set", policy.Rules{}, 5, 0, 1},
		{"nothing to reset", usual, 0, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.rules.TermsFor(policy.Case{Resets: tt.resets, Recent: tt.recent}).Approvals; got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestRules_CheckSize(t *testing.T) {
	r := policy.Rules{MaxTargets: 3}
	for rows, want := range map[int]string{1: "", 3: "", 4: policy.CodeMaxTargets} {
		if got := code(t, r.CheckSize(rows)); got != want {
			t.Errorf("%d rows: got %q, want %q", rows, got, want)
		}
	}
	if got := code(t, policy.Rules{}.CheckSize(1)); got != policy.CodeMaxTargets {
		t.Errorf("no maximum set: got %q", got)
	}
}

func TestRules_Protected(t *testing.T) {
	const id, login = reset.UserID("00u00000000000000003"), "Boss@example.com"
	tests := []struct {
		name    string
		protect policy.Protect
		user    reset.UserID
		login   string
		admin   bool
		group   string
		want    reset.Reason
	}{
		{"an administrator", policy.Protect{Admins: policy.AdminsList}, id, login, true, "", reset.ProtectedAdmin},
		{"an administrator, asked for", policy.Protect{Admins: policy.AdminsEach}, id, login, true, "", reset.ProtectedAdmin},
		{"the setting is missing", policy.Protect{}, id, login, true, "", reset.ProtectedAdmin},
		{"administrators are not protected", policy.Protect{Admins: policy.AdminsOff}, id, login, true, "", ""},
		{"without a role", policy.Protect{Admins: policy.AdminsList}, id, login, false, "", ""},
		{"by ID", policy.Protect{Users: []string{string(id)}}, id, login, false, "", reset.ProtectedUser},
		{"an ID has its case", policy.Protect{Users: []string{"00uABC"}}, "00uabc", login, false, "", ""},
		{"by login in another case", policy.Protect{Users: []string{"bOSS@example.com"}}, id, login, false, "", reset.ProtectedUser},
		{"an empty entry protects nobody", policy.Protect{Users: []string{""}, OktaGroups: []string{""}}, id, "", false, "", ""},
		{"by group", policy.Protect{OktaGroups: []string{"00g2", "00g1"}}, id, login, false, "00g1", reset.ProtectedGroup},
		{"in another group", policy.Protect{OktaGroups: []string{"00g1"}}, id, login, false, "00g2", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (policy.Rules{Protect: tt.protect}).Protected(tt.user, tt.login, tt.admin, tt.group); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
