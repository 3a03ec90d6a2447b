package main

import (
	"os"
	"runtime/debug"
)

// usualMemory is how much the Go heap aims at, in bytes: with the database's
// pages and the program's own, a request of 100,000 users stays under 128 MB.
// It is no bound: what is needed beyond is taken, at the cost of more collecting.
const usualMemory = 72 << 20

// boundMemory sets that aim for the bot, unless the deployer has set GOMEMLIMIT.
// The simulators, which live with the bot in other subcommands, need more.
func boundMemory(args []string) {
	if len(args) > 0 && args[0] == "run" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(usualMemory)
	}
}
