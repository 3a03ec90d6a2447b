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

const backupHelp = `Make a backup in a new file, while the bot runs or not; or copy a record that
no bot has open from a file into etcd, or back.

Usage: factorbot backup FILE [--config FILE] [--db FILE]
       factorbot backup --to etcd://HOST:2379/PREFIX [--from FILE]
       factorbot backup --to FILE --from etcd://HOST:2379/PREFIX

`

// RunBackup makes one backup: by the running bot, or of the file where none runs. With --to
// it copies a record to where another bot can start on it.
func RunBackup(ctx context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("backup")
	settings := config.AddFlags(flags, "db")
	to := flags.String("to", "", "new `FILE`, or address in etcd, to which a record is copied")
	from := flags.String("from", "", "`FILE`, or address in etcd, from which it is copied; empty: FACTORBOT_DB")
	files, err := cli.ParseWords(flags, args, env.Stdout, backupHelp)
	if err != nil {
		return err
	}
	cfg, err := settings.Place(env.Vars)
	if err != nil {
		return err
	}
	switch {
	case len(files) > 1, *to != "" && len(files) > 0, *to == "" && *from != "":
		return cli.BadSetting("arguments", "name the new file, or copy with --to and --from")
	case *to != "":
		return copyTo(ctx, cfg, *from, *to, env.Stdout)
	case len(files) == 0 || files[0] == "":
		return cli.BadSetting("arguments", "factorbot backup needs the name of the new file")
	case cfg.InEtcd():
		return copyTo(ctx, cfg, "", files[0], env.Stdout)
	}
	n, err := backupTo(ctx, cfg, files[0])
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s: %d bytes\n", files[0], n)
	return err
}

// copyTo copies the record, and tells how much that was.
func copyTo(ctx context.Context, cfg *config.Config, from, to string, out io.Writer) error {
	if from == "" {
		from = cfg.DB
	}
	certificates, err := cfg.Etcd.TLS()
	if err != nil {
		return err
	}
	n, err := store.Copy(ctx, from, to, store.Etcd(certificates, cfg.Etcd.User, cfg.Etcd.Password.Reveal()))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %d pairs, and the audit trail holds\n", to, n)
	return err
}

// errNoBot says that no bot has the record open.
var errNoBot = errors.New("no bot is running")

func backupTo(ctx context.Context, cfg *config.Config, to string) (int64, error) {
	n, err := store.WriteBackup(to, func(w io.Writer) (int64, error) {
		n, running, err := fetch(ctx, cfg.ControlPath(), "/backup", w)
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
