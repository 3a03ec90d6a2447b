package app

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	// usualMemory is how much the Go heap aims at, in bytes: with the database's
	// pages and the program's own, a request of 100,000 users stays under 128 MB.
	// It is no bound: what is needed beyond is taken, at the cost of more collecting.
	usualMemory = 72 << 20
	// usualGrowth is by how many percent the heap grows between two collections: with
	// more, a request of 10,000 users would need over 64 MB, a third of it the program's
	// own pages; with less, calls would cost more.
	usualGrowth = 70
)

// BoundMemory sets that aim for a program that runs the bot alone, unless the deployer
// has set GOMEMLIMIT or GOGC. The simulators, which live with the bot in the sandbox,
// need more. It has to be called before anything else where profiled is false: samples
// of the heap would cost a megabyte and a hundredth of the time.
func BoundMemory(profiled bool) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(usualMemory)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(usualGrowth)
	}
	if !profiled {
		runtime.MemProfileRate = 0
	}
}
