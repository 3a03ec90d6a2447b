package main

import (
	"fmt"
	"strings"
	"testing"
)

// private is what a command is answered, as text.
func (s *sandboxRun) private(user, text string) string {
	s.tb.Helper()
	return fmt.Sprint(s.command(user, text)["ephemeral"])
}

func TestVerbs_answers(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	for _, c := range []struct{ user, text, want string }{
		{"U_REQUESTER", "help", "whoami"},
		{"U_REQUESTER", "whoami", "Request resets"},
		{"U_APPROVER1", "whoami", "Waiting for you"},
		{"U_GUEST", "whoami", "Guests can't do this"},
		{"U_REQUESTER", "status", "FR-1"},
		{"U_REQUESTER", "status FR-1", "waiting for approval"},
		{"U_REQUESTER", "status FR-9", "no such request"},
		{"U_REQUESTER", "status FR-1 FR-2", "Which request"},
		{"U_REQUESTER", "history", "FR-1"},
		{"U_REQUESTER", "history mine", "of yours"},
		{"U_REQUESTER", "history @U_APPROVER1", "none"},
		{"U_REQUESTER", "history 30d", "of the last 30d"},
		{"U_REQUESTER", "history yesterday", "history 30d"},
		{"U_REQUESTER", "receipt FR-1", "Plan digest"},
		{"U_REQUESTER", "receipt", "Which request"},
		{"U_REQUESTER", "enrolled FR-1", "reset nobody"},
		{"U_REQUESTER", "retry FR-1", "isn't done yet"},
		{"U_REQUESTER", "retry", "Which request"},
		{"U_REQUESTER", "pause FR-1", "already waiting for approval"},
		{"U_REQUESTER", "resume FR-9", "no such request"},
		{"U_REQUESTER", "freeze", "approvers"},
		{"U_APPROVER1", "freeze FR-1", "pause FR-42"},
		{"U_APPROVER1", "thaw", "Nothing is frozen"},
		{"U_REQUESTER", "statsu", "Did you mean"},
		{"U_REQUESTER", "receit FR-1", "Did you mean"},
		{"U_REQUESTER", "ana@example.com becuase lost phone", "don't understand"},
	} {
		if got := s.private(c.user, "/factor-reset "+c.text); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s: %s", c.user, c.text, got)
		}
	}
	if got := s.private("U_REQUESTER", "/factor-reset cancel FR-1 because not needed"); !strings.Contains(got, "FR-1: cancelled") {
		t.Errorf("cancel: %s", got)
	}
	s.awaitMessage("the buttons to go", func(m message) bool { return m.TS == pending.TS && !m.has("approve") })
}

func TestVerbs_freeze_and_thaw(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	if got := s.private("U_APPROVER1", "/factor-reset freeze because somebody called"); !strings.Contains(got, "Everything is frozen") {
		t.Fatalf("freeze: %s", got)
	}
	s.awaitMessage("the channel to be told", func(m message) bool {
		return !m.Ephemeral && strings.Contains(m.all(), "Everything is frozen") && strings.Contains(m.all(), "somebody called")
	})
	s.click("U_APPROVER1", pending, "approve")
	s.toldPrivately("U_APPROVER1", "Everything is frozen")
	if got := s.private("U_REQUESTER", "/factor-reset ana@example.com because again"); !strings.Contains(got, "frozen") {
		t.Errorf("a new request: %s", got)
	}
	if got := s.private("U_APPROVER2", "/factor-reset freeze"); !strings.Contains(got, "already frozen") {
		t.Errorf("a second freeze: %s", got)
	}
	if got := s.private("U_APPROVER1", "/factor-reset thaw"); !strings.Contains(got, "One more approver") {
		t.Errorf("the first thaw: %s", got)
	}
	if got := s.private("U_APPROVER1", "/factor-reset thaw"); !strings.Contains(got, "already counts") {
		t.Errorf("the same person again: %s", got)
	}
	if got := s.private("U_APPROVER2", "/factor-reset thaw"); !strings.Contains(got, "freeze is lifted") {
		t.Errorf("the second thaw: %s", got)
	}
	s.awaitMessage("the channel to be told of the thaw", func(m message) bool {
		return !m.Ephemeral && strings.Contains(m.all(), "The freeze is lifted")
	})
	s.click("U_APPROVER1", pending, "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
	if got := s.private("U_REQUESTER", "/factor-reset enrolled FR-1"); !strings.Contains(got, "0 of 1 user") {
		t.Errorf("enrolled: %s", got)
	}
	if got := s.private("U_REQUESTER", "/factor-reset retry FR-1"); !strings.Contains(got, "nothing to retry") {
		t.Errorf("retry: %s", got)
	}
}

// What was not run is asked for again, and approved again.
func TestVerbs_retry(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "200", "--rate-limit", "60000", "--latency", "40ms")
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.approveLarge(s.awaitPending(1))
	s.await("some resets", func() bool { return s.reset() > 5 })
	if got := s.private("U_REQUESTER", "/factor-reset cancel FR-1 because that is enough"); !strings.Contains(got, "FR-1 is stopping") {
		t.Fatalf("cancel: %s", got)
	}
	byOutcome, byReason, first := outcomes(t, s.awaitResults(1))
	if byReason["cancelled"] == 0 || byOutcome["reset"] == 0 {
		t.Fatalf("the run was not cut: %v %v", byOutcome, byReason)
	}
	checkResets(t, s, first)
	if got := s.private("U_GUEST", "/factor-reset retry FR-1"); !strings.Contains(got, "Guests") {
		t.Errorf("a guest: %s", got)
	}
	if got := s.private("U_REQUESTER", "/factor-reset retry FR-1"); !strings.Contains(got, fmt.Sprintf("FR-2: planning %d users", byReason["cancelled"])) {
		t.Fatalf("retry: %s", got)
	}
	s.approveLarge(s.awaitPending(2))
	again, _, second := outcomes(t, s.awaitResults(2))
	if again["reset"] != byReason["cancelled"] || len(second) != byReason["cancelled"] {
		t.Errorf("the second run: %v of %d", again, byReason["cancelled"])
	}
	if got := s.private("U_REQUESTER", "/factor-reset receipt FR-2"); !strings.Contains(got, "Approved by") || !strings.Contains(got, "Outcome") || !strings.Contains(got, "audit trail") {
		t.Errorf("receipt: %s", got)
	}
}
