package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"factorbot/cmd/internal/cli"
)

// settings are those of `run` against a sandbox: the design's environment.
func (s *sandboxRun) settings(db string, more ...string) []string {
	return append([]string{
		"SLACK_APP_TOKEN=xapp-sandbox", "SLACK_BOT_TOKEN=xoxb-sandbox", "SLACK_API_URL=" + s.url + "/api/",
		"OKTA_ORG_URL=" + s.url, "OKTA_API_TOKEN=sandbox-token",
		"FACTORBOT_DB=" + db, "FACTORBOT_HTTP_ADDR=127.0.0.1:0",
	}, more...)
}

// mustConfig writes a configuration file for the sandbox's people.
func mustConfig(tb testing.TB, more string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "factorbot.yaml")
	text := "channels: [C_FACTORS]\napprovers: {users: [U_APPROVER1, U_APPROVER2]}\n" + more
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// mustRun runs the bot in this process against the sandbox. The returned function stops it.
func (s *sandboxRun) mustRun(db, config string, more ...string) (logs *buffer, stop func() int) {
	s.tb.Helper()
	return s.mustStart(s.settings(db, more...), "--config", config)
}

// mustStart does so with these settings and flags.
func (s *sandboxRun) mustStart(vars []string, flags ...string) (logs *buffer, stop func() int) {
	s.tb.Helper()
	logs = &buffer{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"run"}, flags...), cli.Env{Vars: vars, Stdout: logs, Stderr: logs})
	}()
	stop = sync.OnceValue(func() int { cancel(); return <-ended })
	s.tb.Cleanup(func() {
		stop()
		if s.tb.Failed() {
			s.tb.Logf("log of the bot:\n%s", tail(logs.String(), 4000))
		}
	})
	s.await("the bot to listen", func() bool { return strings.Contains(logs.String(), "the socket is open") })
	return logs, stop
}

// The binary as people run it is killed in the middle of a batch and started again.
func TestRun_killed_in_the_middle(t *testing.T) {
	t.Parallel()
	binary := mustBuild(t)
	if program, err := os.ReadFile(binary); err != nil || bytes.Contains(program, []byte("FACTORBOT_FAILPOINTS")) {
		t.Errorf("the program that people run can be told to end itself: %v", err)
	}
	s := mustSandbox(t, "--no-bot", "--users", "200", "--rate-limit", "6000", "--latency", "40ms")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "large_batch: {over: 1000}\nokta: {settle_after: 1s, log_lag: 5s}\n")
	start := func() (*exec.Cmd, *buffer) {
		logs := &buffer{}
		cmd := exec.Command(binary, "run", "--config", config)
		cmd.Env, cmd.Stderr = s.settings(db), logs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if t.Failed() {
				t.Logf("log of the bot:\n%s", tail(logs.String(), 3000))
			}
		})
		s.await("the bot to listen", func() bool { return strings.Contains(logs.String(), "the socket is open") })
		return cmd, logs
	}
	first, _ := start()
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.await("some resets", func() bool { return s.reset() > 30 })
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	killedAt := s.reset()
	start()
	s.awaitMessage("word of the restart", func(m message) bool { return strings.Contains(m.all(), "Back after ") })
	file := s.awaitResults(1)
	byOutcome, byReason, rows := outcomes(t, file)
	if killedAt >= byOutcome["reset"] {
		t.Fatalf("killed after all %d resets: the test shows nothing", killedAt)
	}
	if byOutcome["failed"]+byOutcome["not_run"] != 0 {
		t.Errorf("%v %v", byOutcome, byReason)
	}
	for _, u := range s.okta().Okta.Users {
		if u.Resets > 1 {
			t.Errorf("%s was reset %d times", u.Login, u.Resets)
		}
	}
	t.Logf("killed after %d resets; %d settled after the restart; %d rows", killedAt, byReason["settled_after_restart"], len(rows))
	s.once("FR-1-results.csv", "FR-1-plan.csv")
}

// reset counts the users who were reset.
func (s *sandboxRun) reset() int {
	n := 0
	for _, u := range s.okta().Okta.Users {
		n += min(u.Resets, 1)
	}
	return n
}

// once checks that each file was shared once.
func (s *sandboxRun) once(names ...string) {
	s.tb.Helper()
	for _, name := range names { // a file waits for no other
		s.awaitMessage("the file "+name, func(m message) bool { return len(m.Files) == 1 && m.Files[0].Name == name })
	}
	for _, name := range names {
		n := 0
		for _, m := range s.messages("") {
			for _, f := range m.Files {
				if f.Name == name {
					n++
				}
			}
		}
		if n != 1 {
			s.tb.Errorf("%s was posted %d times", name, n)
		}
	}
}

// A stop and a start between the steps of a request lose nothing and repeat nothing.
func TestRun_restarted_between_steps(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "40", "--rate-limit", "6000")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)
	if code := stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	_, stop = s.mustRun(db, config)
	s.click("U_APPROVER1", pending, "approve")
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
	stop()
	s.mustRun(db, config)
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	s.awaitPending(2)
	s.awaitMessage("the second plan", func(m message) bool { return len(m.Files) == 1 && m.Files[0].Name == "FR-2-plan.csv" })
	s.once("FR-1-results.csv", "FR-1-plan.csv", "FR-2-plan.csv")
}

