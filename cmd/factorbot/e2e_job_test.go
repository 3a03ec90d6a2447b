package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// outcomes counts the rows of a result file by outcome, and by reason.
func outcomes(tb testing.TB, file []byte) (byOutcome, byReason map[string]int, rows [][]string) {
	tb.Helper()
	all, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	want := "row,input,user_id,login,outcome,reason,detail,factors,attempts,okta_request_id,proof,finished_at"
	if got := strings.Join(all[0], ","); got != want {
		tb.Fatalf("header %s", got)
	}
	byOutcome, byReason = map[string]int{}, map[string]int{}
	for i, row := range all[1:] {
		if row[0] != strconv.Itoa(i+1) {
			tb.Fatalf("row %d stands at %d", i+1, i)
		}
		byOutcome[row[4]]++
		if row[5] != "" {
			byReason[row[5]]++
		}
	}
	return byOutcome, byReason, all[1:]
}

// checkResets holds a result file against what the org counted: once for each
// row that says reset, never for the others.
func checkResets(tb testing.TB, s *sandboxRun, rows [][]string) {
	tb.Helper()
	want := map[string]int{}
	for _, r := range rows {
		if r[4] == "reset" {
			want[r[2]]++
		}
	}
	for _, u := range s.okta().Okta.Users {
		if u.Resets != want[u.ID] {
			tb.Errorf("%s was reset %d times, the file says %d", u.Login, u.Resets, want[u.ID])
		}
	}
}

func TestSandbox_roster_from_upload_to_result(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "500", "--rate-limit", "6000")
	s.upload("U_REQUESTER", "phones were stolen", "everybody.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)
	for _, words := range []string{"U_REQUESTER", "phones were stolen", "Can't be undone", "hone numbers"} {
		if !strings.Contains(pending.all(), words) {
			t.Errorf("the approval message lacks %q", words)
		}
	}
	if refused := s.click("U_REQUESTER", pending, "approve"); refused["ok"] != true {
		t.Errorf("click: %v", refused)
	}
	s.await("a private refusal", func() bool {
		for _, m := range s.messages("U_REQUESTER") {
			if m.Ephemeral && strings.Contains(m.Text, "your own request") {
				return true
			}
		}
		return false
	})
	s.approveLarge(pending)
	file := s.awaitResults(1)
	byOutcome, byReason, rows := outcomes(t, file)
	if len(rows) != 498 || byOutcome["reset"]+byOutcome["skipped"] != 498 || byOutcome["reset"] < 300 || byReason["protected_admin"] == 0 {
		t.Errorf("%d rows: %v %v", len(rows), byOutcome, byReason)
	}
	checkResets(t, s, rows)
	s.awaitMessage("the buttons to go", func(m message) bool {
		return m.TS == pending.TS && !m.has("approve") && !m.has("deny")
	})
	if n := s.okta().Okta.Throttled; n != 0 {
		t.Errorf("%d calls were throttled", n)
	}
	planFile := s.awaitMessage("the plan file", func(m message) bool {
		return len(m.Files) == 1 && m.Files[0].Name == "FR-1-plan.csv" && m.ThreadTS == pending.TS
	})
	if plan := s.get("/sandbox/files/" + planFile.Files[0].ID); !bytes.HasPrefix(plan, []byte("row,input,user_id,login,status,action,reason,detail\r\n")) {
		t.Errorf("plan file begins %.80s", plan)
	}
	s.upload("U_REQUESTER", "again once more", "FR-1-results.csv", file)
	again := s.awaitPending(2)
	if !strings.Contains(again.all(), "again, though FR-1 already did") {
		t.Errorf("the first risk is not that they are reset again: %s", again.all())
	}
	s.submit("U_APPROVER2", s.opened(func() map[string]any { return s.click("U_APPROVER2", again, "deny") }), answers{"reason": "not in <my> name"})
	s.awaitMessage("the denial", func(m message) bool {
		return m.TS == again.TS && !m.has("approve") && strings.Contains(m.all(), "not in &lt;my&gt; name")
	})
	for _, m := range s.messages("") {
		if strings.Contains(m.Text, "FR-3") {
			t.Errorf("the bot took up its own file: %s", m.Text)
		}
	}
}

