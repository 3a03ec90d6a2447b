package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // people name times in their own zones, and a container may have none

	"factorbot/cmd/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	reload, ignore := reloadSignal()
	boundMemory(os.Args[1:])
	code := run(ctx, os.Args[1:], cli.Env{Vars: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Reload: reload})
	ignore()
	stop()
	os.Exit(code)
}
