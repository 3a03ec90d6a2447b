package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// answers are what a person enters, by the field's ID: a text, the value or values chosen, file IDs.
type answers map[string]any

// opened presses what opens a modal and returns that; again, as people do, where Slack's
// three seconds for it were over before the bot had its turn.
func (s *sandboxRun) opened(press func() map[string]any) (view map[string]any) {
	s.tb.Helper()
	var answer map[string]any
	opens := poll(patience, func() bool {
		answer = press()
		view, _ = answer["view"].(map[string]any)
		return view != nil
	})
	if !opens {
		s.tb.Fatalf("no modal: %v\n%s", answer, s.dump())
	}
	return view
}

// numbered presses Approve on a large batch and returns the modal that asks for
// the number. Terms that grew since the plan was frozen change the message
// first, and the sandbox answers a click with what comes first; then again.
func (s *sandboxRun) numbered(user string, m message) map[string]any {
	s.tb.Helper()
	return s.opened(func() map[string]any { return s.click(user, m, "approve") })
}

// try submits a modal and returns what is wrong with it, by field; nil if it was taken.
func (s *sandboxRun) try(user string, view map[string]any, f answers) map[string]any {
	s.tb.Helper()
	values := map[string]any{}
	for field, v := range f {
		values[field] = map[string]any{field: v}
	}
	answer := s.post("/sandbox/view", map[string]any{"user": user, "view_id": view["id"], "values": values})
	wrong, _ := answer["errors"].(map[string]any)
	if answer["ok"] != true && len(wrong) == 0 {
		s.tb.Fatalf("the submission was answered %v", answer)
	}
	return wrong
}

// submit submits a modal that must be taken.
func (s *sandboxRun) submit(user string, view map[string]any, f answers) {
	s.tb.Helper()
	if wrong := s.try(user, view, f); len(wrong) > 0 {
		s.tb.Fatalf("the form was refused: %v", wrong)
	}
}

// turn uses an element inside a modal and returns the modal as it is then.
func (s *sandboxRun) turn(user string, view map[string]any, action string, value any, f answers) map[string]any {
	s.tb.Helper()
	values := map[string]any{}
	for field, v := range f {
		values[field] = map[string]any{field: v}
	}
	before := view["hash"]
	var now map[string]any
	changed := poll(patience, func() bool {
		now = s.opened(func() map[string]any {
			return s.post("/sandbox/action", map[string]any{
				"user": user, "view_id": view["id"], "action_id": action, "value": value, "values": values,
			})
		})
		return now["hash"] != before
	})
	if !changed {
		s.tb.Fatalf("%s changed nothing: %v", action, now)
	}
	return now
}

// text is all that a modal shows, as JSON.
func text(view map[string]any) string {
	b, _ := json.Marshal(view)
	return string(b)
}

// toldPrivately waits for an ephemeral message.
func (s *sandboxRun) toldPrivately(user, words string) {
	s.tb.Helper()
	s.await(fmt.Sprintf("%s to be told %q", user, words), func() bool {
		for _, m := range s.messages(user) {
			if m.Ephemeral && strings.Contains(m.all(), words) {
				return true
			}
		}
		return false
	})
}

// wholeForm opens the form for a request with all its fields.
func (s *sandboxRun) wholeForm(user string) map[string]any {
	s.tb.Helper()
	return s.turn(user, s.opened(func() map[string]any { return s.command(user, "/factor-reset") }), "more_options", "more", nil)
}