func TestSandbox_command(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20")
	answer := s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	if private := fmt.Sprint(answer["ephemeral"]); !strings.Contains(private, "FR-1: planning 1 user") {
		t.Errorf("private answer %s", private)
	}
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	if len(rows) != 1 || rows[0][3] != "ana@example.com" || rows[0][4] != "reset" || rows[0][10] != "factors" || rows[0][9] == "" {
		t.Errorf("rows %v", rows)
	}
	if rows[0][7] == "" {
		t.Errorf("the file names no factors: %v", rows[0])
	}
	checkResets(t, s, rows)

	answer = s.command("U_REQUESTER", "/factor-reset @ana because again")
	if private := fmt.Sprint(answer["ephemeral"]); !strings.Contains(private, "FR-2: planning 1 user") {
		t.Errorf("private answer %s", private)
	}
	if second := s.awaitPending(2); !strings.Contains(second.all(), "Already reset") {
		t.Errorf("the approver is not told that ana was reset a moment ago: %s", second.all())
	}
}

func TestSandbox_people_who_may_not(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20")
	for _, user := range []string{"U_GUEST"} {
		answer := s.command(user, "/factor-reset ana@example.com because lost phone")
		if private := fmt.Sprint(answer["ephemeral"]); private == "[]" || strings.Contains(private, "FR-") {
			t.Errorf("%s: %s", user, private)
		}
	}
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	for _, user := range []string{"U_REQUESTER", "U_GUEST", "U_STRANGER", "U_ANA"} {
		s.click(user, pending, "approve")
		s.await("a refusal for "+user, func() bool {
			for _, m := range s.messages(user) {
				if m.Ephemeral && m.TS > pending.TS {
					return true
				}
			}
			return false
		})
	}
	s.click("U_APPROVER1", pending, "approve")
	s.awaitResults(1)
	s.click("U_APPROVER2", message{TS: pending.TS, Blocks: pending.Blocks}, "approve")
	s.await("word of who was first", func() bool {
		for _, m := range s.messages("U_APPROVER2") {
			if m.Ephemeral && m.TS > pending.TS {
				return true
			}
		}
		return false
	})
}

// The samples are as people have them; none is edited.
func TestSandbox_samples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rockstar-default.csv", "postman-userId.csv"} {
		t.Run(name, func(t *testing.T) {
			path := sample(t, name)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := mustSandbox(t, "--users-from", path, "--rate-limit", "6000")
			s.upload("U_REQUESTER", "lost phones", name, content)
			s.click("U_APPROVER1", s.awaitPending(1), "approve")
			byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
			if byOutcome["reset"] == 0 || byOutcome["reset"]+byOutcome["skipped"] != len(rows) || byReason["not_found"] != 0 {
				t.Errorf("%v %v", byOutcome, byReason)
			}
			checkResets(t, s, rows)
		})
	}
}

// sample finds a roster as people have them.
func sample(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join("..", "..", "bot", "roster", "testdata", "rosters", name)
	if _, err := os.Stat(path); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestSandbox_mixed_problems(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(sample(t, "mixed-problems.csv"))
	if err != nil {
		t.Fatal(err)
	}
	s := mustSandbox(t, "--users-from", sample(t, "rockstar-default.csv"), "--rate-limit", "6000")
	s.upload("U_REQUESTER", "lost phones", "mixed-problems.csv", content)
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
	if byOutcome["reset"] != 2 || byReason["duplicate"] != 1 || byReason["not_found"] != 1 || byReason["invalid_row"] != 5 {
		t.Errorf("%v %v", byOutcome, byReason)
	}
	for i, row := range rows {
		if row[4] == "skipped" && !strings.Contains(row[6], fmt.Sprintf("line %d", i+2)) {
			t.Errorf("row %d does not name line %d: %v", i+1, i+2, row)
		}
	}
}

// manyUsers is a list of different users.
func manyUsers(n int) string {
	var b strings.Builder
	b.WriteString("login\n")
	for i := range n {
		fmt.Fprintf(&b, "user%d@example.com\n", i)
	}
	return b.String()
}

func TestSandbox_refusals_in_the_thread(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20")
	cases := []struct{ name, file, content, words string }{
		{"no column", "a.csv", "name,team\nAna,Sales\n", "column"},
		{"empty", "b.csv", "userId\n", "row"},
		{"a spreadsheet", "c.csv", "PK\x03\x04\x14\x00\x06\x00", "CSV"},
		{"a page", "d.csv", "<!doctype html><html><body>Sign in</body></html>", "page"},
		{"too many users", "e.csv", manyUsers(10001), "10,000"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ts := s.upload("U_REQUESTER", "lost phones", c.file, []byte(c.content))
			m := s.awaitMessage("a refusal in the thread", func(m message) bool { return m.ThreadTS == ts && m.TS != ts })
			if !strings.Contains(strings.ReplaceAll(m.all(), "10000", "10,000"), c.words) || m.has("approve") {
				t.Errorf("refusal: %s", m.all())
			}
		})
	}
}

