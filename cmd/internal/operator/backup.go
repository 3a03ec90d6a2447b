package operator

import (
	"context"
	"errors"
	"fmt"
	"io"

	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/config"
	"factorbot/store"
)

// RunBackup makes one backup: by the running bot, or of the file where none runs.
func RunBackup(ctx context.Context, args []string, env cli.Env) error {
	to := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		to, args = args[0], args[1:]
	}
	flags := cli.NewFlags("backup")
	settings := config.AddFlags(flags, "db")
	if help, err := cli.ParsePrintFlags(flags, args, env.Stdout, "Make a backup in a new file, while the bot runs or not.\n\nUsage: factorbot backup FILE [--config FILE] [--db FILE]\n\n"); help || err != nil {
		return err
	}
	if to == "" {
		return cli.BadSetting("arguments", "factorbot backup needs the name of the new file")
	}
	cfg, err := settings.Place(env.Vars)
	if err != nil {
		return err
	}
	n, err := backupTo(ctx, cfg, to)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s: %d bytes\n", to, n)
	return err
}

// errNoBot says that no bot has the record open.
var errNoBot = errors.New("no bot is running")

func backupTo(ctx context.Context, cfg *config.Config, to string) (int64, error) {
	n, err := store.WriteBackup(to, func(w io.Writer) (int64, error) {
		n, running, err := fetchBackup(ctx, cfg.ControlPath(), w)
		if err == nil && !running {
			err = errNoBot
		}
		return n, err
	})
	if !errors.Is(err, errNoBot) {
		return n, err
	}
	file, err := openInspection(cfg)
	if err != nil {
		return 0, err
	}
	n, err = file.BackupFile(ctx, to)
	return n, errors.Join(err, file.Close())
}
