package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// direct returns what the bot has written to a person.
func (s *sandboxRun) direct(user string) []message {
	s.tb.Helper()
	resp, err := http.Get(s.url + "/sandbox/messages?channel=D" + strings.TrimPrefix(user, "U") + "&user=" + user)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil // nobody has written to them
	}
	var answer struct {
		Messages []message `json:"messages"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		s.tb.Fatal(err)
	}
	return answer.Messages
}

// awaitDirect waits for the only direct message to a person that says all of that.
func (s *sandboxRun) awaitDirect(user string, words ...string) message {
	s.tb.Helper()
	var found []message
	s.await(fmt.Sprintf("%s to be told %q", user, words), func() bool {
		found = nil
		for _, m := range s.direct(user) {
			if sayAll(m, words) {
				found = append(found, m)
			}
		}
		return len(found) > 0
	})
	if len(found) > 1 {
		s.tb.Errorf("%s was told %q %d times", user, words, len(found))
	}
	return found[0]
}

func sayAll(m message, words []string) bool {
	all := m.all()
	for _, f := range m.Files {
		all += " " + f.Name
	}
	for _, w := range words {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}

// pressDirect clicks a button of a direct message.
func (s *sandboxRun) pressDirect(user string, m message, action string) {
	s.tb.Helper()
	answer := s.post("/sandbox/action", map[string]any{
		"user": user, "channel": "D" + strings.TrimPrefix(user, "U"), "message_ts": m.TS, "action_id": action, "value": m.value(action),
	})
	if answer["ok"] != true {
		s.tb.Fatalf("%s: %v", action, answer)
	}
}

// failing makes the next calls of Slack's methods that write lose their answers or be refused for a while.
func (s *sandboxRun) failing() {
	s.set(map[string]any{"slack_fail_next": []map[string]any{
		{"method": "chat.postMessage", "kind": "lost", "times": 2},
		{"method": "chat.postMessage", "kind": "rate_limited", "times": 1},
		{"method": "conversations.open", "kind": "internal", "times": 1},
		{"method": "files.completeUploadExternal", "kind": "lost", "times": 1},
		{"method": "chat.update", "kind": "5xx", "times": 2},
	}})
}

// A list of users is asked for, an approver agrees in a direct message, and the
// file comes to the requester alone, however Slack behaves.
func TestDirect_export(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "300", "--rate-limit", "6000")
	s.failing()
	s.command("U_REQUESTER", `/factor-reset export search:status eq "ACTIVE" columns:id,login because yearly review`)
	pending := s.awaitPending(1)
	if !sayAll(pending, []string{"export a list of users", "nobody is reset", "id, login"}) || pending.has("review") {
		t.Errorf("the approval message: %s", pending.all())
	}
	s.pressDirect("U_APPROVER2", s.awaitDirect("U_APPROVER2", "FR-1", "needs your decision"), "approve")
	s.awaitDirect("U_REQUESTER", "FR-1", "*Done.*")
	m := s.awaitDirect("U_REQUESTER", "FR-1-export.csv")
	rows, err := csv.NewReader(strings.NewReader(string(s.get("/sandbox/files/" + m.Files[0].ID)))).ReadAll()
	if err != nil || len(rows) < 200 || strings.Join(rows[0], ",") != "id,login" {
		t.Errorf("%d rows, %v: %v", len(rows), rows[:min(2, len(rows))], err)
	}
	for _, m := range s.messages("U_REQUESTER") {
		if len(m.Files) > 0 {
			t.Errorf("a file is in the channel: %s", m.Files[0].Name)
		}
	}
	s.awaitDirect("U_APPROVER2", "FR-1", "Approved by", "U_APPROVER2")
}

// Approvers are asked, reminded at half of the time, and nobody is told that it was denied when it expires.
func TestDirect_reminder_and_expiry(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000", "--no-bot")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "expires_after: 40s\n"))
	s.failing()
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.awaitPending(1)
	for _, who := range []string{"U_APPROVER1", "U_APPROVER2"} {
		s.awaitDirect(who, "FR-1", "still needs your decision")
	}
	s.awaitMessage("the reminder", func(m message) bool { return sayAll(m, []string{"FR-1 still needs a decision", "1 approval"}) })
	end := s.awaitDirect("U_REQUESTER", "FR-1", "Expired")
	if strings.Contains(strings.ToLower(end.all()), "denied") {
		t.Errorf("expired is shown as denied: %s", end.all())
	}
	for _, who := range []string{"U_APPROVER1", "U_APPROVER2"} {
		s.awaitDirect(who, "FR-1", "nobody decided in time")
		if n := len(s.direct(who)); n != 2 {
			t.Errorf("%s has %d direct messages, not the question and the reminder", who, n)
		}
	}
}

// The bot is thrown out of the channel, the request goes on by direct messages,
// and all that belongs into the channel comes when the bot is invited again.
func TestDirect_thrown_out(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.command("U_APPROVER1", "/remove @factorbot")
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.awaitDirect("U_REQUESTER", "FR-1: I can't write in", "invite it")
	s.pressDirect("U_APPROVER1", s.awaitDirect("U_APPROVER1", "FR-1", "needs your decision"), "approve")
	s.awaitDirect("U_REQUESTER", "FR-1", "*Done.*", "1 reset")
	s.command("U_APPROVER1", "/invite @factorbot")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
	s.awaitDirect("U_REQUESTER", "FR-1: I can write in", "again")
}

// Somebody deletes the approval message; another one comes at once, and its button works.
func TestDirect_approval_message_deleted(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	first := s.awaitPending(1)
	s.awaitDirect("U_APPROVER2", "FR-1", "needs your decision")
	if answer := s.post("/sandbox/edit", map[string]any{"channel": "C_FACTORS", "message_ts": first.TS, "text": nil}); answer["ok"] != true {
		t.Fatal(answer)
	}
	second := s.awaitMessage("another approval message", func(m message) bool { return m.has("approve") && m.TS != first.TS })
	s.click("U_APPROVER1", second, "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
}
