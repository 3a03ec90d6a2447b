package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"factorbot/cmd/internal/setup"
)

// commandsShown are the calls of the program in the README, each once: lines of
// blocks of code, and what stands in backticks with a path before it. What
// "go run" calls counts as the program.
func commandsShown(tb testing.TB) (all []string) {
	tb.Helper()
	for _, m := range regexp.MustCompile("(?m)(?:^ *|`)(?:\\./|go run \\./cmd/)(factor(?:bot|lab) [^`\n]+)").FindAllStringSubmatch(mustReadme(tb), -1) {
		if !slices.Contains(all, m[1]) {
			all = append(all, m[1])
		}
	}
	if len(all) < 15 {
		tb.Fatalf("only %d commands were found in README.md: %q", len(all), all)
	}
	return all
}

// follower is a machine on which somebody follows the README: the program, the
// settings, a policy, and the sandbox in the place of Slack and Okta.
type follower struct {
	*sandboxRun
	dir string
	env []string
}

func mustFollow(t *testing.T) *follower {
	t.Helper()
	f := &follower{sandboxRun: mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000"), dir: filepath.Dir(mustBuild(t))}
	if out, err := exec.Command("go", "build", "-o", f.dir, "factorbot/cmd/factorlab").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	f.post("/sandbox/set", map[string]any{"slack_scopes": setup.ScopeNames()})
	db := filepath.Join(f.dir, "factorbot.db")
	f.env = append(os.Environ(), f.settings(db, "FACTORBOT_HTTP_ADDR="+freeAddress(t), "FACTORBOT_CONFIG="+mustConfig(t, ""))...)
	return f
}

// typed is a command as somebody types it here: a request that there is, and
// quick figures where the README's take a minute.
func typed(line string) string {
	line = strings.ReplaceAll(line, "FR-42", "FR-1")
	switch name := strings.Fields(line)[1]; {
	case strings.Contains(line, "--help"):
	case name == "sandbox":
		line += " --addr 127.0.0.1:0 --users 20"
	case name == "drill":
		line += " --kills 1 --users 40 --faults 0"
	case name == "bench":
		line += " --users 100 --workers 0"
	}
	return "./" + line
}

// freeAddress is one that nobody listens on.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (f *follower) shell(ctx context.Context, line string) (cmd *exec.Cmd, out *buffer) {
	out = &buffer{}
	cmd = exec.CommandContext(ctx, "sh", "-c", "exec "+line)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = f.dir, f.env, out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd, out
}

// ends runs a command that ends by itself.
func (f *follower) ends(t *testing.T, line string) string {
	t.Helper()
	cmd, out := f.shell(t.Context(), typed(line))
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
	if _, file, redirected := strings.Cut(typed(line), " > "); redirected {
		b, err := os.ReadFile(filepath.Join(f.dir, file))
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
	if out.String() == "" {
		t.Errorf("%s says nothing", line)
	}
	return out.String()
}

// stays runs a command that works until somebody stops it, and waits for what it says then.
func (f *follower) stays(t *testing.T, line, ready string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd, out := f.shell(ctx, typed(line))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil && cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	t.Cleanup(cancel)
	f.await(line+" to say "+ready, func() bool {
		select {
		case err := <-ended:
			t.Fatalf("%s ended: %v\n%s", line, err, out)
		default:
		}
		return strings.Contains(out.String(), ready)
	})
	return stop
}

// Whoever follows the README can type each of its commands.
func TestReadme_commandsRun(t *testing.T) {
	f := mustFollow(t)
	left := commandsShown(t)
	take := func(fits func(line, name string) bool) (some []string) {
		left = slices.DeleteFunc(left, func(line string) bool {
			if fits(line, strings.Fields(line)[1]) {
				some = append(some, line)
				return true
			}
			return false
		})
		return some
	}
	stay := take(func(line, name string) bool {
		return (name == "sandbox" || name == "run") && !strings.Contains(line, "--help")
	})
	running := take(func(_, name string) bool { return name == "requests" || name == "backup" || name == "health" })
	stopped := take(func(_, name string) bool { return name == "audit" })
	for _, line := range left { // with no bot
		t.Run(line, func(t *testing.T) {
			out := f.ends(t, line)
			if line == "factorbot doctor" {
				checkShown(t, out)
			}
		})
	}
	if !slices.Equal(stay, []string{"factorbot sandbox", "factorbot run"}) || len(running) < 4 || len(stopped) < 2 {
		t.Fatalf("README.md shows %q, %q and %q", stay, running, stopped)
	}
	f.stays(t, stay[0], "page URL")()
	stop := f.stays(t, stay[1], "the socket is open")
	f.command("U_REQUESTER", "/factor-reset ana@example.com because lost phone")
	f.click("U_APPROVER1", f.awaitPending(1), "approve")
	results := f.awaitResults(1)
	checkColumns(t, results)
	checkColumns(t, f.planFile())
	for _, line := range running {
		if out := f.ends(t, line); strings.Contains(line, " > ") && out != string(results) {
			t.Errorf("%s gives another file than Slack has:\n%s", line, out)
		}
	}
	stop()
	for _, line := range stopped {
		f.ends(t, line)
	}
}

// checkShown compares what the README shows of the doctor with what it says; numbers may differ.
func checkShown(t *testing.T, out string) {
	t.Helper()
	shown := regexp.MustCompile(`(?m)^ok  .*$`).FindAllString(mustReadme(t), -1)
	for _, line := range shown {
		if !strings.Contains(alike(out), alike(line)) {
			t.Errorf("README.md shows %q, the doctor says\n%s", line, out)
		}
	}
	if len(shown) < 3 {
		t.Errorf("README.md shows only %q", shown)
	}
}

// checkColumns says that the README explains each column of a file.
func checkColumns(t *testing.T, file []byte) {
	t.Helper()
	header, err := csv.NewReader(bytes.NewReader(file)).Read()
	if err != nil {
		t.Fatal(err)
	}
	told := backticked(mustSection(t, "## The files it posts"))
	for _, column := range header {
		if !slices.Contains(told, column) {
			t.Errorf("README.md does not explain the column %s", column)
		}
	}
}

// planFile is the plan of the first request as Slack has it.
func (f *follower) planFile() []byte {
	f.tb.Helper()
	const name = "FR-1-plan.csv"
	m := f.awaitMessage(name, func(m message) bool { return len(m.Files) == 1 && m.Files[0].Name == name })
	return f.get("/sandbox/files/" + m.Files[0].ID)
}
