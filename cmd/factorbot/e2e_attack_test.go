package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
)

// actives are logins of users that a reset may meet, the first n of them.
func (s *sandboxRun) actives(n int) (logins []string) {
	s.tb.Helper()
	for _, u := range s.okta().Okta.Users {
		if u.Status == "ACTIVE" && len(u.Roles) == 0 && len(u.Factors) > 1 && !isCast(u.Login) && len(logins) < n {
			logins = append(logins, u.Login)
		}
	}
	if len(logins) < n {
		s.tb.Fatalf("only %d users, want %d", len(logins), n)
	}
	return logins
}

// A list that is dropped while the bot is away is taken up when it starts, once,
// though history tells less of a message than the event did.
func TestAttack_upload_while_the_bot_is_down(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "40", "--rate-limit", "6000")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	stop()
	list := []byte("login\n" + strings.Join(s.actives(3), "\n") + "\n")
	s.upload("U_REQUESTER", "lost phones", "list.csv", list)
	s.upload("U_REQUESTER", "", "bare.csv", list) // asks for a reason
	_, stop = s.mustRun(db, config)
	s.awaitPending(1)
	s.await("the button for a reason", func() bool {
		return slices.ContainsFunc(s.messages("U_REQUESTER"), func(m message) bool { return m.Ephemeral && m.has("add_reason") })
	})
	stop()
	s.mustRun(db, config)
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
	for _, m := range s.messages("U_REQUESTER") {
		if strings.Contains(m.all(), "FR-2") {
			t.Errorf("it was taken up twice: %s", m.Text)
		}
	}
}

// Whatever is wrong with a form's file is told to who sent it.
func TestAttack_bad_file_in_the_form(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	for name, content := range map[string]string{
		"nobody.csv": "colour,size\nred,1\nblue,2\n", "empty.csv": "\n\n", "bytes.csv": "\x00\x01\x02\xff\xfe\x00\x00",
	} {
		form := s.opened(func() map[string]any { return s.command("U_REQUESTER", "/factor-reset") })
		file, since := s.attach("U_REQUESTER", name, []byte(content)), len(s.messages("U_REQUESTER"))+len(s.direct("U_REQUESTER"))
		if wrong := s.try("U_REQUESTER", form, answers{"file": []string{file}, "reason": "lost phones"}); len(wrong) > 0 {
			continue // told at its field
		}
		s.await("word that "+name+" is refused", func() bool {
			return len(s.messages("U_REQUESTER"))+len(s.direct("U_REQUESTER")) > since
		})
	}
}

// Who is not in the channel asks nowhere for a reset, and reads nobody's request.
func TestAttack_from_outside_the_channel(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--users", "20", "--rate-limit", "6000")
	s.set(map[string]any{"slack_channels": map[string]any{"C_FACTORS": map[string]any{"members": []string{"U_FACTORBOT", "U_REQUESTER", "U_APPROVER1", "U_APPROVER2", "U_GUEST"}}}})
	s.command("U_REQUESTER", "/factor-reset approver2@example.com because lost phone")
	s.awaitPending(1)
	if home := text(s.home("U_ANA")); strings.Contains(home, "new_request") || strings.Contains(home, "FR-1") {
		t.Errorf("the home tab of somebody outside: %.500s", home)
	}
	for _, c := range []string{"ana@example.com because I say so", "status FR-1", "history", "receipt FR-1", "cancel FR-1", "pause FR-1", "freeze", "", "export search:status eq \"ACTIVE\" because review"} {
		answer := s.post("/sandbox/command", map[string]any{"user": "U_ANA", "channel": "C_GENERAL", "text": "/factor-reset " + c})
		said := fmt.Sprint(answer["ephemeral"])
		if answer["view"] != nil || strings.Contains(said, "FR-1: ") || strings.Contains(said, "planning") || strings.Contains(said, "approver2@example.com") || strings.Contains(said, "lost phone") {
			t.Errorf("%q from outside: %s, %v", c, said, answer["view"])
		}
	}
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
}

// A user who is deleted in the middle of a batch is that user's outcome alone.
func TestAttack_user_deleted_in_the_middle(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "120", "--rate-limit", "6000", "--latency", "100ms")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "okta: {settle_after: 1s, log_lag: 5s, concurrency: 2}\n"))
	names := s.actives(40)
	s.command("U_REQUESTER", "/factor-reset "+strings.Join(names, " ")+" because lost phones")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.await("some resets", func() bool { return s.reset() > 3 })
	s.set(map[string]any{"deleted": names[30:32]})
	byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
	if byOutcome["reset"] != 38 || rows[30][4] == "reset" || rows[31][4] == "reset" {
		t.Errorf("%v %v; the deleted: %v %v", byOutcome, byReason, rows[30], rows[31])
	}
	for _, m := range s.messages("") {
		if strings.Contains(m.all(), "is paused") {
			t.Errorf("it was paused: %s", m.Text)
		}
	}
	checkResets(t, s, rows)
}

