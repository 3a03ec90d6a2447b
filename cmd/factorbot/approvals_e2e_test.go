package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// mustRunWith runs the bot with a whole policy.
func (s *sandboxRun) mustRunWith(policy string) {
	s.tb.Helper()
	s.mustRun(filepath.Join(s.tb.TempDir(), "factorbot.db"), mustWrite(s.tb, "policy.yaml", "channels: [C_FACTORS]\n"+policy))
}

// refused clicks a button and waits for a new private answer with these words.
func (s *sandboxRun) refused(user string, m message, action, words string) {
	s.tb.Helper()
	before := s.privately(user, words)
	s.click(user, m, action)
	s.await(fmt.Sprintf("%s to be told %q", user, words), func() bool { return s.privately(user, words) > before })
}

// privately counts the ephemeral messages with these words.
func (s *sandboxRun) privately(user, words string) (n int) {
	for _, m := range s.messages(user) {
		if m.Ephemeral && strings.Contains(m.all(), words) {
			n++
		}
	}
	return n
}

// shows waits until a message has all these words, and returns it as it is then.
func (s *sandboxRun) shows(m message, words ...string) message {
	s.tb.Helper()
	return s.awaitMessage(fmt.Sprintf("the message to say %q", words), func(now message) bool {
		if now.TS != m.TS {
			return false
		}
		for _, w := range words {
			if !strings.Contains(now.all(), w) {
				return false
			}
		}
		return true
	})
}

// person changes what Slack knows of somebody, group who is in a user group.
func (s *sandboxRun) person(id string, change map[string]any) {
	s.tb.Helper()
	s.post("/sandbox/set", map[string]any{"slack_people": map[string]any{id: change}})
}

func (s *sandboxRun) group(id string, users ...string) {
	s.tb.Helper()
	s.post("/sandbox/set", map[string]any{"slack_groups": map[string]any{id: map[string]any{"users": users}}})
}

// lifecycle changes the status of an Okta user: "suspend", "unsuspend".
func (s *sandboxRun) lifecycle(login, verb string) {
	s.tb.Helper()
	id := ""
	for _, u := range s.okta().Okta.Users {
		if u.Login == login {
			id = u.ID
		}
	}
	s.callOkta(http.MethodPost, "/users/"+id+"/lifecycle/"+verb)
}

// Who may ask and approve comes from groups of both services, and is asked
// again for everybody when the last approval comes.
func TestApprovals_by_group(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "30", "--rate-limit", "6000")
	s.mustRunWith("requesters: {usergroups: [S_HELPDESK]}\napprovers: {usergroups: [S_SECURITY], okta_groups: [" + s.oktaGroup("Security leads") + "]}\napprovals: 2\n")
	if got := s.private("U_ANA", "/factor-reset ana@example.com because lost phone"); !strings.Contains(got, "You can't request resets") {
		t.Errorf("Ana asked: %s", got)
	}
	s.group("S_SECURITY", "U_APPROVER1", "U_APPROVER2", "U_REQUESTER", "U_ANA", "U_GUEST", "U_STRANGER", "U_GONE")
	s.ask("ana@example.com because lost phone")
	m := s.awaitPending(1)
	for user, words := range map[string]string{
		"U_GUEST": "Guests can't do this", "U_STRANGER": "other companies", "U_GONE": "deactivated",
		"U_ANA": "Only approvers can do this", "U_REQUESTER": "your own request",
	} {
		s.refused(user, m, "approve", words)
	}
	s.person("U_ANA", map[string]any{"email": "Requester@Example.COM"})
	s.refused("U_ANA", m, "approve", "your own request")
	s.lifecycle("approver1@example.com", "suspend")
	s.refused("U_APPROVER1", m, "approve", "Okta account isn't active")
	s.lifecycle("approver1@example.com", "unsuspend")

	s.post("/sandbox/set", map[string]any{"slack_duplicates": 1})
	s.click("U_APPROVER1", m, "approve")
	m = s.shows(m, "1 more approval needed", "approver1@example.com")
	s.refused("U_APPROVER1", m, "approve", "already counts")
	s.person("U_ANA", map[string]any{"email": "APPROVER1@example.com"})
	s.refused("U_ANA", m, "approve", "doesn't lead to exactly one Okta user")
	for fell, change := range map[string][2]func(){
		"their Slack account is deactivated": {
			func() { s.person("U_APPROVER1", map[string]any{"deleted": true}) }, func() { s.person("U_APPROVER1", map[string]any{"deleted": false}) },
		},
		"they aren't an approver any more": {
			func() { s.lifecycle("approver1@example.com", "suspend") }, func() { s.lifecycle("approver1@example.com", "unsuspend") },
		},
	} {
		change[0]()
		s.click("U_APPROVER2", m, "approve")
		m = s.shows(m, fell, "approver2@example.com", "1 more approval needed")
		change[1]()
		s.person("U_APPROVER2", map[string]any{"is_restricted": true})
		s.click("U_APPROVER1", m, "approve")
		m = s.shows(m, "they aren't a full member of this workspace any more", "(as `approver1@example.com`)", "1 more approval needed")
		s.person("U_APPROVER2", map[string]any{"is_restricted": false})
	}
	if n := s.reset(); n != 0 {
		t.Fatalf("%d were reset before two approvals held", n)
	}
	s.click("U_APPROVER2", m, "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
}

