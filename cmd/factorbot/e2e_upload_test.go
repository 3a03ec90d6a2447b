package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// whisper waits for a private message that says something.
func (s *sandboxRun) whisper(user, words string) message {
	s.tb.Helper()
	var found message
	s.await("a private message with "+words, func() bool {
		for _, m := range s.messages(user) {
			if m.Ephemeral && strings.Contains(m.all(), words) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// choose picks an option of a select in a message.
func (s *sandboxRun) choose(user string, m message, action, value string) map[string]any {
	s.tb.Helper()
	return s.post("/sandbox/action", map[string]any{"user": user, "channel": "C_FACTORS", "message_ts": m.TS, "action_id": action, "value": value})
}

// threadOf waits for the bot's reply in the thread of an upload.
func (s *sandboxRun) threadOf(ts string) message {
	s.tb.Helper()
	return s.awaitMessage("a reply to the upload", func(m message) bool { return m.ThreadTS == ts && m.TS != ts })
}

// Two columns lead to users of Okta: the uploader is asked, and the answer counts after a restart of the bot.
func TestUpload_asks_for_the_column(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	ts := s.upload("U_REQUESTER", "dry-run because lost phones", "list.csv", []byte("Manager Email,User Email,Personal address\n"+
		"approver1@example.com,ana@example.com,a@home.example\napprover1@example.com,guest@example.com,g@home.example\n"))
	ask := s.whisper("U_REQUESTER", "choose_column")
	for _, words := range []string{"Manager Email", "User Email", "ana@example.com, guest@example.com", `"C_FACTORS:` + ts + ":F"} {
		if !strings.Contains(ask.all(), words) {
			t.Errorf("the question lacks %s: %s", words, ask.all())
		}
	}
	stop()
	s.mustRun(db, config)
	s.choose("U_REQUESTER", ask, "choose_column", "2")
	pending := s.awaitPending(1)
	for _, words := range []string{"User Email", "chose"} {
		if !strings.Contains(pending.all(), words) {
			t.Errorf("the approval message lacks %s: %s", words, pending.all())
		}
	}
	plan := s.awaitMessage("the plan", func(m message) bool { return len(m.Files) == 1 && m.Files[0].Name == "FR-1-plan.csv" })
	if file := string(s.get("/sandbox/files/" + plan.Files[0].ID)); !strings.Contains(file, "ana@example.com") || !strings.Contains(file, "guest@example.com") || strings.Contains(file, "approver1") {
		t.Errorf("the plan is %s", file)
	}
}

// A column whose cells lead to nobody in Okta is told as not used, and nothing is asked.
func TestUpload_does_not_ask_without_need(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.upload("U_REQUESTER", "lost phones", "list.csv", []byte("Login,Private,Phone\nana@example.com,a@home.example,1\nguest@example.com,g@home.example,2\n"))
	s.awaitPending(1)
	s.upload("U_REQUESTER", "lost phones", "list.csv", []byte("Login,Colleague,Phone\nana@example.com,c@home.example,1\nguest@example.com,approver1@example.com,2\n"))
	s.whisper("U_REQUESTER", "choose_column")
}

// A workbook is read like a text table, whatever it is called.
func TestUpload_workbook(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	for at, value := range map[string]string{"A1": "Name", "B1": "Work Email", "A2": "Ana", "B2": "ana@example.com", "A3": "Gil", "B3": "guest@example.com"} {
		_ = f.SetCellValue("Sheet1", at, value)
	}
	_ = f.SetRowVisible("Sheet1", 3, false)
	var book bytes.Buffer
	if err := f.Write(&book); err != nil {
		t.Fatal(err)
	}
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	for i, name := range []string{"list.xlsx", "list.csv"} {
		s.upload("U_REQUESTER", "lost phones", name, book.Bytes())
		if m := s.awaitPending(i + 1); !strings.Contains(m.all(), "filtered rows name users") {
			t.Errorf("what is hidden is not told: %s", m.all())
		}
	}
}

// What a result file says is not believed: the record knows who was reset.
func TestUpload_result_file_dropped_back(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.upload("U_REQUESTER", "lost phones", "list.csv", []byte("login\nana@example.com\nnobody@example.com\n"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	results := string(s.awaitResults(1))
	lies := strings.ReplaceAll(results, ",reset,", ",failed,")
	if lies == results {
		t.Fatalf("nobody was reset: %s", results)
	}
	n := 1
	for _, name := range []string{"FR-1-results.csv", "FR-1-results (1).csv", "my list.csv"} { // the last is known by Okta's request IDs
		n++
		ts := s.upload("U_REQUESTER", "they are still locked out", name, []byte(lies))
		if m := s.threadOf(ts); !strings.Contains(m.all(), "FR-1") || m.has("approve") {
			t.Errorf("%s: %s", name, m.all())
		}
	}
	s.upload("U_REQUESTER", "again because it did not take", "FR-1-results.csv", []byte(lies))
	n++
	if m := s.awaitPending(n); !strings.Contains(m.all(), "Resets 1 user again") {
		t.Errorf("the risk is not told: %s", m.all())
	}
	call := ""
	for _, row := range strings.Split(results, "\r\n")[1:] {
		if cells := strings.Split(row, ","); len(cells) > 9 && cells[9] != "" {
			call = cells[9]
		}
	}
	s.upload("U_REQUESTER", "lost phones", "other.csv", []byte(strings.ReplaceAll(lies, call, "unheard-of")))
	s.whisper("U_REQUESTER", "that I don't know")
	for _, u := range s.okta().Okta.Users {
		if u.Login == "ana@example.com" && u.Resets != 1 {
			t.Errorf("ana was reset %d times", u.Resets)
		}
	}
}

// A file that was dropped while the bot was away is taken up when it comes back.
func TestUpload_while_the_bot_was_away(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	s.upload("U_REQUESTER", "lost phones", "first.csv", []byte("login\nana@example.com\n"))
	s.awaitPending(1)
	stop()
	s.upload("U_REQUESTER", "lost phones", "second.csv", []byte("login\nguest@example.com\n"))
	s.mustRun(db, config)
	s.awaitPending(2)
	if strings.Contains(fmt.Sprint(s.messages("U_REQUESTER")), "FR-3") {
		t.Error("a file was taken up twice")
	}
}
