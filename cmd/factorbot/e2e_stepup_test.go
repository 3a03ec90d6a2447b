package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
)

// orgPush is what somebody's phone shows.
type orgPush struct {
	ID      string `json:"id"`
	Login   string `json:"login"`
	Numbers []int  `json:"numbers"`
}

func (s *sandboxRun) pushes() []orgPush {
	s.tb.Helper()
	var st struct {
		Okta struct {
			Pushes []orgPush `json:"pushes"`
		} `json:"okta"`
	}
	if err := json.Unmarshal(s.get("/sandbox/state"), &st); err != nil {
		s.tb.Fatal(err)
	}
	return st.Okta.Pushes
}

// modalText is what the person sees in the modal.
func (s *sandboxRun) modalText(user string) string {
	s.tb.Helper()
	html := string(s.get("/sandbox/part/modal?user=" + user + "&channel=C_FACTORS"))
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html, " ")), " ")
}

// awaitModal waits for words in the person's modal.
func (s *sandboxRun) awaitModal(user, words string) {
	s.tb.Helper()
	s.await(fmt.Sprintf("the modal of %s to say %q; it says %q", user, words, s.modalText(user)), func() bool { return strings.Contains(s.modalText(user), words) })
}

var numberShown = regexp.MustCompile(`Choose (\d+) in Okta Verify`)

// awaitPush waits for a push to a person whose modal shows the number to choose.
func (s *sandboxRun) awaitPush(user, login string) (push orgPush, number int) {
	s.tb.Helper()
	s.await("a push to "+login, func() bool {
		for _, p := range s.pushes() {
			if m := numberShown.FindStringSubmatch(s.modalText(user)); p.Login == login && m != nil {
				push = p
				number, _ = strconv.Atoi(m[1])
				return true
			}
		}
		return false
	})
	return push, number
}

// tap answers a push with a number.
func (s *sandboxRun) tap(p orgPush, number int) {
	s.tb.Helper()
	s.set(map[string]any{"answer_push": map[string]any{"push": p.ID, "number": number}})
}

// wrong is a number that the phone shows and that is not the right one.
func wrong(p orgPush, right int) int {
	for _, n := range p.Numbers {
		if n != right {
			return n
		}
	}
	return 0
}

const stepUpApprovers = "approvers: {users: [U_APPROVER1, U_APPROVER2]}\n"

// An approval counts when the approver has chosen the number in Okta Verify, and not before.
func TestStepUp(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "30")
	s.set(map[string]any{"push_answer": "phone"})
	s.mustRunWith(stepUpApprovers + "step_up: always\n")
	s.command("U_REQUESTER", "ana@example.com because lost phone")
	m := s.shows(s.awaitPending(1), "Approvers confirm in Okta Verify: 2 of 2 can.")
	s.click("U_APPROVER1", m, "approve")
	push, number := s.awaitPush("U_APPROVER1", "approver1@example.com")
	if len(push.Numbers) != 3 {
		t.Errorf("the phone shows %v", push.Numbers)
	}
	if now := s.shows(m); !now.has("approve") || s.resets("ana@example.com") != 0 {
		t.Errorf("before the answer: %s", now.all())
	}
	s.tap(push, number)
	s.awaitResults(1)
	s.awaitModal("U_APPROVER1", "Confirmed with Okta Verify")
	s.awaitMessage("the message to say how it was confirmed", func(m message) bool { return strings.Contains(m.all(), "confirmed with Okta Verify) approved FR-1") })
	if n := s.resets("ana@example.com"); n != 1 {
		t.Errorf("%d resets", n)
	}
}

// Approving from a review takes the challenge too, after the number of users. Where no push
// could be sent, Try again sends one for the same request and number, and not before.
func TestStepUp_review(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "30")
	s.set(map[string]any{"push_answer": "phone", "forbidden": []string{"POST /api/v1/users/{id}/factors/{id}/verify"}})
	s.mustRunWith(stepUpApprovers + "step_up: always\nlarge_batch: {over: 1, approvals: 1, confirm: true}\n")
	s.command("U_REQUESTER", "ana@example.com guest@example.com because lost phones")
	m := s.shows(s.awaitPending(1), "Approvers confirm in Okta Verify: 2 of 2 can.")
	number := s.turn("U_APPROVER1", s.opened(func() map[string]any { return s.click("U_APPROVER1", m, "review") }), "approve", m.value("approve"), nil)
	if !strings.Contains(text(number), "Type 2 to approve") || len(s.pushes()) != 0 {
		t.Fatalf("%d pushes, and the modal shows %s", len(s.pushes()), text(number))
	}
	s.submit("U_APPROVER1", number, answers{"users": "2"})
	s.awaitModal("U_APPROVER1", "let me ask your Okta Verify, so nothing was approved")
	s.set(map[string]any{"forbidden": []string{}})
	s.post("/sandbox/action", map[string]any{"user": "U_APPROVER1", "view_id": number["id"], "action_id": "step_up_again", "value": "again"})
	push, chosen := s.awaitPush("U_APPROVER1", "approver1@example.com")
	if n := len(s.pushes()); n != 1 || s.resets("ana@example.com") != 0 {
		t.Errorf("%d pushes, %d resets", n, s.resets("ana@example.com"))
	}
	s.tap(push, chosen)
	s.awaitModal("U_APPROVER1", "Confirmed with Okta Verify")
	s.awaitResults(1)

	s.command("U_APPROVER2", "ana@example.com because lost phone") // one user: no number
	m = s.awaitPending(2)
	s.turn("U_APPROVER1", s.opened(func() map[string]any { return s.click("U_APPROVER1", m, "review") }), "approve", m.value("approve"), nil)
	push, chosen = s.awaitPush("U_APPROVER1", "approver1@example.com")
	if n := s.resets("ana@example.com"); n != 1 {
		t.Errorf("%d resets", n)
	}
	s.tap(push, chosen)
	s.awaitModal("U_APPROVER1", "Confirmed with Okta Verify")
	s.awaitResults(2)
}

