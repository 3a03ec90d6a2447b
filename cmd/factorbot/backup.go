package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/pflag"

	"factorbot/cmd/internal/cli"
	"factorbot/store"
)

// dbFlag is the flag of subcommands that read the record; its default is the setting.
func dbFlag(flags *pflag.FlagSet, env cli.Env) *string {
	db := cli.Lookup(env.Vars, "FACTORBOT_DB")
	if db == "" {
		db = "factorbot.db"
	}
	return flags.String("db", db, "`FILE` of the record, or a backup (or FACTORBOT_DB)")
}

// runBackup makes one backup: by the running bot, or of the file where none runs.
func runBackup(ctx context.Context, args []string, env cli.Env) error {
	to := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		to, args = args[0], args[1:]
	}
	flags := cli.NewFlags("backup")
	db := dbFlag(flags, env)
	if help, err := cli.ParsePrintFlags(flags, args, env.Stdout, "Make a backup in a new file, while the bot runs or not.\n\nUsage: factorbot backup FILE [--db FILE]\n\n"); help || err != nil {
		return err
	}
	if to == "" {
		return cli.BadSetting("arguments", "factorbot backup needs the name of the new file")
	}
	n, err := backupTo(ctx, *db, to)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s: %d bytes\n", to, n)
	return err
}

func backupTo(ctx context.Context, db, to string) (int64, error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return 0, errors.Join(fmt.Errorf("%s: %w", to, fs.ErrExist), err)
	}
	half := to + store.HalfBackup
	f, err := os.OpenFile(half, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("make a backup: %w", err)
	}
	n, running, err := fetchBackup(ctx, db, f)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil && running {
		err = os.Rename(half, to)
	}
	if err != nil || !running {
		err = errors.Join(err, os.Remove(half))
	}
	if err != nil || running {
		return n, err
	}
	file, err := store.Inspect(db)
	if err != nil {
		return 0, err
	}
	n, err = file.BackupFile(ctx, to)
	return n, errors.Join(err, file.Close())
}
