package app

import (
	"context"
	"io"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
)

// RunCommand is "factorbot run": it runs the bot in a workspace and an org until it is
// told to stop. tune may set more of the options; nil: nobody does.
func RunCommand(ctx context.Context, args []string, env cli.Env, tune func(*Options)) error {
	cfg, err := config.Load(args, env.Vars, env.Stdout)
	if err != nil {
		return err
	}
	opt := Options{
		Log: cli.NewLogger(env.Stderr), Reload: env.Reload,
		Load: func() (*config.Config, error) { return config.Load(args, env.Vars, io.Discard) },
	}
	if tune != nil {
		tune(&opt)
	}
	return Run(ctx, cfg, opt)
}
