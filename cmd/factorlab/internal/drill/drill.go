package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/cli"
)

// drillConfig is what "factorlab drill" can be told.
type drillConfig struct {
	Users    int     `json:"users"` // of each round of requests
	Kills    int     `json:"kills"`
	Seed     uint64  `json:"seed"`
	Faults   float64 `json:"faults"`
	Full     bool    `json:"full"`
	Restores int     `json:"restores"`
	Etcd     bool    `json:"etcd"`
	Rounds   int     `json:"rounds"` // of a drill with etcd
	TTL      int     `json:"ttl"`    // of the lease, in seconds
	Clocks   bool    `json:"clocks"` // with etcd: each bot has a clock of its own
	Server   string  `json:"-"`      // the program that is one member of etcd; "": it is built
	JSON     bool    `json:"-"`
	Keep     string  `json:"-"` // directory for the database and the bot's log, "" for a temporary one
}

const drillHead = `Kill the bot again and again, and see that nothing is lost and nothing is done
twice. The bot runs as a process of its own against a simulated Slack workspace
and a simulated Okta org whose calls go wrong; nothing real is touched. People
ask in rounds of three requests that share users and run at once; of those who
are reset a third enrol again within seconds, and must keep what they enrolled. Some
resets are done by half, users are deleted, methods of Slack fail one at a time, commits
are slow, the clocks of Okta and of the bot are set by minutes, and backups are put back.
What happened is read from the books of the simulators, not from the bot.

The exit code is 1 if a user was forgotten, reset too often or against the
policy, or if a message or a file is missing or there twice.

Usage: factorlab drill [flags]

`

// drillFlags reads the arguments of "factorlab drill". It returns a
// *SettingError, or pflag.ErrHelp after it has written the help to out.
func drillFlags(args []string, out io.Writer) (*drillConfig, error) {
	c := &drillConfig{}
	f := cli.NewFlags("drill")
	f.IntVar(&c.Users, "users", 300, "`NUMBER` of users that each round of requests names")
	f.IntVar(&c.Kills, "kills", 60, "`NUMBER` of times that the bot is killed")
	f.Uint64Var(&c.Seed, "seed", 1, "`NUMBER` from which users, faults and moments are drawn")
	f.Float64Var(&c.Faults, "faults", 0.03, "`SHARE` of the calls to Okta that go wrong, 0 to 0.2; a third as many of those to Slack")
	f.IntVar(&c.Restores, "restores", 1, "`NUMBER` of backups that are put back, amid waves or while a request is paused")
	f.BoolVar(&c.Full, "full", false, "at least 400 kills, twice as many faults, and 12 backups that are put back")
	f.BoolVar(&c.JSON, "json", false, "print the figures as JSON")
	f.StringVar(&c.Keep, "keep", "", "`DIRECTORY` in which database and log of the bot stay; empty: a temporary one")
	f.BoolVar(&c.Etcd, "etcd", false, "two bots on three members of etcd, of which one or two are killed, stopped or cut off in each round")
	f.IntVar(&c.Rounds, "rounds", 12, "`NUMBER` of rounds with --etcd; 60 with --full, and a lease of 10 seconds")
	f.IntVar(&c.TTL, "ttl", 2, "`SECONDS` that the lease of the bot that leads lasts, with --etcd")
	f.BoolVar(&c.Clocks, "clocks", false, "with --etcd, clocks of the bots that differ by minutes; so with --full")
	f.StringVar(&c.Server, "etcd-server", "", "`PROGRAM` that is one member of etcd; empty: it is built from .ci/etcd")
	if err := cli.Parse(f, args, out, drillHead); err != nil {
		return nil, err
	}
	if c.Full && c.Etcd {
		c.Rounds, c.TTL, c.Clocks = max(c.Rounds, 60), max(c.TTL, 10), true
	} else if c.Full {
		c.Kills, c.Faults, c.Restores = max(c.Kills, 400), max(c.Faults, 0.06), max(c.Restores, 12)
	}
	switch {
	case c.Users < 40 || c.Users > 5000:
		return nil, cli.BadSetting("--users", "must be from 40 to 5000")
	case c.Rounds < 1 || c.Rounds > 10_000:
		return nil, cli.BadSetting("--rounds", "must be from 1 to 10000")
	case c.TTL < 2 || c.TTL > 60:
		return nil, cli.BadSetting("--ttl", "must be from 2 to 60")
	case c.Kills < 1 || c.Kills > 100_000:
		return nil, cli.BadSetting("--kills", "must be from 1 to 100000")
	case c.Restores < 0 || c.Restores > 1000:
		return nil, cli.BadSetting("--restores", "must be from 0 to 1000")
	case !(c.Faults >= 0 && c.Faults <= 0.2): // NaN too
		return nil, cli.BadSetting("--faults", "must be from 0 to 0.2: with more a request pauses for a person again and again")
	}
	return c, nil
}

// Run kills the bot again and again and judges what came of it.
func Run(ctx context.Context, args []string, env cli.Env) (err error) {
	if len(args) > 0 && args[0] == "bot" { // started by a drill only
		return app.RunCommand(process.WhileFed(ctx, os.Stdin), args[1:], env, func(o *app.Options) {
			o.Wrap, o.LeaseTTL = newFailpoints().wrap, leaseTTL()
		})
	}
	c, err := drillFlags(args, env.Stdout)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(c.Keep) // the bot runs in it
	if err != nil {
		return err
	}
	if c.Keep == "" {
		if dir, err = os.MkdirTemp("", "factorbot-drill-"); err != nil {
			return fmt.Errorf("make a place for the drill: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return cli.BadSetting("--keep", "cannot be made: "+err.Error())
	}
	progress := &process.Progress{Out: env.Stderr, Name: "drill"}
	d, err := newDrill(ctx, c, dir, progress.Show)
	if err != nil {
		return err
	}
	run := d.run
	if c.Etcd {
		run = d.runSeveral
	}
	figures, err := run(ctx)
	progress.Clear()
	if err = errors.Join(err, d.close()); err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(env.Stdout).Encode(figures)
	} else {
		err = figures.print(env.Stdout)
	}
	if err == nil && len(figures.Wrong) > 0 {
		err = fmt.Errorf("%d things are wrong", len(figures.Wrong))
	}
	return err
}