func TestForm_request(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "40", "--rate-limit", "6000")
	form := s.wholeForm("U_REQUESTER")
	for _, c := range []struct {
		name  string
		enter answers
		field string
		words string
	}{
		{"a word that names nobody", answers{"list": "all!", "reason": "lost phone"}, "list", "all!"},
		{"nobody", answers{"list": "", "reason": "lost phone"}, "list", "at least one user"},
		{"a command in the list", answers{"list": "group:Everyone", "reason": "lost phone"}, "list", "fields of their own"},
		{"no comparison", answers{"list": "", "search": "sales", "reason": "lost phone"}, "search", "compares nothing"},
		{"two ways at once", answers{"list": "ana@example.com", "search": "", "group": "Everyone", "reason": "lost phone"}, "group", "another field too"},
		{"a time in the past", answers{"list": "", "group": "Everyone", "reason": "lost phone", "when": 1577836800}, "when", "in the past"},
		{"a time far ahead", answers{"list": "", "group": "Everyone", "reason": "lost phone", "when": 4102444800}, "when", "30 days"},
	} {
		wrong := s.try("U_REQUESTER", form, c.enter)
		if words, _ := wrong[c.field].(string); !strings.Contains(words, c.words) || len(wrong) != 1 {
			t.Errorf("%s: %v", c.name, wrong)
		}
	}
	s.submit("U_REQUESTER", s.wholeForm("U_REQUESTER"), answers{
		"list": "login\nana@example.com\n", "reason": "lost phone", "factors": []string{"sms", "okta verify"}, "options": []string{"sessions"},
	})
	s.toldPrivately("U_REQUESTER", "FR-1: planning 1 user")
	pending := s.awaitPending(1)
	for _, words := range []string{"SMS", "Okta Verify", "Okta sessions end"} {
		if !strings.Contains(pending.all(), words) {
			t.Errorf("the approval message lacks %q", words)
		}
	}
	if strings.Contains(text(form), "Deny") {
		t.Error("the form speaks of a denial")
	}
}

func TestForm_request_other_ways_to_name_users(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "40", "--rate-limit", "6000")
	file := s.attach("U_REQUESTER", "roster.csv", []byte("email\nana@example.com\nnobody@example.com\n"))
	for i, c := range []struct {
		whom  string
		value any
		words string
	}{
		{"people", []string{"U_REQUESTER"}, "reset MFA for Rosa Quint"},
		{"group", "Everyone", "Everyone"},
		{"search", `profile.login eq "ana@example.com"`, "search `profile.login eq"},
		{"file", []string{file}, "roster.csv"},
	} {
		s.submit("U_REQUESTER", s.wholeForm("U_REQUESTER"), answers{c.whom: c.value, "reason": "ticket 7"})
		pending := s.awaitPending(i + 1)
		if !strings.Contains(pending.all(), c.words) {
			t.Errorf("%s: the approval message lacks %q: %s", c.whom, c.words, pending.all())
		}
	}
	sheet := s.attach("U_REQUESTER", "book.numbers", []byte("PK"))
	if wrong := s.try("U_REQUESTER", s.wholeForm("U_REQUESTER"), answers{"file": []string{sheet}, "reason": "x"}); !strings.Contains(fmt.Sprint(wrong["file"]), "not a file of the kind") {
		t.Errorf("a spreadsheet: %v", wrong)
	}
}

func TestForm_request_is_not_opened_elsewhere(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20")
	for user, words := range map[string]string{"U_GUEST": "Guests"} {
		answer := s.command(user, "/factor-reset")
		if answer["view"] != nil || !strings.Contains(fmt.Sprint(answer["ephemeral"]), words) {
			t.Errorf("%s: %v", user, answer)
		}
	}
	answer := s.post("/sandbox/command", map[string]any{"user": "U_REQUESTER", "channel": "C_GENERAL", "text": "/factor-reset"})
	if answer["view"] != nil || !strings.Contains(fmt.Sprint(answer["ephemeral"]), "C_FACTORS") {
		t.Errorf("a foreign channel: %v", answer)
	}
}

