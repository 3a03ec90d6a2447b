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

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	markdown "github.com/yuin/goldmark/text"

	"factorbot/cmd/internal/setup"
)

// commandsShown are the calls of the program in all documents, each once: lines of
// blocks of code, and what is in backticks with a path before it. What "go run" and
// "docker run" call counts as the program.
func commandsShown(tb testing.TB) (all []string) {
	tb.Helper()
	call := regexp.MustCompile("(?m)(?:^ *|`)(?:\\./|go run \\./cmd/|docker run [^`\n]* )(factor(?:bot|lab) [^`\n]+)")
	for _, document := range documents(tb) {
		for _, m := range call.FindAllStringSubmatch(document, -1) {
			if !slices.Contains(all, m[1]) && !strings.Contains(m[1], "TOPIC") {
				all = append(all, m[1])
			}
		}
	}
	slices.Sort(all)
	if len(all) < 20 {
		tb.Fatalf("only %d commands were found: %q", len(all), all)
	}
	return all
}

// notRun are lines of code that no test can run as they are, and why.
func notRun() map[string]string {
	return map[string]string{
		"go test ./...": "this is what runs the test",
		"factorbot backup --from factorbot.db --to etcd://10.0.0.1:2379/factorbot": "TestRecord_moves in .ci/etcd copies a record, there and back",
		"factorbot backup --from etcd://10.0.0.1:2379/factorbot --to factorbot.db": "the same",
		"docker build -t factorbot .": ".ci/formats does what it does, without an engine",
		`printf 'v0:%s:%s' "$TIMESTAMP" "$BODY" | openssl dgst -sha256 -hmac "$FACTORBOT_WEBHOOK_SECRET"`: "TestHelp_webhook does, with a delivery",
	}
}

