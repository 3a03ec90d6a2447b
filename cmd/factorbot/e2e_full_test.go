package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"factorbot/cmd/internal/cli"
)

// fullEnv makes this test's binary play a bot whose disk is full from SIGUSR1 on, and has
// room again from SIGUSR2 on. A limit on the size of files answers writes as a full disk does.
const fullEnv = "FACTORBOT_TEST_FULL"

func playFullDisk() int {
	signal.Ignore(syscall.SIGXFSZ)
	full := make(chan os.Signal, 2)
	signal.Notify(full, syscall.SIGUSR1, syscall.SIGUSR2)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() { // as long as the process
		for s := range full {
			now := limit
			if s == syscall.SIGUSR1 {
				now.Cur = 8192 // bbolt's two meta pages
			}
			fmt.Fprintln(os.Stderr, "disk full:", s == syscall.SIGUSR1, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now))
		}
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return run(ctx, []string{"run"}, cli.Env{Vars: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr})
}

// The disk is full in the middle of a run: nobody more is reset, a command is not
// acknowledged, and with room again all goes on by itself and nobody is reset twice.
func TestRun_diskFull(t *testing.T) {
	t.Parallel()
	s := mustSandbox(t, "--no-bot", "--users", "150", "--rate-limit", "6000", "--latency", "50ms")
	db := filepath.Join(t.TempDir(), "factorbot.db")
	config := mustConfig(t, "large_batch: {over: 1000}\nokta: {settle_after: 1s, log_lag: 5s}\n")
	logs := &buffer{}
	cmd := exec.Command(must(os.Executable()), "-test.run=^$")
	cmd.Env = append(s.settings(db), fullEnv+"=1", "FACTORBOT_CONFIG="+config)
	cmd.Stderr = logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("log of the bot:\n%s", tail(logs.String(), 5000))
		}
	})
	signalled := func(sig os.Signal, says string) {
		t.Helper()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		s.await(says, func() bool { return strings.Contains(logs.String(), says) })
	}
	s.await("the bot to listen", func() bool { return strings.Contains(logs.String(), "the socket is open") })
	s.upload("U_REQUESTER", "lost phones", "all.csv", s.get("/sample.csv"))
	s.click("U_APPROVER1", s.awaitPending(1), "approve")
	s.await("some resets", func() bool { return s.reset() > 20 })
	signalled(syscall.SIGUSR1, "disk full: true <nil>")
	s.await("the request to be held up", func() bool { return strings.Contains(logs.String(), "request is held up") })
	held := s.reset()
	if answer := s.command("U_REQUESTER", "ana@example.com because a lost phone"); fmt.Sprint(answer["ephemeral"]) != "[]" && answer["ok"] == true {
		t.Errorf("acknowledged what was not recorded: %v", answer)
	}
	if more := s.reset(); more > held {
		t.Errorf("%d were reset while nothing could be recorded", more-held)
	}
	signalled(syscall.SIGUSR2, "disk full: false <nil>")
	byOutcome, byReason, rows := outcomes(t, s.awaitResults(1))
	if byOutcome["failed"]+byOutcome["not_run"] != 0 || byOutcome["reset"] <= held {
		t.Errorf("%v %v, %d before", byOutcome, byReason, held)
	}
	for _, u := range s.okta().Okta.Users {
		if u.Resets > 1 {
			t.Errorf("%s was reset %d times", u.Login, u.Resets)
		}
	}
	t.Logf("figures: disk full: %d of %d rows reset before, %d in doubt and settled, 0 reset twice", held, len(rows), byReason["settled_after_restart"])
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
