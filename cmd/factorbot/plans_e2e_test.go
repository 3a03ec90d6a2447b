package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oktaGroup returns the ID of one of the sandbox's Okta groups.
func (s *sandboxRun) oktaGroup(name string) string {
	s.tb.Helper()
	body := s.callOkta(http.MethodGet, "/groups?q="+url.QueryEscape(name))
	var groups []struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &groups) != nil || len(groups) != 1 {
		s.tb.Fatalf("group %s: %s", name, body)
	}
	return groups[0].ID
}

// The members of a protected group are passed over, in the plan and in the run.
func TestRun_protected_group(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "120", "--rate-limit", "6000")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "large_batch: {over: 1000}\nprotect: {okta_groups: ["+s.oktaGroup("Legal")+"]}\n"))
	legal := logins(s.people(), func(p person) bool { return slices.Contains(p.Groups, "Legal") })
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	_, rows := s.mustFinish(1)
	passed := 0
	for _, r := range rows {
		is := slices.Contains(legal, r[3])
		if is && r[4] != "skipped" || !is && r[5] == "protected_group" {
			t.Errorf("%s, of the group: %t: %s %s", r[3], is, r[4], r[5])
		}
		if r[5] == "protected_group" {
			passed++
		}
	}
	if passed < 3 {
		t.Errorf("%d of %d members are passed over", passed, len(legal))
	}
	checkResets(t, s, rows)
}

// In waves everybody is reset once, the first wave before all others.
func TestRun_ramp(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "60", "--rate-limit", "6000")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "large_batch: {over: 1000}\nramp: [1, 10]\n"))
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	_, rows := s.mustFinish(1)
	first := ""
	for _, r := range rows {
		if r[4] != "reset" {
			continue
		}
		if first == "" {
			first = r[11]
		}
		if r[11] < first {
			t.Errorf("row %s was finished at %s, the first wave at %s", r[0], r[11], first)
		}
	}
	checkResets(t, s, rows)
}

// Over the bound of a day a plan is refused in words, and what is under it passes.
func TestRun_velocity(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "60", "--rate-limit", "6000")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "velocity: {per_requester_per_day: 3}\n"))
	active := logins(s.people(), func(p person) bool {
		return p.Status == "ACTIVE" && p.Login != "ana@example.com" && len(p.Factors) > 0 && strings.Contains(p.Login, "@example.com")
	})
	s.ask("ana@example.com because lost phone")
	s.mustFinish(1)
	s.ask(strings.Join(active[len(active)-8:], " ") + " because lost phones")
	s.awaitMessage("the refusal", func(m message) bool { return strings.Contains(m.all(), "One person can request 3 users a day") })
}