// linesOfCode are the lines of a document's blocks of code that name no language, or a shell's.
func linesOfCode(tb testing.TB, document string) (all []string) {
	tb.Helper()
	src := []byte(document)
	err := ast.Walk(goldmark.New().Parser().Parse(markdown.NewReader(src)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		block, ok := n.(*ast.FencedCodeBlock)
		if ok && entering && slices.Contains([]string{"", "sh", "shell", "bash", "console"}, string(block.Language(src))) {
			all = append(all, strings.Split(strings.TrimSpace(string(block.Lines().Value(src))), "\n")...)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// Each line of code in a document is a command that a test runs, a setting that there
// is, or what a command prints.
func TestDocs_everyLineOfCodeIsHeld(t *testing.T) {
	run, settings, unused := commandsShown(t), settingsTold(t), notRun()
	call := regexp.MustCompile(`^(?:\./|go run \./cmd/|docker run .* )(factor(?:bot|lab) .*)$`)
	printedLine := regexp.MustCompile(`^(ok  .*|(page|slack|okta|csv) URL http://127\.0\.0\.1:8025.*)$`) // TestDocs_commandsRun compares them
	n := 0
	for name, document := range documents(t) {
		for _, line := range linesOfCode(t, document) {
			n++
			called := call.FindStringSubmatch(line)
			variable, _, assigns := strings.Cut(line, "=")
			_, isSetting := settings[variable]
			_, isSecret := settings[strings.TrimSuffix(variable, "_FILE")]
			if called != nil && slices.Contains(run, called[1]) || assigns && (isSetting || isSecret) || printedLine.MatchString(line) {
				continue
			}
			if _, ok := notRun()[line]; !ok {
				t.Errorf("%s shows %q, which no test runs", name, line)
			}
			delete(unused, line)
		}
	}
	for line := range unused {
		t.Errorf("no document shows %q any more", line)
	}
	if n < 30 {
		t.Errorf("only %d lines were found", n)
	}
}

// Each call of go test in a document names packages and tests that there are, and flags
// that go test or the package takes.
func TestDocs_goTestCommands(t *testing.T) {
	t.Parallel()
	n := 0
	for name, document := range documents(t) {
		for _, m := range regexp.MustCompile("(?m)(?:`|^)[^`\n]*\\bgo test ([^`\n]+)(?:`|$)").FindAllStringSubmatch(document, -1) {
			n++
			args := strings.Fields(strings.ReplaceAll(m[1], "'", ""))
			var folders []string
			for i, arg := range args {
				if strings.HasPrefix(arg, "./") && arg != "./..." {
					folders = append(folders, arg)
				}
				if arg != "-run" && arg != "-fuzz" || args[i+1] == "^$" {
					continue
				}
				top, _, _ := strings.Cut(args[i+1], "/")
				if !slices.ContainsFunc(testsIn(t, folders), regexp.MustCompile(top).MatchString) {
					t.Errorf("%s shows go test %s, which runs no test", name, m[1])
				}
			}
			if slices.Contains(args, "-update") && !strings.Contains(mustText(t, folders), `"update"`) {
				t.Errorf("%s shows go test %s, and there is no such flag", name, m[1])
			}
		}
	}
	if n < 8 {
		t.Errorf("only %d commands were found", n)
	}
}

// mustText is the text of the tests in these folders.
func mustText(tb testing.TB, folders []string) string {
	tb.Helper()
	var all strings.Builder
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(repository, folder, "*_test.go"))
		if err != nil || len(files) == 0 {
			tb.Errorf("%s has no tests: %v", folder, err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			all.Write(b)
		}
	}
	return all.String()
}

// testsIn are the names of the tests in these folders.
func testsIn(tb testing.TB, folders []string) (names []string) {
	tb.Helper()
	for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(mustText(tb, folders), -1) {
		names = append(names, m[1])
	}
	return names
}

// follower is a machine on which somebody follows the documents: the program, the
// settings, a policy, and the sandbox in the place of Slack and Okta.
type follower struct {
	*sandboxRun
	dir string
	env []string
}

func mustFollow(t *testing.T) *follower {
	t.Helper()
	f := &follower{sandboxRun: mustSandbox(t, "--no-bot", "--users", "20", "--rate-limit", "6000"), dir: t.TempDir()}
	if err := os.Symlink(mustBuild(t), filepath.Join(f.dir, "factorbot")); err != nil {
		t.Fatal(err)
	}
	f.post("/sandbox/set", map[string]any{"slack_scopes": setup.ScopeNames()})
	db := filepath.Join(f.dir, "factorbot.db")
	f.env = append(os.Environ(), f.settings(db, "FACTORBOT_HTTP_ADDR="+freeAddress(t), "FACTORBOT_CONFIG="+mustConfig(t, ""))...)
	return f
}

// typed is a command as somebody types it here: a request that there is, and
// quick figures where the document's take a minute.
func typed(line string) string {
	line = strings.ReplaceAll(line, "FR-42", "FR-1")
	switch name := strings.Fields(line)[1]; {
	case name == "help":
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

// stays runs a command that works until somebody stops it, and waits for what it says
// when it is ready; stop returns all that it said.
func (f *follower) stays(t *testing.T, line, ready string) (stop func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd, out := f.shell(ctx, typed(line))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() string {
		cancel()
		if err := <-ended; err != nil && cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		return out.String()
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

// The commands of the laboratory run, beside each other: they wait for most of their time.
func TestDocs_labCommandsRun(t *testing.T) {
	t.Parallel()
	f := &follower{dir: t.TempDir(), env: os.Environ()}
	if out, err := exec.Command("go", "build", "-o", f.dir, "factorbot/cmd/factorlab").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	n := 0
	for _, line := range commandsShown(t) {
		if strings.HasPrefix(line, "factorlab ") {
			n++
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				f.ends(t, line)
			})
		}
	}
	if n < 3 {
		t.Errorf("only %d commands were found", n)
	}
}

// Whoever follows the documents can type each of their commands.
func TestDocs_commandsRun(t *testing.T) {
	t.Parallel() // it waits for most of its time
	f := mustFollow(t)
	left := slices.DeleteFunc(commandsShown(t), func(line string) bool { return strings.HasPrefix(line, "factorlab ") })
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
	if !slices.Contains(stay, "factorbot run") || !slices.Contains(stay, "factorbot sandbox") || len(running) < 4 || len(stopped) < 2 {
		t.Fatalf("the documents show %q, %q and %q", stay, running, stopped)
	}
	for _, line := range stay {
		if line != "factorbot run" {
			checkURLs(t, f.stays(t, line, "page URL")())
		}
	}
	stop := f.stays(t, "factorbot run", "the socket is open")
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

// checkURLs compares what the README shows of the sandbox with what it says; ports differ.
func checkURLs(t *testing.T, out string) {
	t.Helper()
	shown := regexp.MustCompile(`(?m)^[a-z]+ URL .*$`).FindAllString(mustDocument(t, "README.md"), -1)
	for _, line := range shown {
		if !strings.Contains(alike(out), alike(line)) {
			t.Errorf("README.md shows %q, the sandbox says\n%s", line, out)
		}
	}
	if len(shown) != 4 {
		t.Errorf("README.md shows only %q", shown)
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(out), "\n"), func(line string) bool {
		return strings.HasPrefix(line, "{") // of the log, on standard error, which is whole where that is no terminal
	})
	if len(lines) != 4 || !strings.HasPrefix(lines[3], "page URL ") {
		t.Errorf("the sandbox should print four lines, that of the page last, and printed\n%s", out)
	}
}

// checkShown compares what the documents show of the doctor with what it says; numbers may differ.
func checkShown(t *testing.T, out string) {
	t.Helper()
	n := 0
	for name, document := range documents(t) {
		for _, line := range regexp.MustCompile(`(?m)^ok  .*$`).FindAllString(document, -1) {
			n++
			if !strings.Contains(alike(out), alike(line)) {
				t.Errorf("%s shows %q, the doctor says\n%s", name, line, out)
			}
		}
	}
	if n < 3 {
		t.Errorf("only %d lines are shown", n)
	}
}

// checkColumns says that the page explains each column of a file.
func checkColumns(t *testing.T, file []byte) {
	t.Helper()
	header, err := csv.NewReader(bytes.NewReader(file)).Read()
	if err != nil {
		t.Fatal(err)
	}
	told := backticked(mustSection(t, "files", "## The files it posts"))
	for _, column := range header {
		if !slices.Contains(told, column) {
			t.Errorf("help files does not explain the column %s", column)
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
