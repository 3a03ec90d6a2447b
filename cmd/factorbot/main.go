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
	if len(os.Args) > 1 && os.Args[1] == "run" { // other subcommands end with their terminal
		app.BoundMemory(false)
		reload := make(chan os.Signal, 1) // signals that come while one waits are one
		signal.Notify(reload, syscall.SIGHUP)
		env.Reload = reload
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], env)
	stop()
	os.Exit(code)
}
