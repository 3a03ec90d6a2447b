package app

import (
	"context"
	"io"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
)

// RunCommand is "factorbot run": it runs the bot in a workspace and an org until it is
// told to stop. wrap is as in Options.
func RunCommand(ctx context.Context, args []string, env cli.Env, wrap func(Record, Okta) (Record, Okta)) error {
	cfg, err := config.Load(args, env.Vars, env.Stdout)
	if err != nil {
		return err
	}
	return Run(ctx, cfg, Options{
		Log: cli.NewLogger(env.Stderr), Reload: env.Reload, Wrap: wrap,
		Load: func() (*config.Config, error) { return config.Load(args, env.Vars, io.Discard) },
	})
}
