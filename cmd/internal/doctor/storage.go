package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"factorbot/cmd/internal/config"
	"factorbot/store"
)

const (
	diskWarn = 1 << 30   // bytes free; a request of 100,000 targets takes about 60 MB
	diskFail = 100 << 20 // bytes free
)

// checkPlace looks at the database as it lies there, whether or not a bot has it open.
func checkPlace(cfg *config.Config) []Finding {
	if cfg.InEtcd() {
		return []Finding{checkInEtcd(cfg)}
	}
	found := []Finding{checkDatabase(cfg), checkDisk(filepath.Dir(cfg.DB))}
	if dir := cfg.Policy.Backup.Dir; dir != "" {
		found = append(found, checkFolder("backup.dir", dir), checkDisk(dir))
	}
	return found
}

func checkDatabase(cfg *config.Config) Finding {
	const check = "FACTORBOT_DB"
	info, err := os.Stat(cfg.DB)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return checkFolder(check, filepath.Dir(cfg.DB))
	case err != nil:
		return fatal(check, config.FileProblem(err), "check the path and who may read there")
	case info.Mode().Perm()&0o077 != 0:
		return warn(check, fmt.Sprintf("others may open it (mode %04o)", info.Mode().Perm()), "chmod 600: it holds names and reasons")
	}
	file, err := store.Inspect(cfg.DB)
	if held, ok := errors.AsType[*store.HeldError](err); ok {
		return good(check, fmt.Sprintf("process %d works with it", held.PID))
	}
	const restore = "put it aside and a backup in its place: see factorbot help backup"
	if err != nil {
		return fatal(check, err.Error(), restore)
	}
	ours, damage := file.IsOf(cfg.Okta.OrgURL), file.Damage
	switch err := file.Close(); {
	case damage != nil:
		return fatal(check, damage.Error(), restore)
	case !ours:
		return fatal(check, "is the record of "+file.Org(), "use another file for each org")
	case err != nil:
		return failed(check, err.Error(), "check the disk")
	}
	return good(check, fmt.Sprintf("sound, %d KiB, of this org", info.Size()>>10))
}

// checkInEtcd looks at a record in etcd, and tells who leads.
func checkInEtcd(cfg *config.Config) Finding {
	const check = "FACTORBOT_DB"
	ctx, cancel := context.WithTimeout(context.Background(), doctorTime/2)
	defer cancel()
	certificates, err := cfg.Etcd.TLS()
	if err != nil {
		return fatal(check, err.Error(), "correct that file")
	}
	file, err := store.Inspect(cfg.DB, store.Etcd(certificates, cfg.Etcd.User, cfg.Etcd.Password.Reveal()))
	if errors.Is(err, store.ErrNoRecord) {
		return good(check, "etcd answers; there is no record yet")
	}
	if err != nil {
		return failed(check, err.Error(), "see that etcd runs, that a majority of its members does, and that the user may write under the prefix")
	}
	leader, err := file.Leader(ctx)
	ours := file.IsOf(cfg.Okta.OrgURL)
	switch err := errors.Join(err, file.Close()); {
	case err != nil:
		return failed(check, err.Error(), "see that a majority of etcd's members runs")
	case !ours:
		return fatal(check, "is the record of "+file.Org(), "use another prefix for each org")
	case !leader.Now:
		return good(check, "in etcd, of this org; nobody leads")
	}
	return good(check, "in etcd, of this org; "+leader.By+" leads")
}

// checkFolder tries to make a file in a folder.
func checkFolder(check, dir string) Finding {
	f, err := os.CreateTemp(dir, ".factorbot-doctor-")
	if err != nil {
		return fatal(check, "nothing can be written to its folder: it "+config.FileProblem(err), "make the folder, and let the bot's user write there")
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return failed(check, "its folder: "+config.FileProblem(err), "check the disk")
	}
	return good(check, "can be made in its folder")
}

// checkStarted is what is looked at of a database that this process has open.
func checkStarted(cfg *config.Config) []Finding {
	if cfg.InEtcd() {
		return nil
	}
	return []Finding{checkDisk(filepath.Dir(cfg.DB))}
}

func checkDisk(dir string) Finding {
	check := "disk of " + dir
	free, err := diskFree(dir)
	const mend = "make room: without it the bot can record nothing, and stops"
	switch {
	case err != nil:
		return unknown(check, "how full it is cannot be told: "+err.Error(), "look at it yourself")
	case free < diskFail:
		return failed(check, fmt.Sprintf("%d MiB free", free>>20), mend)
	case free < diskWarn:
		return warn(check, fmt.Sprintf("%d MiB free", free>>20), mend)
	}
	return good(check, fmt.Sprintf("%d GiB free", free>>30))
}

// checkWebhookSetting tells of the webhook in an installation whose settings are well formed; nothing is sent there.
func checkWebhookSetting(p *config.Policy) []Finding {
	if p.Alerts.Webhook == "" {
		return nil
	}
	u, problem := config.ParseWebhook(p.Alerts.Webhook)
	if problem != "" {
		return []Finding{failed("alerts.webhook", problem, "correct alerts.webhook")}
	}
	return []Finding{good("alerts.webhook", "posts to "+u.Scheme+"://"+u.Host+", signed with FACTORBOT_WEBHOOK_SECRET")}
}
