package main

import (
	"context"
	"fmt"

	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/doctor"
	"factorbot/cmd/internal/help"
	"factorbot/cmd/internal/operator"
	"factorbot/cmd/internal/sandbox"
	"factorbot/cmd/internal/setup"
)

// run is the whole program. It returns the exit code: 0, 1 for a failure that may
// pass, 2 for a setting or an argument that somebody has to change.
func run(ctx context.Context, args []string, env cli.Env) int {
	return program().Run(ctx, args, env)
}

func program() *cli.Program {
	return &cli.Program{
		Name:   "factorbot",
		About:  "resets Okta MFA factors in bulk: asked for in Slack, approved by a second person, done at the pace that the org allows.",
		Start:  "Start with factorbot sandbox; each subcommand explains itself with --help.",
		Topics: help.Topics(),
		Commands: []cli.Command{
			{Name: "sandbox", About: "try it: a simulated Slack workspace and Okta org, and a page", Run: sandbox.Run},
			{Name: "run", About: "run the bot in a workspace and an org", Run: runBot},
			{Name: "doctor", About: "check an installation, and say how to mend it", Run: doctor.Run},
			{Name: "health", About: "ask a running bot how it is", Run: operator.RunHealth},
			{Name: "manifest", About: "print the manifest of the Slack app, or files to deploy with", Run: setup.RunManifest},
			{Name: "okta-role", About: "print what the bot's identity in Okta needs", Run: setup.RunOktaRole},
			{Name: "audit", About: "verify or export the audit trail", Run: operator.RunAudit},
			{Name: "requests", About: "look at requests when Slack is down", Run: operator.RunRequests},
			{Name: "backup", About: "make a backup of the record, while the bot runs or not", Run: operator.RunBackup},
			{Name: "version", About: "print version and commit", Run: runVersion},
		},
	}
}

func runBot(ctx context.Context, args []string, env cli.Env) error {
	return app.RunCommand(ctx, args, env, nil)
}

func runVersion(_ context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("version")
	if err := cli.Parse(flags, args, env.Stdout, "Print version and commit.\n\nUsage: factorbot version\n"); err != nil {
		return err
	}
	_, err := fmt.Fprintln(env.Stdout, cli.ThisBuild())
	return err
}
