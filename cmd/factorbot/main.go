package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // people name times in their own zones, and a container may have none
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	reload, ignore := reloadSignal()
	boundMemory(os.Args[1:])
	code := run(ctx, os.Args[1:], environment{vars: os.Environ(), stdout: os.Stdout, stderr: os.Stderr, reload: reload})
	ignore()
	stop()
	os.Exit(code)
}
