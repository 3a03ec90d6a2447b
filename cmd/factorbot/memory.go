package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"slices"
)

const (
	// usualMemory is how much the Go heap aims at, in bytes: with the database's
	// pages and the program's own, a request of 100,000 users stays under 128 MB.
	// It is no bound: what is needed beyond is taken, at the cost of more collecting.
	usualMemory = 72 << 20
	// usualGrowth is by how many percent the heap grows between two collections: most
	// of the time the bot holds a few megabytes, and would collect them many times a second.
	usualGrowth = 165
)

// boundMemory sets that aim for the bot, unless the deployer has set GOMEMLIMIT
// or GOGC. The simulators, which live with the bot in other subcommands, need more.
func boundMemory(args []string) {
	if !slices.Equal(args[:min(1, len(args))], []string{"run"}) && !slices.Equal(args[:min(2, len(args))], []string{"bench", "bot"}) {
		return
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(usualMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(usualGrowth)
	}
	if profiled := args[0] == "bench" && len(args) > 2 && args[2] != ""; !profiled {
		runtime.MemProfileRate = 0 // its samples would cost a megabyte and a hundredth of the time
	}
}
