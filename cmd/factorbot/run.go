package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"factorbot/cmd/internal/cli"

	"github.com/spf13/pflag"
)

// subcommand is one thing that the program does.
type subcommand struct {
	name  string
	about string
	run   func(ctx context.Context, args []string, env cli.Env) error
}

func subcommands() []subcommand {
	return []subcommand{
		{"sandbox", "try it: a simulated Slack workspace and Okta org, and a page", runSandbox},
		{"run", "run the bot in a workspace and an org", runBot},
		{"doctor", "check an installation, and say how to mend it", runDoctor},
		{"health", "ask a running bot how it is", runHealth},
		{"manifest", "print the manifest of the Slack app", runManifest},
		{"okta-role", "print what the bot's identity in Okta needs", runOktaRole},
		{"audit", "verify or export the audit trail", runAudit},
		{"requests", "look at requests when Slack is down", runRequests},
		{"backup", "make a backup of the record, while the bot runs or not", runBackup},
		{"bench", "measure it: the bot beside a loop over the Okta SDK", runBench},
		{"drill", "prove it: kill the bot again and again, and see that nothing is lost", runDrill},
		{"version", "print version and commit", runVersion},
	}
}

// run is the whole program. It returns the exit code: 0, 1 for a failure, 2 for
// a setting or an argument that is missing or malformed.
func run(ctx context.Context, args []string, env cli.Env) int {
	err := dispatch(ctx, args, env)
	var setting *cli.SettingError
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return 0
	case errors.As(err, &setting):
		cli.Complain(env, err)
		return cli.ExitSetting
	}
	cli.Complain(env, err)
	return 1
}

func dispatch(ctx context.Context, args []string, env cli.Env) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		return usage(env.Stdout)
	}
	for _, c := range subcommands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], env)
		}
	}
	return cli.BadSetting(args[0], "is not a subcommand: see factorbot help")
}

func usage(w io.Writer) error {
	var b strings.Builder
	b.WriteString("factorbot resets Okta MFA factors in bulk: asked for in Slack, approved by a second person, done at the pace that the org allows.\n\nUsage: factorbot SUBCOMMAND [flags]\n\n")
	for _, c := range subcommands() {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.about)
	}
	b.WriteString("\nStart with factorbot sandbox; each subcommand explains itself with --help.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
