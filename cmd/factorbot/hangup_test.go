package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// SIGHUP reloads in run alone: another subcommand ends with its terminal, as any
// program does, and is not left behind without one.
func TestReload_signal_ends_other_subcommands(t *testing.T) {
	t.Parallel()
	binary := mustBuild(t)
	caught := make(chan os.Signal, 1) // where SIGHUP is ignored, the program would inherit that
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	cmd := exec.Command(binary, "sandbox", "--no-bot", "--users", "10", "--addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	logs := &buffer{}
	cmd.Stderr = logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer guard.Stop()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	mustPrinted(t, out, "page URL ", logs)
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		t.Fatalf("it ended with %v:\n%s", err, logs)
	}
	if status := ended.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGHUP {
		t.Errorf("it ended with %v, not by the signal:\n%s", err, logs)
	}
}