// A push that is refused takes the account's decisions away: the running request pauses.
func TestStepUp_refused(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "30")
	s.set(map[string]any{"push_answer": "phone"})
	db := filepath.Join(t.TempDir(), "factorbot.db")
	s.mustRun(db, mustWrite(t, "policy.yaml", "channels: [C_FACTORS]\n"+stepUpApprovers+"step_up: always\napprovals: 2\nalerts: {channel: C_FACTORS}\n"))
	s.command("U_REQUESTER", "ana@example.com because lost phone")
	m := s.awaitPending(1)
	s.click("U_APPROVER1", m, "approve")
	push, number := s.awaitPush("U_APPROVER1", "approver1@example.com")
	s.tap(push, number)
	m = s.shows(m, "1 more approval needed")
	s.click("U_APPROVER2", m, "approve")
	push, number = s.awaitPush("U_APPROVER2", "approver2@example.com")
	s.tap(push, wrong(push, number))
	s.awaitModal("U_APPROVER2", "refused in Okta Verify")
	s.command("U_REQUESTER", "ana@example.com because lost phone again")
	other := s.awaitPending(2)
	s.click("U_APPROVER2", other, "approve")
	s.awaitModal("U_APPROVER2", "decide anything for an hour")
	s.awaitMessage("the alert", func(m message) bool {
		return m.ThreadTS == "" && strings.Contains(m.all(), "U_APPROVER2> refused a push about FR-1")
	})

	// An operator has made sure who it is: the account decides again.
	var out buffer
	if code := run(t.Context(), []string{"requests", "rebind", "U_APPROVER2", "--db", db}, cli.Env{Stdout: &out, Stderr: &out}); code != 0 || !strings.Contains(out.String(), "no longer bound to 00u") {
		t.Errorf("rebind: exit code %d: %s", code, &out)
	}
	for _, args := range [][]string{{"requests", "rebind"}, {"requests", "rebind", "ana"}} {
		if code := run(t.Context(), append(args, "--db", db), cli.Env{Stdout: &out, Stderr: &out}); code != 2 {
			t.Errorf("%v: exit code %d", args, code)
		}
	}
	s.click("U_APPROVER2", other, "approve")
	push, number = s.awaitPush("U_APPROVER2", "approver2@example.com")
	s.tap(push, number)
	s.shows(other, "1 more approval needed")
	if n := s.resets("ana@example.com"); n != 0 {
		t.Errorf("%d resets", n)
	}
}

// resets counts the resets of one user.
func (s *sandboxRun) resets(login string) int {
	s.tb.Helper()
	for _, u := range s.okta().Okta.Users {
		if u.Login == login {
			return u.Resets
		}
	}
	s.tb.Fatalf("no user %s", login)
	return 0
}

// doctor lists the approvers who cannot confirm, and says what Okta answers to a challenge.
func TestDoctor_stepUp(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	db, config := filepath.Join(t.TempDir(), "f.db"), mustConfig(t, "step_up: large\n")
	_, _, text := s.examined(db, config)
	for _, want := range []string{"who can confirm in Okta Verify", "2 people", "Okta answered 404 E0000007"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := len(s.pushes()); n != 0 {
		t.Errorf("doctor sent %d pushes", n)
	}
	s.set(map[string]any{"forbidden": []string{"POST /api/v1/users/{id}/factors/{id}/verify"}})
	s.lifecycle("approver2@example.com", "suspend")
	code, _, text := s.examined(db, config)
	for _, want := range []string{"these cannot: U_APPROVER2 (", "Okta answered 403 E0000006", "okta-role"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
}

// What a user reports to Okta after a reset counts like the button, though the batch is done.
func TestRun_reportedInOkta(t *testing.T) {
	t.Parallel() // it waits for the log to be read
	s := mustSandbox(t, "--no-bot", "--users", "10")
	s.mustRunWith(stepUpApprovers)
	s.command("U_REQUESTER", "ana@example.com because lost phone")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.awaitResults(1)
	s.set(map[string]any{"report_suspicious": "approver2@example.com"}) // a user that nobody has reset
	s.set(map[string]any{"report_suspicious": "ana@example.com"})
	s.awaitMessage("the alert", func(m message) bool {
		return strings.Contains(m.all(), "ana@example.com` reported to Okta that they didn't expect their MFA reset")
	})
	for _, m := range s.messages("U_REQUESTER") {
		if strings.Contains(m.all(), "approver2@example.com` reported") {
			t.Errorf("a user that nobody has reset is told of: %s", m.all())
		}
	}
}
