package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		app.BoundMemory(false)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	reload, ignore := app.ReloadSignal()
	code := run(ctx, os.Args[1:], cli.Env{Vars: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Reload: reload})
	ignore()
	stop()
	os.Exit(code)
}
