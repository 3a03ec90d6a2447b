package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/slackapi"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/metrics"
	"factorbot/store"
)

// A backup of the schedule is called factorbot-20260301T090000Z.db, so that names sort by time.
const (
	backupPrefix = "factorbot-"
	backupSuffix = ".db"
	backupTime   = "20060102T150405Z"
)

// backupRetry is how long after a failed backup the next one is tried, or sooner
// where more than that are wanted.
const backupRetry = 5 * time.Minute

// copier makes a backup in a new file and returns its size in bytes.
type copier interface {
	BackupFile(ctx context.Context, path string) (int64, error)
}

// backups makes backups of the record on a schedule, and removes the oldest.
type backups struct {
	record copier
	plan   config.Backup
	log    *slog.Logger
	now    func() time.Time
	broken func(context.Context, reset.Fact) error // told of a backup whose audit trail does not verify; nil: none is verified
	count  metrics.Backups
}

// Run makes a backup whenever the newest is old enough, until ctx ends.
func (b *backups) Run(ctx context.Context) error {
	for {
		wait, err := b.due()
		if err == nil && wait <= 0 {
			err = b.make(ctx)
			wait = b.plan.Every
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			wait = min(backupRetry, b.plan.Every)
			b.count.Failures.Inc()
			b.log.Error("the record cannot be backed up", "dir", b.plan.Dir, "err", err, "again_in", wait)
		}
		if slackapi.Pause(ctx, wait) != nil {
			return nil
		}
	}
}

// due returns how long it is until the next backup is wanted.
func (b *backups) due() (time.Duration, error) {
	if err := os.MkdirAll(b.plan.Dir, 0o700); err != nil {
		return 0, err
	}
	made, err := b.made()
	if err != nil || len(made) == 0 {
		return 0, err
	}
	newest := made[len(made)-1].at
	b.count.Last.Set(float64(newest.Unix()))
	return newest.Add(b.plan.Every).Sub(b.now()), nil
}

// make makes one backup, and then removes what is too old.
func (b *backups) make(ctx context.Context) error {
	now := b.now().UTC().Truncate(time.Second)
	path := filepath.Join(b.plan.Dir, backupPrefix+now.Format(backupTime)+backupSuffix)
	n, err := b.record.BackupFile(ctx, path)
	if err != nil {
		return err
	}
	b.count.Last.Set(float64(now.Unix()))
	b.count.Bytes.Set(float64(n))
	b.count.Made.Inc()
	b.log.Info("the record is backed up", "file", path, "bytes", n)
	if err := b.verify(ctx, path); err != nil && ctx.Err() == nil {
		b.log.Error("the audit trail in a backup cannot be verified", "file", path, "err", err)
	}
	return b.prune()
}

// verify computes the audit trail of a backup again, which nobody writes any more. A chain
// that does not hold is a fact, which the channel for alerts is told.
func (b *backups) verify(ctx context.Context, path string) error {
	if b.broken == nil {
		return nil
	}
	file, err := store.Inspect(path)
	if err != nil {
		return err
	}
	audit, err := file.Verify(ctx)
	err = errors.Join(err, file.Close())
	var damaged *store.DamagedError
	what, n := "", 0
	switch {
	case errors.As(err, &damaged):
		b.log.Error("a backup is damaged", "file", path, "err", err)
		what = "A value in the backup doesn't match its checksum."
	case err != nil || len(audit.Findings) == 0:
		return err
	default:
		what, n = audit.Findings[0].String(), len(audit.Findings)
		b.log.Error("the audit trail in a backup does not verify", "file", path, "what", what, "findings", n)
	}
	return b.broken(ctx, reset.ChainBroken(filepath.Base(path), what, n, b.now()))
}

// chainAlarm records that a chain did not verify.
func chainAlarm(term *store.Term) func(context.Context, reset.Fact) error {
	return func(ctx context.Context, f reset.Fact) error { return term.AppendOrgFacts(ctx, f) }
}

// prune removes the oldest backups, and what was left of any that were cut off.
func (b *backups) prune() error {
	made, err := b.made()
	if err != nil {
		return err
	}
	var errs []error
	for _, old := range made[:max(0, len(made)-b.plan.Keep)] {
		errs = append(errs, os.Remove(filepath.Join(b.plan.Dir, old.name)))
	}
	there, err := os.ReadDir(b.plan.Dir)
	errs = append(errs, err)
	for _, e := range there {
		rest, ours := strings.CutPrefix(e.Name(), backupPrefix)
		if !ours || !strings.Contains(rest, backupSuffix) || !strings.HasSuffix(rest, store.HalfBackup) {
			continue
		}
		if err := os.Remove(filepath.Join(b.plan.Dir, e.Name())); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove old backups: %w", err)
	}
	return nil
}

type backupName struct {
	name string
	at   time.Time
}

// made returns the schedule's backups that are there, the oldest first. Other files
// in the folder are nobody's business here.
func (b *backups) made() ([]backupName, error) {
	entries, err := os.ReadDir(b.plan.Dir)
	if err != nil {
		return nil, err
	}
	var made []backupName
	for _, e := range entries {
		stamp, ours := strings.CutPrefix(e.Name(), backupPrefix)
		stamp, whole := strings.CutSuffix(stamp, backupSuffix)
		at, err := time.Parse(backupTime, stamp)
		if ours && whole && err == nil && e.Type().IsRegular() {
			made = append(made, backupName{e.Name(), at})
		}
	}
	slices.SortFunc(made, func(a, b backupName) int { return a.at.Compare(b.at) })
	return made, nil
}
