package main

import (
	"context"
	"fmt"

	"factorbot/cmd/internal/cli"
)

func runVersion(_ context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("version")
	if help, err := cli.ParsePrintFlags(flags, args, env.Stdout, "Print version and commit.\n\nUsage: factorbot version\n"); help || err != nil {
		return err
	}
	_, err := fmt.Fprintln(env.Stdout, cli.ThisBuild())
	return err
}
