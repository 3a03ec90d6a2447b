package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/operator"
)

// operate runs an operator's command on a record.
func operate(tb testing.TB, db string, args ...string) (code int, out string) {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	code = run(context.Background(), args, cli.Env{Vars: []string{"FACTORBOT_DB=" + db}, Stdout: &stdout, Stderr: &stderr})
	return code, stdout.String() + stderr.String()
}

// With Slack away an operator sees how requests stand, the same from the
// running bot and from the file, and gets the result file as it was in Slack.
func TestRequests_withSlackDown(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost \x1b[31mphone")
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	results := string(s.awaitResults(1))
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost it again")
	s.awaitPending(2)
	s.post("/sandbox/set", map[string]any{"slack_down": true})
	info, err := os.Lstat(db + ".sock")
	if err != nil || info.Mode()&fs.ModeSocket == 0 || info.Mode().Perm() != 0o600 {
		t.Fatalf("the socket is %v, %v", info, err)
	}
	ask := func() []string {
		t.Helper()
		var all []string
		for _, args := range [][]string{
			{"requests", "list"}, {"requests", "list", "--json", "--limit", "1"}, {"requests", "show", "FR-1"}, {"requests", "show", "fr-2", "--json"}, {"requests", "results", "FR-1"},
		} {
			code, out := operate(t, db, args...)
			if code != 0 {
				t.Errorf("factorbot %v: exit code %d: %s", args, code, out)
			}
			all = append(all, out)
		}
		if code, out := operate(t, db, "requests", "results", "FR-2"); code != 1 || !strings.Contains(out, "no result file yet: it is pending") {
			t.Errorf("of a pending request: exit code %d: %s", code, out)
		}
		if code, out := operate(t, db, "requests", "show", "FR-9"); code != 1 || !strings.Contains(out, "FR-9") {
			t.Errorf("of none: exit code %d: %s", code, out)
		}
		return all
	}
	running := ask()
	if !strings.Contains(running[0], "FR-1") || !strings.Contains(running[0], "done") || !strings.Contains(running[0], "pending") || strings.Contains(running[0], "\x1b") {
		t.Errorf("list: %q", running[0])
	}
	if strings.Count(running[1], "\n") != 1 || !strings.Contains(running[1], `"FR-2"`) {
		t.Errorf("list --json --limit 1: %s", running[1])
	}
	if !strings.Contains(running[2], "U_APPROVER1") || !strings.Contains(running[2], "approved") || strings.Contains(running[2], "\x1b") {
		t.Errorf("show: %q", running[2])
	}
	if running[4] != results {
		t.Errorf("the result file differs from the one in Slack:\n%s\n%s", running[4], results)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for i, out := range ask() {
		if out != running[i] {
			t.Errorf("the file says %s, the running bot said %s", out, running[i])
		}
	}
}

func TestRequests_arguments(t *testing.T) {
	db := filepath.Join(t.TempDir(), "none.db")
	for _, args := range [][]string{{"requests"}, {"requests", "show"}, {"requests", "show", "42x"}, {"requests", "delete", "FR-1"}, {"requests", "list", "FR-1"}} {
		if code, out := operate(t, db, args...); code != 2 || strings.Count(out, "\n") != 1 {
			t.Errorf("factorbot %v: exit code %d: %s", args, code, out)
		}
	}
	if code, out := operate(t, db, "requests", "list"); code != 1 || !strings.Contains(out, "none.db") {
		t.Errorf("without a record: exit code %d: %s", code, out)
	}
	if code, out := operate(t, db, "requests", "--help"); code != 0 || !strings.Contains(out, "results FR-42") {
		t.Errorf("help: exit code %d: %s", code, out)
	}
}

// The value of a flag before the request is no request, and neither is it the new file of a backup.
func TestOperator_flagsBeforeTheRest(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none.db")
	for _, args := range [][]string{
		{"requests", "show", "--db", none, "FR-42"}, {"requests", "--db", none, "results", "FR-42"}, {"requests", "--limit", "3", "--db", none, "list"},
		{"requests", "rebind", "--db", none, "U0123456"}, {"backup", "--db", none, filepath.Join(t.TempDir(), "copy.db")},
	} {
		if code, out := operate(t, "elsewhere.db", args...); code != 1 || !strings.Contains(out, "none.db") {
			t.Errorf("factorbot %v: exit code %d: %s", args, code, out)
		}
	}
	for _, args := range [][]string{{"backup", ""}, {"backup", "a.db", "b.db"}, {"backup"}, {"requests", "show", "FR-1", "FR-2"}, {"requests", "rebind", "U0123456", "U0123457"}} {
		if code, out := operate(t, none, args...); code != 2 {
			t.Errorf("factorbot %q: exit code %d: %s", args, code, out)
		}
	}
}

// A socket that a crash left is replaced; what is no socket is not touched.
func TestControl_afterACrash(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "10")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	left, err := operator.Listen(db + ".sock")
	if err != nil {
		t.Fatal(err)
	}
	left.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(false)
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	_, stop := s.mustRun(db, config)
	if code, out := operate(t, db, "requests", "list"); code != 0 {
		t.Errorf("exit code %d: %s", code, out)
	}
	stop()
	if err := os.WriteFile(db+".sock", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.mustRun(db, config)
	if b, err := os.ReadFile(db + ".sock"); err != nil || string(b) != "mine" {
		t.Errorf("a file that is no socket was touched: %q, %v", b, err)
	}
}