func TestRun_two_approvals_for_a_large_batch(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "40", "--rate-limit", "6000")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "large_batch: {over: 5, approvals: 2}\n"))
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)

	form := s.numbered("U_APPROVER1", pending)
	n := regexp.MustCompile(`Type (\d+) to approve`).FindStringSubmatch(text(form))
	if n == nil {
		t.Fatalf("the form does not say how many: %s", text(form))
	}
	for _, wrong := range []string{"1", "1000", "07"} {
		if errs := s.try("U_APPROVER1", form, answers{"users": wrong}); !strings.Contains(fmt.Sprint(errs["users"]), "isn't the number") {
			t.Errorf("%q: %v", wrong, errs)
		}
	}
	s.submit("U_APPROVER1", form, answers{"users": n[1]})
	still := s.awaitMessage("the first approval to show", func(m message) bool {
		return m.TS == pending.TS && strings.Contains(m.all(), "pproved by") && m.has("approve")
	})
	s.click("U_APPROVER1", still, "approve")
	s.toldPrivately("U_APPROVER1", "already counts")
	if n := s.reset(); n != 0 {
		t.Fatalf("%d were reset after one person's approval", n)
	}
	s.submit("U_APPROVER2", s.numbered("U_APPROVER2", still), answers{"users": n[1]})
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
}

func TestRun_expires(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "expires_after: 25s\n"))
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	pending := s.awaitPending(1)
	s.awaitMessage("the request to expire", func(m message) bool {
		return m.TS == pending.TS && !m.has("approve") && strings.Contains(strings.ToLower(m.Text), "expired")
	})
	s.click("U_APPROVER1", pending, "approve")
	if n := s.reset(); n != 0 {
		t.Fatalf("%d were reset after it expired", n)
	}
}

func TestRun_second_process_is_refused(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	s.mustRun(db, config)
	var out bytes.Buffer
	code := run(context.Background(), []string{"run", "--config", config}, cli.Env{Vars: s.settings(db), Stdout: &out, Stderr: &out})
	if code != 1 || !strings.Contains(out.String(), fmt.Sprint(os.Getpid())) {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
}

func TestRun_settings(t *testing.T) {
	cases := []struct {
		name string
		vars []string
		want string
	}{
		{"nothing", nil, "SLACK_APP_TOKEN"},
		{"a wrong prefix", []string{"SLACK_APP_TOKEN=xoxb-canary-1"}, "SLACK_APP_TOKEN"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(context.Background(), []string{"run"}, cli.Env{Vars: c.vars, Stdout: &out, Stderr: &errs})
			if code != 2 || strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), c.want) || strings.Contains(errs.String(), "canary") {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
		})
	}
}

// While Slack is away nothing that people rely on is lost.
func TestRun_slack_goes_away(t *testing.T) {
	t.Parallel() // it waits for most of its time
	s := mustSandbox(t, "--no-bot", "--users", "60", "--rate-limit", "6000", "--latency", "30ms")
	s.mustRun(filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, ""))
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	pending := s.awaitPending(1)
	s.post("/sandbox/set", map[string]any{"slack_5xx": 0.3, "slack_lost_answers": 0.2})
	s.click("U_APPROVER1", pending, "approve")
	s.await("the resets", func() bool { return s.reset() > 30 })
	s.post("/sandbox/set", map[string]any{"slack_5xx": 0, "slack_lost_answers": 0})
	_, _, rows := outcomes(t, s.awaitResults(1))
	checkResets(t, s, rows)
	s.once("FR-1-results.csv", "FR-1-plan.csv")
}

// A stop in the middle of a batch lets calls in flight end: nothing is in doubt afterwards.
func TestRun_stopped_in_the_middle(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "120", "--rate-limit", "6000", "--latency", "60ms")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "large_batch: {over: 1000}\n")
	_, stop := s.mustRun(db, config)
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.await("some resets", func() bool { return s.reset() > 20 })
	if code := stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	stopped := s.reset()
	s.mustRun(db, config)
	byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
	if stopped >= byOutcome["reset"] || byReason["settled_after_restart"] != 0 || byOutcome["failed"] != 0 {
		t.Errorf("stopped after %d; %v %v", stopped, byOutcome, byReason)
	}
	checkResets(t, s, rows)
	s.once("FR-1-results.csv", "FR-1-plan.csv")
}

// Somebody deletes the approval message while the bot is away: it is posted again, and the request goes on.
func TestRun_deleted_approval_message(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "20")
	db, config := filepath.Join(t.TempDir(), "factorbot.db"), mustConfig(t, "")
	_, stop := s.mustRun(db, config)
	s.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	first := s.awaitPending(1)
	s.awaitMessage("the plan", func(m message) bool { return len(m.Files) == 1 })
	stop()
	s.post("/sandbox/edit", map[string]any{"channel": "C_FACTORS", "message_ts": first.TS, "text": nil})
	s.mustRun(db, config)
	again := s.awaitMessage("another approval message", func(m message) bool { return m.TS != first.TS && m.has("approve") })
	s.click("U_APPROVER1", again, "approve")
	s.await("the reset", func() bool { return s.reset() == 1 })
}

// mustWrite writes a file into a folder of its own, and returns its path.
func mustWrite(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// built is the program as people run it, without the race detector, built once.
var built = sync.OnceValues(func() (binary string, err error) {
	binary = filepath.Join(os.Getenv(builtEnv), "factorbot")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return binary, nil
})

func mustBuild(tb testing.TB) string {
	tb.Helper()
	binary, err := built()
	if err != nil {
		tb.Fatal(err)
	}
	return binary
}
