package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// How far a break-glass request is, is told in alerts.channel and to the webhook.
func TestAlerts_break_glass(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	hook := mustReceive(t)
	config := mustConfig(t, "protect: {users: [ana@example.com], approvers: [U_APPROVER2]}\nalerts: {channel: C_FACTORS, webhook: '"+hook.URL+"'}\n")
	_, stop := s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), config, "FACTORBOT_WEBHOOK_SECRET="+hookKey)
	s.ask("break-glass ana@example.com because the chief is locked out")
	m := s.awaitPending(1)
	alerted := func(words string) {
		t.Helper()
		s.awaitMessage("the alert: "+words, func(m message) bool {
			return m.ThreadTS == "" && strings.Contains(m.all(), "The break-glass request FR-1 "+words) && strings.Contains(m.all(), "the chief is locked out")
		})
	}
	alerted("waits for approval")
	s.click("U_APPROVER1", m, "approve")
	s.click("U_APPROVER2", s.shows(m, "1 more approval needed"), "approve")
	alerted("was approved")
	s.awaitResults(1)
	alerted("has ended")
	for _, d := range hook.awaitEvents("break_glass", "expected", "ended") {
		if d.body["break_glass"] != true {
			t.Errorf("not told as break-glass: %v", d.body)
		}
	}
	stop()
}

// Without a channel for alerts the word of an affected user is said where the
// request was made; of a small batch one such word is 1 % and pauses it.
func TestAlerts_not_me_pauses(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "90", "--rate-limit", "6000", "--latency", "500ms")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "notify: {users: true}\nokta: {concurrency: 1}\n"))
	names := []string{"ana@example.com"}
	for _, u := range s.okta().Okta.Users {
		if u.Status == "ACTIVE" && len(u.Roles) == 0 && !isCast(u.Login) && len(names) < 60 {
			names = append(names, u.Login)
		}
	}
	s.command("U_REQUESTER", "/factor-reset "+strings.Join(names, " ")+" because lost phones")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.pressDirect("U_ANA", s.awaitDirect("U_ANA", "That wasn't me"), "not_me")
	s.awaitMessage("the report", func(m message) bool {
		return !m.Ephemeral && strings.Contains(m.all(), "<@U_ANA> didn't expect their MFA reset")
	})
	s.awaitMessage("the pause", func(m message) bool { return strings.Contains(m.all(), "FR-1 is paused") })
	if n := s.reset(); n == 0 || n >= len(names) {
		t.Errorf("%d of %d were reset when it paused", n, len(names))
	}
}
