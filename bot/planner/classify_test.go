package planner

import (
	"strings"
	"testing"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/okta"
)

const (
	ana  = "00uanaaaaaaaaaaaaaaa"
	boss = "00ubossaaaaaaaaaaaaa"
)

func TestJudge_target(t *testing.T) {
	row := func(s string) reset.Row {
		return reset.Row{Row: 2, Line: 7, Input: s, Kind: reset.RefLogin, Value: s}
	}
	user := func(status string) okta.Match {
		return okta.Match{Users: []okta.User{{ID: ana, Login: "ana@example.com", Status: status}}}
	}
	cases := []struct {
		name   string
		row    reset.Row
		match  okta.Match
		action reset.Action
		reason reset.Reason
		detail string // a part of it
	}{
		{"active", row("ana@example.com"), user("ACTIVE"), reset.ActionReset, "", ""},
		{"locked out", row("ana@example.com"), user("LOCKED_OUT"), reset.ActionReset, "", ""},
		{"password expired", row("ana@example.com"), user("PASSWORD_EXPIRED"), reset.ActionReset, "", ""},
		{"recovery", row("ana@example.com"), user("RECOVERY"), reset.ActionReset, "", ""},
		{"suspended is warned of", row("ana@example.com"), user("SUSPENDED"), reset.ActionReset, "", "suspended"},
		{"provisioned is warned of", row("ana@example.com"), user("PROVISIONED"), reset.ActionReset, "", "provisioned"},
		{"staged", row("ana@example.com"), user("STAGED"), reset.ActionSkip, reset.Staged, "line 7"},
		{"deactivated", row("ana@example.com"), user("DEPROVISIONED"), reset.ActionSkip, reset.Deprovisioned, "line 7"},
		{"unknown", row("no@example.com"), okta.Match{}, reset.ActionSkip, reset.NotFound, "line 7"},
		{"an odd login that Okta has", reset.Row{Row: 2, Line: 7, Kind: reset.RefLogin, Value: "jean dupont", Odd: "has a space inside"}, user("ACTIVE"), reset.ActionReset, "", ""},
		{"an odd login that Okta does not have", reset.Row{Row: 2, Line: 7, Kind: reset.RefLogin, Value: "jean dupont", Odd: "has a space inside"}, okta.Match{}, reset.ActionSkip, reset.InvalidRow, "line 7: has a space inside"},
		{"two of them", row("two@example.com"), okta.Match{Users: []okta.User{{ID: ana}, {ID: boss}}}, reset.ActionSkip, reset.Ambiguous, "2 users"},
		{"a bad row", reset.Row{Row: 2, Line: 7, Problem: "has a space inside"}, okta.Match{}, reset.ActionSkip, reset.InvalidRow, "line 7: has a space inside"},
		{"administrator", row("boss@example.com"), okta.Match{Users: []okta.User{{ID: boss, Login: "boss@example.com", Status: "ACTIVE"}}}, reset.ActionSkip, reset.ProtectedAdmin, "administrator"},
		{"protected by login", row("vip@example.com"), okta.Match{Users: []okta.User{{ID: "00uvipaaaaaaaaaaaaaa", Login: "VIP@example.com", Status: "ACTIVE"}}}, reset.ActionSkip, reset.ProtectedUser, "protected"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rules := policy.Rules{Protect: policy.Protect{Admins: policy.AdminsList, Users: []string{"vip@example.com"}}}
			by := &classifier{rules: rules, known: protection.Snapshot{Admins: protection.ListOf(boss)}, seen: map[string]int{}}
			got := by.target(c.row, c.match)
			if got.Action != c.action || got.Reason != c.reason || !strings.Contains(got.Detail, c.detail) {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestJudge_duplicates_by_resolved_ID(t *testing.T) {
	c := &classifier{seen: map[string]int{}}
	u := okta.User{ID: ana, Login: "ana@example.com", Status: "ACTIVE"}
	first := c.target(reset.Row{Row: 1, Kind: reset.RefLogin, Value: "ana@example.com"}, okta.Match{Users: []okta.User{u}})
	again := c.target(reset.Row{Row: 2, Kind: reset.RefID, Value: ana}, okta.Match{Users: []okta.User{u}})
	if first.Action != reset.ActionReset || again.Reason != reset.Duplicate || !strings.Contains(again.Detail, "row 1") {
		t.Fatalf("got %+v and %+v", first, again)
	}
}
