package operator

import (
	"context"
	"errors"
	"fmt"
	"io"

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

// RunBackup makes one backup: by the running bot, or of the file where none runs.
func RunBackup(ctx context.Context, args []string, env cli.Env) error {
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

// errNoBot says that no bot has the record open.
var errNoBot = errors.New("no bot is running")

func backupTo(ctx context.Context, db, to string) (int64, error) {
	n, err := store.WriteBackup(to, func(w io.Writer) (int64, error) {
		n, running, err := fetchBackup(ctx, db, w)
		if err == nil && !running {
			err = errNoBot
		}
		return n, err
	})
	if !errors.Is(err, errNoBot) {
		return n, err
	}
	file, err := store.Inspect(db)
	if err != nil {
		return 0, err
	}
	n, err = file.BackupFile(ctx, to)
	return n, errors.Join(err, file.Close())
}