// One from each group; who is in the plan does not count, by another login neither.
func TestApprovals_from_groups(t *testing.T) {
	t.Parallel()
	users := "login,email,status\navery.admin@example.com,approver1@example.com,ACTIVE\nben@example.com,ben@example.com,ACTIVE\ncleo@example.com,cleo@example.com,ACTIVE\n"
	s := mustSandbox(t, "--no-bot", "--users-from", mustWrite(t, "users.csv", users), "--rate-limit", "6000")
	s.mustRunWith("approvers: {usergroups: [S_SECURITY, S_HELPDESK]}\napprovals_from: [[S_SECURITY], [S_HELPDESK]]\n")

	s.ask("ben@example.com because lost phone")
	m := s.awaitPending(1)
	wantWords(t, m, "2 approvals needed", "@security", "@helpdesk")
	s.click("U_APPROVER1", m, "approve")
	m = s.shows(m, "1 more approval needed from @helpdesk")
	s.group("S_SECURITY", "U_APPROVER2")
	s.click("U_APPROVER2", m, "approve")
	m = s.shows(m, "they aren't an approver any more", "1 more approval needed")
	if n := s.reset(); n != 0 {
		t.Fatalf("%d were reset by one person", n)
	}
	s.group("S_SECURITY", "U_APPROVER1", "U_APPROVER2")
	s.click("U_APPROVER1", m, "approve")
	s.awaitResults(1)

	s.ask("cleo@example.com avery.admin@example.com because lost phone")
	m = s.awaitPending(2)
	wantWords(t, m, "Only 1 person can approve")
	s.refused("U_APPROVER1", m, "approve", "one of its users")
	s.refused("U_REQUESTER", m, "approve", "your own request")
	old := message{TS: m.TS, Blocks: []byte(strings.ReplaceAll(string(m.Blocks), m.value("approve"), "FR-2:0123456789ab"))}
	s.refused("U_APPROVER2", old, "approve", "plan has changed")
	s.click("U_APPROVER2", m, "approve")
	s.shows(m, "1 more approval needed")
	if n := s.reset(); n != 1 {
		t.Errorf("%d were reset, want the first alone", n)
	}
}

// A roster split into requests that are all there at once is a large batch, of
// which each decision asks two people and the number.
func TestApprovals_split_roster(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "30", "--rate-limit", "6000")
	s.mustRunWith("approvers: {users: [U_APPROVER1, U_APPROVER2]}\nlarge_batch: {over: 3, approvals: 2}\n")
	active := logins(s.people(), func(p person) bool {
		return p.Status == "ACTIVE" && len(p.Factors) > 0 && p.Department != "Cast" && strings.Contains(p.Login, "@example.com")
	})
	for i := range 3 {
		s.ask(strings.Join(active[2*i:2*i+2], " ") + " because lost phones")
	}
	first, last := s.awaitPending(1), s.awaitPending(3)
	wantWords(t, last, "Large batch", "asked for 4 users more in the last day", "2 approvals needed")
	for i, m := range []message{last, first} {
		s.submit("U_APPROVER1", s.numbered("U_APPROVER1", m), answers{"users": "2"})
		m = s.shows(m, "1 more approval needed")
		if n := s.reset(); n != 2*i {
			t.Fatalf("%d were reset by one person's approval", n)
		}
		s.submit("U_APPROVER2", s.numbered("U_APPROVER2", m), answers{"users": "2"})
		s.awaitResults([]int{3, 1}[i])
	}
}