// Half a reset is never called one: not in a small batch, nor in one that the log proves.
func TestAttack_half_a_reset(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "160", "--rate-limit", "6000", "--latency", "20ms")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "large_batch: {over: 1000}\nokta: {settle_after: 1s, log_lag: 4s}\n"))
	for n, names := range [][]string{s.actives(50)[:40], s.actives(50)[40:]} {
		s.set(map[string]any{"faults": 0.4, "faults_on": "writes", "fault_kinds": map[string]float64{"part": 1}})
		s.command("U_REQUESTER", "/factor-reset "+strings.Join(names, " ")+" because lost phones")
		s.click("U_APPROVER1", s.awaitPending(n+1), "approve")
		s.await("some resets", func() bool { return s.reset() > n*40+len(names)/2 })
		s.set(map[string]any{"faults": 0})
		_, _, rows := outcomes(t, s.awaitResults(n+1))
		left := map[string]int{}
		for _, u := range s.okta().Okta.Users {
			for _, f := range u.Factors { // an e-mail and a question may outlive a reset
				if kind := string(f); !strings.Contains(kind, `"type":"email"`) && !strings.Contains(kind, `"type":"question"`) {
					left[u.ID]++
				}
			}
		}
		for _, row := range rows {
			if row[4] == "reset" && left[row[2]] > 0 || row[4] != "reset" {
				t.Errorf("%v, and %d factors are left", row, left[row[2]])
			}
		}
	}
}

// A backup that is restored in the middle of a run with waves goes on wave by wave,
// and resets nobody again.
func TestAttack_restored_with_a_ramp(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "120", "--rate-limit", "6000", "--latency", "60ms")
	s.set(map[string]any{"enrol_again": 1, "enrol_after": "100ms"})
	dir := t.TempDir()
	db, copied := filepath.Join(dir, "factorbot.db"), filepath.Join(dir, "copy.db")
	names := s.actives(60)
	config := mustConfig(t, "large_batch: {over: 1000}\nramp: [1, 20]\nprotect: {users: ["+names[59]+"]}\nokta: {settle_after: 1s, log_lag: 3s, concurrency: 2}\n")
	_, stop := s.mustRun(db, config)
	s.command("U_REQUESTER", "/factor-reset "+strings.Join(names, " ")+" because lost phones")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.await("the second wave", func() bool { return s.reset() > 3 })
	env := cli.Env{Vars: []string{"FACTORBOT_DB=" + db}, Stdout: io.Discard, Stderr: os.Stderr}
	if code := run(t.Context(), []string{"backup", copied}, env); code != 0 {
		t.Fatalf("backup: exit code %d", code)
	}
	at := s.reset()
	s.await("more resets", func() bool { return s.reset() > at+5 })
	if code := stop(); code != 0 {
		t.Fatalf("stop: exit code %d", code)
	}
	if err := os.Rename(copied, db); err != nil {
		t.Fatal(err)
	}
	s.mustRun(db, config)
	_, byReason, rows := outcomes(t, s.awaitResults(1))
	for _, u := range s.okta().Okta.Users {
		if u.Resets > 1 {
			t.Errorf("%s was reset %d times", u.Login, u.Resets)
		}
	}
	for i, row := range rows {
		if protected := i == 59; protected == (row[4] == "reset") && row[5] != "enrolled_meanwhile" {
			t.Errorf("%v", row)
		}
	}
	t.Logf("reasons %v", byReason)
}

// Eight downloads that hang hold up no freeze, no click and no ninth list.
func TestAttack_slow_downloads(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--users", "40", "--rate-limit", "6000")
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	s.set(map[string]any{"slack_fail_next": []map[string]any{{"method": "download", "kind": "hang", "times": 8}}})
	for i := range 8 {
		s.upload("U_REQUESTER", "lost phones", fmt.Sprintf("list%d.csv", i), []byte("login\n"+s.actives(9)[i]+"\n"))
	}
	s.click("U_APPROVER1", pending, "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	if got := s.private("U_APPROVER2", "/factor-reset freeze"); !strings.Contains(got, "Everything is frozen") {
		t.Errorf("freeze: %s", got)
	}
	s.private("U_APPROVER1", "/factor-reset thaw")
	s.private("U_APPROVER2", "/factor-reset thaw")
	s.set(map[string]any{"slack_fail_next": []any{}})
	for n := 2; n <= 9; n++ {
		s.awaitPending(n) // all lists come through
	}
	checkResets(t, s, rows)
}
