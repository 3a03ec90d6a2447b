package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"factorbot/cmd/factorlab/internal/process"
	"factorbot/cmd/internal/cli"
)

const benchHead = `Measure the bot against a simulated Okta, beside the loop over Okta's SDK that
one would write otherwise. Bot and loop run as processes of their own on this
machine; the roster is uploaded and approved in a simulated workspace, and what
happened is read from the org's books.

A row below is a set of settings and what must come of it; the exit code is 1
if a target is missed. Without --row or --all the flags are measured alone.

Usage: factorlab bench [flags]

  factorlab bench --users 300 --window 1s      a first look, 3 seconds
  factorlab bench --row full-limit             one row of the table
  factorlab bench --all --json > rows.json     the whole table, half an hour

Time of the resets: from the first to the last that took effect. Ideal: every
call that the limit leaves to the bot is a reset. Calls per user: in the bucket
that resets draw on, the plan's and the 429s too. Peak RSS: as the kernel has
it (VmHWM). CPU: of the whole process, per user.

`

// benchTail is the end of the help: the rows.
func benchTail() string {
	tail := "\nRows:\n"
	for _, r := range benchRows() {
		tail += fmt.Sprintf("  %-11s %s\n", r.name, r.about)
	}
	return tail
}

// Run compares the bot with a loop over Okta's SDK.
func Run(ctx context.Context, args []string, env cli.Env) error {
	if ok, err := benchPart(ctx, args, env); ok {
		return err
	}
	c, err := parseBench(args, env.Stdout)
	if err != nil {
		return err
	}
	if c.Profile != "" {
		if err := os.MkdirAll(c.Profile, 0o755); err != nil {
			return cli.BadSetting("--profile", "cannot be made: "+err.Error())
		}
	}
	targets, missed := 0, 0
	for _, row := range c.rows() {
		for _, variant := range row.variants {
			s, err := row.settings(c, variant)
			if err != nil {
				return err
			}
			r, err := c.measure(ctx, env, &row, s)
			if err != nil {
				return err
			}
			targets, missed = targets+len(r.Targets), missed+r.missed()
		}
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d targets missed", missed, targets)
	}
	return nil
}

// rows are those asked for; without one, the flags alone, held to nothing.
func (c *benchConfig) rows() []benchRow {
	switch {
	case c.All:
		return benchRows()
	case c.Row != "":
		return []benchRow{*benchRowNamed(c.Row)}
	}
	return []benchRow{{variants: [][]string{nil}}}
}

// measure makes one comparison in a directory of its own and prints it.
func (c *benchConfig) measure(ctx context.Context, env cli.Env, row *benchRow, s benchSettings) (r *benchResult, err error) {
	dir, err := os.MkdirTemp("", "factorbot-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a place for the comparison: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	progress := &process.Progress{Out: env.Stderr, Name: row.name}
	cmp := &comparison{benchSettings: s, dir: dir, db: filepath.Join(dir, "factorbot.db"), tell: progress.Show, server: c.Server}
	if c.Profile != "" {
		if cmp.profile, err = filepath.Abs(c.Profile); err != nil {
			return nil, err
		}
	}
	r, err = cmp.run(ctx)
	progress.Clear()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.describe(), err)
	}
	r.Row, r.About, r.What, r.Ideal = row.name, row.about, s.describe(), s.ideal().Seconds()
	if row.judge != nil {
		r.Targets = row.judge(s, r)
	}
	if c.JSON {
		err = json.NewEncoder(env.Stdout).Encode(r)
	} else {
		err = r.print(env.Stdout)
	}
	return r, err
}
