package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
)

// output runs a subcommand and returns what it prints.
func output(tb testing.TB, args ...string) (out, problems string, code int) {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	code = run(tb.Context(), args, cli.Env{Stdout: &stdout, Stderr: &stderr})
	return stdout.String(), stderr.String(), code
}

// A request is asked for, approved and run; its trail is exported and verified, also with
// the head that the request names, and a changed byte is found.
func TestAudit(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000")
	dir := t.TempDir()
	db, config := filepath.Join(dir, "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.awaitResults(1)
	answer, err := json.Marshal(s.command("U_REQUESTER", "receipt FR-1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, problems, code := output(t, "audit", "verify", "--db", db); code != 1 || !strings.Contains(problems, "in use by process") {
		t.Errorf("while the bot runs: %d, %s", code, problems)
	}
	copied := filepath.Join(dir, "copy.db")
	if _, problems, code := output(t, "backup", copied, "--db", db); code != 0 {
		t.Fatalf("backup: %d, %s", code, problems)
	}
	if code := stop(); code != 0 {
		t.Fatalf("stop: %d", code)
	}
	out, problems, code := output(t, "audit", "verify", "--db", db)
	if code != 0 || !strings.Contains(out, "requests and the org's own log") {
		t.Fatalf("verify: %d, %s %s", code, out, problems)
	}
	_, head, _ := strings.Cut(strings.TrimSpace(out), "\nhead ")
	for _, file := range []string{db, copied} {
		at := head
		if file == copied {
			out, _, _ := output(t, "audit", "verify", "--db", copied)
			_, at, _ = strings.Cut(strings.TrimSpace(out), "\nhead ")
		}
		if out, problems, code := output(t, "audit", "verify", "--db", file, "--head", at[:20]); code != 0 {
			t.Errorf("with its head: %d, %s %s", code, out, problems)
		}
	}
	wrong := "1:" + strings.Repeat("ab", 32)
	if out, _, code := output(t, "audit", "verify", "--db", db, "--head", wrong); code != 1 || !strings.Contains(out, "found: the org's log, entry 1") {
		t.Errorf("with another head: %d, %s", code, out)
	}
	checkExport(t, db)
	checkReceipt(t, db, head)
	posted := filepath.Join(dir, "receipt.txt") // as somebody copies it out of Slack
	if err := os.WriteFile(posted, []byte("copied:\n"+string(answer)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, problems, code := output(t, "audit", "verify", "--db", db, "--receipt", posted); code != 0 {
		t.Errorf("with the receipt of the bot: %d, %s%s, %s", code, out, problems, answer)
	}
}

// checkExport reads both formats, and computes the chains of a redacted export again.
func checkExport(t *testing.T, db string) {
	t.Helper()
	plain, problems, code := output(t, "audit", "export", "--db", db)
	if code != 0 || !strings.Contains(plain, `"name":"approved","by":"U_APPROVER1"`) || !strings.Contains(plain, `"name":"posted"`) {
		t.Fatalf("export: %d, %s, %.2000s", code, problems, plain)
	}
	redacted, _, code := output(t, "audit", "export", "--db", db, "--redact", "--since", "1d")
	if code != 0 || strings.Contains(redacted, "U_APPROVER1") || strings.Contains(redacted, "00u") || strings.Contains(redacted, "lost phones") {
		t.Errorf("redacted: %d, %.2000s", code, redacted)
	}
	before := map[string]string{}
	lines := strings.Split(strings.TrimSpace(redacted), "\n")
	for _, line := range lines {
		var e struct {
			Request, Hash, Hashed string
			Seq                   uint64
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Seq > 1 {
			b, _ := hex.DecodeString(before[e.Request])
			sum := sha256.Sum256([]byte(e.Hashed))
			b = append(binary.BigEndian.AppendUint64(b, e.Seq), sum[:]...)
			if want := fmt.Sprintf("%x", sha256.Sum256(b)); want != e.Hash {
				t.Errorf("%s, entry %d: hash %s, computed %s", e.Request, e.Seq, e.Hash, want)
			}
		}
		before[e.Request] = e.Hash
	}
	table, _, code := output(t, "audit", "export", "--db", db, "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if code != 0 || err != nil || len(rows) != len(lines)+1 {
		t.Errorf("csv: %d, %v, %d rows of %d", code, err, len(rows), len(lines))
	}
	for _, args := range [][]string{{"--format", "xml"}, {"--since", "yesterday"}} {
		if _, problems, code := output(t, append([]string{"audit", "export", "--db", db}, args...)...); code != cli.ExitSetting || !strings.Contains(problems, args[0]) {
			t.Errorf("%v: %d, %s", args, code, problems)
		}
	}
	if out, _, _ := output(t, "audit", "export", "--db", db, "--since", "2100-01-01"); out != "" {
		t.Errorf("since a day to come: %s", out)
	}
}

// checkReceipt compares the record with a receipt made from the export, and with a forged one.
func checkReceipt(t *testing.T, db, head string) {
	t.Helper()
	export, _, _ := output(t, "audit", "export", "--db", db)
	var last map[string]any
	for _, line := range strings.Split(strings.TrimSpace(export), "\n") {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "receipt.json")
	for hash, want := range map[string]int{fmt.Sprint(last["hash"]): 0, strings.Repeat("0", 64): 1} {
		text := fmt.Sprintf(`{"request":"FR-1","seq":%v,"head":%q,"anchor":%q}`, last["seq"], hash, head)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, problems, code := output(t, "audit", "verify", "--db", db, "--receipt", path); code != want {
			t.Errorf("receipt %s: exit code %d, want %d: %s%s", text, code, want, out, problems)
		}
	}
}
