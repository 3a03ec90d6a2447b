// Command factorlab is the laboratory: what measures the bot and proves that it loses
// nothing. It is not shipped.
//
//	factorlab bench   measures the bot beside a loop over the Okta SDK
//	factorlab drill   kills the bot again and again, and judges by the simulators' books
//
// Both start this program again, as the bot, with something between the bot and its
// record or profiles of it; nothing of that is in factorbot.
package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"factorbot/cmd/factorlab/internal/bench"
	"factorbot/cmd/factorlab/internal/drill"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
)

func main() {
	if len(os.Args) > 2 && slices.Equal(os.Args[1:3], []string{"bench", "bot"}) {
		app.BoundMemory(len(os.Args) > 3 && os.Args[3] != "")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := program().Run(ctx, os.Args[1:], cli.Env{Vars: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr})
	stop()
	os.Exit(code)
}

func program() *cli.Program {
	return &cli.Program{
		Name:  "factorlab",
		About: "measures factorbot, and proves that a crash loses nothing.",
		Start: "Each subcommand explains itself with --help.",
		Commands: []cli.Command{
			{Name: "bench", About: "measure it: the bot beside a loop over the Okta SDK", Run: bench.Run},
			{Name: "drill", About: "prove it: kill the bot again and again, and see that nothing is lost", Run: drill.Run},
		},
	}
}