// Protected users are passed over, but where break-glass includes them, with
// more approvals, and one of those named for it.
func TestApprovals_break_glass(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "30", "--rate-limit", "6000")
	s.mustRunWith("approvers: {users: [U_APPROVER1, U_REQUESTER]}\nprotect: {users: [ANA@example.com], approvers: [U_APPROVER2]}\n")
	if got := s.ask("ana@example.com because lost phone"); !strings.Contains(got, "FR-1") {
		t.Fatal(got)
	}
	s.awaitMessage("the refusal", func(m message) bool { return strings.Contains(m.all(), "protected by the configuration") })
	s.ask("break-glass ana@example.com because the chief is locked out")
	m := s.awaitPending(2)
	wantWords(t, m, "reak glass", "2 approvals needed", "those who approve break-glass")
	s.refused("U_REQUESTER", m, "approve", "your own request")
	s.click("U_APPROVER1", m, "approve")
	m = s.shows(m, "1 more approval needed from those who approve break-glass")
	s.refused("U_ANA", m, "approve", "Only approvers can do this")
	s.person("U_APPROVER2", map[string]any{"is_ultra_restricted": true})
	s.refused("U_APPROVER2", m, "approve", "Guests can't do this")
	s.person("U_APPROVER2", map[string]any{"is_ultra_restricted": false})
	s.click("U_APPROVER2", m, "approve")
	_, _, rows := outcomes(t, s.awaitResults(2))
	if len(rows) != 1 || rows[0][4] != "reset" {
		t.Errorf("rows %v", rows)
	}
	checkResets(t, s, rows)
}

// A requester does not lift what an approver stopped, by another account
// neither; nobody lifts anything while all is frozen; and one person, whoever
// and by however many accounts, thaws nothing alone.
func TestApprovals_pauses(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "90", "--rate-limit", "60000", "--latency", "80ms")
	s.mustRunWith("approvers: {users: [U_APPROVER1, U_APPROVER2, U_ANA]}\nlarge_batch: {over: 1000}\n")
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.await("some resets", func() bool { return s.reset() > 3 })
	if got := s.private("U_APPROVER1", "/factor-reset pause FR-1 because I was called"); !strings.Contains(got, "FR-1") {
		t.Fatalf("pause: %s", got)
	}
	resume := s.awaitMessage("button resume", func(m message) bool { return m.has("resume") })
	s.refused("U_REQUESTER", resume, "resume", "Only another approver can resume this")
	s.person("U_ANA", map[string]any{"email": "requester@EXAMPLE.com"})
	s.refused("U_ANA", resume, "resume", "Only another approver can resume this")
	if got := s.private("U_REQUESTER", "/factor-reset status FR-1"); !strings.Contains(got, "paused") {
		t.Fatalf("after the requester's clicks: %s", got)
	}

	s.command("U_APPROVER2", "/factor-reset freeze because somebody called")
	s.refused("U_APPROVER1", resume, "resume", "frozen")
	if got := s.private("U_APPROVER1", "/factor-reset thaw"); !strings.Contains(got, "One more approver") {
		t.Errorf("the first thaw: %s", got)
	}
	s.person("U_ANA", map[string]any{"email": "approver1@EXAMPLE.com"})
	for _, user := range []string{"U_APPROVER1", "U_ANA"} {
		if got := s.private(user, "/factor-reset thaw"); !strings.Contains(got, "already counts") {
			t.Errorf("the same person as %s: %s", user, got)
		}
	}
	if got := s.private("U_REQUESTER", "/factor-reset thaw"); !strings.Contains(got, "Only approvers") {
		t.Errorf("the requester thaws: %s", got)
	}
	if got := s.private("U_APPROVER2", "/factor-reset thaw"); !strings.Contains(got, "freeze is lifted") {
		t.Errorf("the second thaw: %s", got)
	}
	s.click("U_APPROVER1", s.awaitMessage("button resume", func(m message) bool { return m.has("resume") }), "resume")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
}

// What is typed for later starts then and not before; what is typed as an
// export is approved like a reset, and resets nobody.
func TestApprovals_later_and_exports(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "60", "--rate-limit", "6000")
	s.mustRunWith("approvers: {users: [U_APPROVER1, U_APPROVER2]}\n")
	for text, words := range map[string]string{
		`at:"yesterday 07:00" ana@example.com because x`: "at:", `at:"2019-01-01 07:00" ana@example.com because x`: "already passed", `at:"in 40 days" ana@example.com because x`: "30 days",
		"break-glass ana@example.com because x": "protect.approvers", "export ana@example.com because x": "export",
	} {
		if got := s.ask(text); !strings.Contains(got, words) || strings.Contains(got, "FR-1") {
			t.Errorf("%s: %s", text, got)
		}
	}
	s.ask(`at:"in 2 hours" ana@example.com because lost phone`)
	m := s.awaitPending(1)
	s.click("U_APPROVER1", m, "approve")
	s.awaitMessage("word of the start", func(m message) bool { return strings.Contains(m.all(), "Starts ") && !m.has("approve") })
	s.ask(`export group:"Legal" columns:id,login because audit`)
	s.refused("U_REQUESTER", s.awaitPending(2), "approve", "your own request")
	s.click("U_APPROVER2", s.awaitPending(2), "approve")
	s.await("the export to be done", func() bool {
		return strings.Contains(s.private("U_REQUESTER", "/factor-reset status FR-2"), "done")
	})
	if n := s.reset(); n != 0 {
		t.Errorf("%d were reset", n)
	}
}
