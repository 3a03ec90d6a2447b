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
	env := cli.Env{Vars: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr}
	ignore := func() {}
	if len(os.Args) > 1 && os.Args[1] == "run" { // other subcommands end with their terminal
		app.BoundMemory(false)
		env.Reload, ignore = app.ReloadSignal()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], env)
	ignore()
	stop()
	os.Exit(code)
}
