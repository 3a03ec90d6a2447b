package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"factorbot/bot/slacksim"
)

// isCast reports whether one of the simulated people of Slack has the e-mail.
func isCast(email string) bool {
	return slices.ContainsFunc(slacksim.Cast(), func(p slacksim.Person) bool { return p.Email == email })
}

// Those who were reset are told, each once though the program is restarted; who
// has no Slack account is counted in the thread; the word of one of them counts.
func TestNotices(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000", "--no-bot")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "notify: {users: true}\nalerts: {channel: C_FACTORS}\n")
	_, stop := s.mustRun(db, config)
	nobody := ""
	for _, u := range s.okta().Okta.Users {
		if u.Status == "ACTIVE" && len(u.Roles) == 0 && len(u.Factors) > 0 && !isCast(u.Login) {
			nobody = u.Login
		}
	}
	s.command("U_REQUESTER", "/factor-reset ana@example.com "+nobody+" because lost phones")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
	told := s.awaitDirect("U_ANA", "Your Okta MFA was reset", "U_APPROVER1", "That wasn't me")
	if strings.Contains(told.all(), "lost phones") {
		t.Error("the reason is told to those who were reset")
	}
	s.awaitMessage("the sum in the thread", func(m message) bool {
		return m.ThreadTS != "" && strings.Contains(m.all(), "1 of 2 users") && strings.Contains(m.all(), "1 user: no Slack account")
	})
	stop()
	s.mustRun(db, config)
	s.pressDirect("U_ANA", told, "not_me")
	s.await("the answer to the report", func() bool {
		for _, m := range s.direct("U_ANA") {
			if m.Ephemeral && strings.Contains(m.all(), "security team now knows") {
				return true
			}
		}
		return false
	})
	s.awaitDirect("U_ANA", "Your Okta MFA was reset") // still one
	alert := s.awaitMessage("the alert", func(m message) bool { return strings.Contains(m.all(), "didn't expect their MFA reset") })
	if alert.ThreadTS != "" || !strings.Contains(alert.all(), "U_ANA") {
		t.Errorf("the alert: %s", alert.all())
	}
}