func TestForm_deny(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20")
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	if answer := s.click("U_REQUESTER", pending, "deny"); answer["view"] != nil {
		t.Errorf("the requester got the form: %v", answer)
	}
	s.toldPrivately("U_REQUESTER", "can't approve your own request")
	form := s.opened(func() map[string]any { return s.click("U_APPROVER1", pending, "deny") })
	if wrong := s.try("U_APPROVER1", form, answers{"reason": "  \n "}); !strings.Contains(fmt.Sprint(wrong["reason"]), "say why") {
		t.Errorf("an empty reason: %v", wrong)
	}
	late := s.opened(func() map[string]any { return s.click("U_APPROVER2", pending, "deny") })
	s.submit("U_APPROVER1", form, answers{"reason": "call me <!channel>"})
	s.awaitMessage("the denial", func(m message) bool {
		return m.TS == pending.TS && strings.Contains(m.all(), "call me &lt;!channel&gt;")
	})
	s.submit("U_APPROVER2", late, answers{"reason": "me too"})
	s.toldPrivately("U_APPROVER2", "already denied")
}

func TestForm_export(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "40", "--rate-limit", "6000")
	form := s.opened(func() map[string]any { return s.command("U_REQUESTER", "/factor-reset export") })
	for _, words := range []string{"costCenter", "the org's own", "one more Okta call for each user"} {
		if !strings.Contains(text(form), words) {
			t.Errorf("the form lacks %q: %s", words, text(form))
		}
	}
	if wrong := s.try("U_REQUESTER", form, answers{"search": "everybody", "reason": "audit"}); !strings.Contains(fmt.Sprint(wrong["search"]), "compares nothing") {
		t.Errorf("no expression: %v", wrong)
	}
	form = s.turn("U_REQUESTER", form, "whom", "query", nil)
	if !strings.Contains(text(form), "Start of a name") || !strings.Contains(text(form), "costCenter") {
		t.Errorf("another field: %s", text(form))
	}
	if got := s.command("U_GUEST", "/factor-reset export"); got["view"] != nil || !strings.Contains(fmt.Sprint(got["ephemeral"]), "Guests") {
		t.Errorf("a guest: %v", got)
	}
}

// A dry run does everything but the resets, and says so wherever it is shown.
func TestForm_dry_run(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	form := s.wholeForm("U_REQUESTER")
	file := s.attach("U_REQUESTER", "all.csv", s.get("/sample.csv"))
	s.submit("U_REQUESTER", form, answers{"file": []string{file}, "reason": "rehearsal", "options": []string{"dry_run"}})
	s.toldPrivately("U_REQUESTER", "dry run: nobody will be reset")
	pending := s.awaitPending(1)
	if !strings.Contains(pending.all(), "dry run") {
		t.Errorf("the approval message does not say so: %s", pending.all())
	}
	s.click("U_APPROVER1", pending, "approve")
	byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
	if byOutcome["reset"] != 0 || byReason["dry_run"] == 0 || byOutcome["skipped"] != len(rows) {
		t.Errorf("%v %v", byOutcome, byReason)
	}
	if n := s.reset(); n != 0 {
		t.Errorf("%d users were reset", n)
	}
}

// A reason without what the policy asks for is refused at its field, and in a command.
func TestForm_reason_pattern(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "reason_pattern: 'INC-[0-9]+'\n"))
	form := s.opened(func() map[string]any { return s.command("U_REQUESTER", "/factor-reset") })
	if wrong := s.try("U_REQUESTER", form, answers{"list": "ana@example.com", "reason": "lost phone"}); !strings.Contains(fmt.Sprint(wrong["reason"]), "INC-[0-9]+") {
		t.Errorf("no ticket: %v", wrong)
	}
	s.submit("U_REQUESTER", form, answers{"list": "ana@example.com", "reason": "lost phone, INC-77"})
	if pending := s.awaitPending(1); !strings.Contains(pending.all(), "INC-77") {
		t.Errorf("the reason is not shown: %s", pending.all())
	}
	if got := s.private("U_REQUESTER", "/factor-reset ana@example.com because lost phone"); !strings.Contains(got, "ticket number") {
		t.Errorf("a command: %s", got)
	}
}
