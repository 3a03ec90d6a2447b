package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"factorbot/cmd/internal/cli"
)

// A backup is made in the middle of a run, the run goes on and people enrol again; the
// bot stops, the backup is restored and the bot starts: nobody is reset again.
func TestRun_restored(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "120", "--rate-limit", "6000", "--latency", "60ms")
	s.set(map[string]any{"enrol_again": 0.5, "enrol_after": "100ms"})
	dir := t.TempDir()
	db, copied := filepath.Join(dir, "factorbot.db"), filepath.Join(dir, "copy.db")
	config := mustConfig(t, "large_batch: {over: 1000}\nokta: {settle_after: 1s, log_lag: 5s}\n")
	_, stop := s.mustRun(db, config)
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.await("some resets", func() bool { return s.reset() > 10 })
	env := cli.Env{Vars: []string{"FACTORBOT_DB=" + db}, Stdout: io.Discard, Stderr: os.Stderr}
	if code := run(t.Context(), []string{"backup", copied}, env); code != 0 { // of the running bot
		t.Fatalf("backup: exit code %d", code)
	}
	at := s.reset()
	s.awaitResults(1)
	all := s.reset()
	if code := stop(); code != 0 {
		t.Fatalf("stop: exit code %d", code)
	}
	if at >= all {
		t.Fatalf("the backup came after all %d resets: the test shows nothing", at)
	}
	factors := func() map[string]int {
		n := map[string]int{}
		for _, u := range s.okta().Okta.Users {
			n[u.ID] = len(u.Factors)
		}
		return n
	}
	s.await("all to have enrolled who will", func() bool {
		n := 0
		for _, u := range s.okta().Okta.Users {
			if u.Resets > 0 && len(u.Factors) > 0 {
				n++
			}
		}
		return n*3 > all
	})
	before := factors()
	if err := os.Rename(copied, db); err != nil {
		t.Fatal(err)
	}
	logs, _ := s.mustRun(db, config)
	if !strings.Contains(logs.String(), "the record is a backup") {
		t.Error("the log does not say that the record is a backup")
	}
	s.await("the request to be done again", func() bool { return s.filesNamed("FR-1-results.csv") > 1 })
	for _, u := range s.okta().Okta.Users {
		if u.Resets > 1 || len(u.Factors) < before[u.ID] {
			t.Errorf("%s was reset %d times and has %d factors, had %d", u.Login, u.Resets, len(u.Factors), before[u.ID])
		}
	}
	t.Logf("figures: restore: %d of %d users were reset after the backup, %d resets repeated", all-at, all, 0)
}

// filesNamed counts the messages with a file of this name.
func (s *sandboxRun) filesNamed(name string) int {
	n := 0
	for _, m := range s.messages("") {
		for _, f := range m.Files {
			if f.Name == name {
				n++
			}
		}
	}
	return n
}
