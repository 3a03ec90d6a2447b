package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// home opens a person's home tab and returns it.
func (s *sandboxRun) home(user string) map[string]any {
	s.tb.Helper()
	var answer map[string]any
	if err := json.Unmarshal(s.get("/sandbox/home?user="+user), &answer); err != nil {
		s.tb.Fatal(err)
	}
	view, _ := answer["view"].(map[string]any)
	if view == nil {
		s.tb.Fatalf("%s has no home tab: %v", user, answer)
	}
	return view
}

// press uses a button of a home tab.
func (s *sandboxRun) press(user string, home map[string]any, action string) map[string]any {
	s.tb.Helper()
	b, _ := json.Marshal(home["blocks"])
	return s.post("/sandbox/action", map[string]any{
		"user": user, "view_id": home["id"], "action_id": action, "value": message{Blocks: b}.value(action),
	})
}

// awaitHome waits for a person's home tab to show all of that. It opens the tab
// once; then the bot must bring it up to date by itself, which the page shows.
func (s *sandboxRun) awaitHome(user string, words ...string) {
	s.tb.Helper()
	s.await(user+"'s home tab to say "+strings.Join(words, ", "), func() bool {
		shown := string(s.get("/?channel=home&user=" + user))
		for _, w := range words {
			if !strings.Contains(shown, w) {
				return false
			}
		}
		return true
	})
}

func TestHome_fromRequestToOutcome(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	mine := s.home("U_REQUESTER")
	for _, w := range []string{"New request", "You have no open requests", "How it works here", "one other person"} {
		if !strings.Contains(text(mine), w) {
			t.Errorf("no %q in %s", w, text(mine))
		}
	}
	if strings.Contains(text(mine), "Waiting for you") {
		t.Error("a requester is shown what approvers are")
	}
	if form := s.opened(func() map[string]any { return s.press("U_REQUESTER", mine, "new_request") }); !strings.Contains(text(form), "C_FACTORS") {
		t.Errorf("the form does not know where it is asked: %s", text(form))
	}
	s.opened(func() map[string]any { return s.press("U_REQUESTER", mine, "new_export") })
	guest := text(s.home("U_GUEST"))
	if !strings.Contains(guest, "You can't request resets here") || strings.Contains(guest, "new_request") {
		t.Errorf("a guest: %s", guest)
	}
	if !strings.Contains(text(s.home("U_APPROVER1")), "Nothing needs your decision") {
		t.Error("something waits for the approver")
	}

	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	s.awaitHome("U_APPROVER1", "Waiting for you", "FR-1", "lost phone") // without opening it again
	s.awaitHome("U_REQUESTER", "FR-1")
	theirs := s.home("U_APPROVER1")
	if strings.Contains(text(s.home("U_APPROVER2")), "FR-1") != true {
		t.Error("the other approver does not see it")
	}
	if b, _ := json.Marshal(theirs["blocks"]); (message{Blocks: b}).has("approve") {
		t.Error("the home tab approves without a look at who is reset")
	}
	s.opened(func() map[string]any { return s.press("U_APPROVER1", theirs, "deny") })
	review := s.opened(func() map[string]any { return s.press("U_APPROVER1", theirs, "review") })
	if !strings.Contains(text(review), "ana@example.com") {
		t.Errorf("the review does not name the user: %s", text(review))
	}
	s.press("U_APPROVER1", review, "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
	s.awaitHome("U_APPROVER1", "Nothing needs your decision", "done: 1 reset")
	s.awaitHome("U_REQUESTER", "You have no open requests", "done: 1 reset")
	s.awaitMessage("the approval message to be settled", func(m message) bool { return m.TS == pending.TS && !m.has("approve") })

	s.command("U_APPROVER2", "/factor-reset status ana@example.com")
	s.toldPrivately("U_APPROVER2", "*ana@example.com:* MFA last reset")
	s.press("U_APPROVER2", theirs, "review") // another one's tab: its view is not theirs
	s.command("U_REQUESTER", "/factor-reset approver2@example.com because lost phone")
	s.awaitPending(2)
	s.awaitHome("U_REQUESTER", "FR-2", "waiting for approval")
	s.press("U_REQUESTER", s.home("U_REQUESTER"), "cancel")
	s.awaitHome("U_REQUESTER", "You have no open requests")
}