func TestSandbox_add_a_reason(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20")
	ts := s.upload("U_REQUESTER", "", "ana.csv", []byte("email\nana@example.com\n"))
	var ask message
	s.await("the button", func() bool {
		for _, m := range s.messages("U_REQUESTER") {
			if m.Ephemeral && strings.HasPrefix(m.value("add_reason"), "C_FACTORS:"+ts+":F") {
				ask = m
				return true
			}
		}
		return false
	})
	opened := s.click("U_REQUESTER", ask, "add_reason")
	view, _ := opened["view"].(map[string]any)
	if view == nil {
		t.Fatalf("no modal: %v", opened)
	}
	block, action := inputOf(view)
	submit := func(reason string) map[string]any {
		return s.post("/sandbox/view", map[string]any{"user": "U_REQUESTER", "view_id": view["id"], "values": map[string]any{
			block: map[string]any{action: map[string]any{"type": "plain_text_input", "value": reason}},
		}})
	}
	if refused := submit("   "); fmt.Sprint(refused["errors"]) == "<nil>" || fmt.Sprint(refused["errors"]) == "map[]" {
		t.Errorf("an empty reason was taken: %v", refused)
	}
	submit("lost phone")
	if pending := s.awaitPending(1); !strings.Contains(pending.all(), "lost phone") {
		t.Errorf("the reason is missing: %s", pending.all())
	}
	if view, _ = s.click("U_REQUESTER", ask, "add_reason")["view"].(map[string]any); view == nil {
		t.Fatal("no second modal")
	}
	submit("lost phone, said again")
	s.await("word that the file was asked for already", func() bool {
		for _, m := range s.messages("U_REQUESTER") {
			if m.Ephemeral && strings.Contains(m.Text, "FR-1 already has this file") {
				return true
			}
		}
		return false
	})
}

// inputOf finds the first input of a view.
func inputOf(view map[string]any) (block, action string) {
	blocks, _ := view["blocks"].([]any)
	for _, b := range blocks {
		b, _ := b.(map[string]any)
		if b["type"] == "input" {
			element, _ := b["element"].(map[string]any)
			return fmt.Sprint(b["block_id"]), fmt.Sprint(element["action_id"])
		}
	}
	return "", ""
}

// The same roster twice, approved twice, running at once: nobody is reset twice.
func TestSandbox_same_roster_twice(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "120", "--rate-limit", "6000", "--latency", "20ms")
	roster := s.get("/sample.csv")
	s.upload("U_REQUESTER", "lost phones", "one.csv", roster)
	s.upload("U_REQUESTER", "lost phones", "two.csv", roster)
	first, second := s.awaitPending(1), s.awaitPending(2)
	s.approveLarge(first)
	s.approveLarge(second)
	_, _, one := outcomes(t, s.awaitResults(1))
	_, byReason, two := outcomes(t, s.awaitResults(2))
	checkResets(t, s, append(one, two...))
	for _, u := range s.okta().Okta.Users {
		if u.Resets > 1 {
			t.Errorf("%s was reset %d times", u.Login, u.Resets)
		}
	}
	if byReason["reset_since_plan"]+byReason["in_other_request"] == 0 {
		t.Errorf("the second file does not tell of the first: %v", byReason)
	}
}

func TestSandbox_pause_resume_cancel(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "200", "--rate-limit", "6000", "--latency", "100ms")
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)
	s.approveLarge(pending)
	button := func(action string) message {
		return s.awaitMessage("button "+action, func(m message) bool { return m.has(action) && m.TS != pending.TS })
	}
	s.click("U_REQUESTER", button("pause"), "pause")
	resume := button("resume")
	s.click("U_APPROVER1", resume, "resume")
	s.click("U_REQUESTER", button("cancel"), "cancel")
	byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
	if byReason["cancelled"] == 0 || byOutcome["not_run"] != byReason["cancelled"] {
		t.Errorf("%v %v", byOutcome, byReason)
	}
	checkResets(t, s, rows)
}
