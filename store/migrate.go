package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// migration brings a record from one schema version to the next. A crash may leave it
// half done, so what it does may be done again.
type migration struct {
	about string // for the log and for errors: "give each log a chain"
	do    func(ctx context.Context, s *Store) error
}

// migrations are in order: the one at i leads from version i+1 to i+2.
func migrations() []migration {
	return []migration{
		{"give each log a chain", chainLogs},
		{"leave the claims to the logs", dropClaims},
	}
}

// upgrade is what the record remembers of its migration until that is done.
type upgrade struct {
	Backup string `json:"backup"` // name of the file, beside the record, from before the first step
}

// migrate brings the record from a version to the one that the steps end with, and writes
// the version down after each. First it makes a backup beside the file.
func (s *Store) migrate(ctx context.Context, path string, from int, steps []migration) error {
	if from-1 >= len(steps) {
		return nil
	}
	before, err := s.backupBefore(ctx, path, from)
	fail := func(version int, err error) error {
		return &MigrationError{Path: path, From: version, Backup: before, Cause: err}
	}
	if err != nil {
		return fail(from, fmt.Errorf("back it up first: %w", err))
	}
	for version := from; version-1 < len(steps); version++ {
		step := steps[version-1]
		if err := step.do(ctx, s); err != nil {
			return fail(version, fmt.Errorf("%s: %w", step.about, err))
		}
		sign, err := json.Marshal(meta{Schema: version + 1, Org: s.org})
		if err != nil {
			return fail(version, err)
		}
		ops := []op{put(metaKey, sign)}
		if version == len(steps) {
			ops = append(ops, remove(upgradeKey))
		}
		if _, err = s.engine.commit(ctx, nil, ops...); err != nil {
			return fail(version, err)
		}
	}
	return nil
}

// backupBefore returns the name of a backup from before the first step of a migration. It
// makes one, unless an earlier try of the same migration has: the record itself says so,
// and nobody has led it since. A file that is already there keeps its name and its content.
func (s *Store) backupBefore(ctx context.Context, path string, from int) (string, error) {
	p, err := get(ctx, s.engine, upgradeKey)
	if err != nil {
		return "", err
	}
	led, err := get(ctx, s.engine, leaseKey(leaderName))
	if err != nil {
		return "", err
	}
	if p.rev > led.rev {
		var u upgrade
		if err := json.Unmarshal(p.value, &u); err != nil {
			return "", fmt.Errorf("read %s: %w", upgradeKey, err)
		}
		before := filepath.Join(filepath.Dir(path), u.Backup)
		if _, err := os.Lstat(before); !errors.Is(err, fs.ErrNotExist) {
			return before, err
		}
	}
	first := fmt.Sprintf("%s.schema-%d%s", path, from, s.now().UTC().Format("-20060102T150405Z"))
	before := first
	for i := 2; ; i++ {
		if _, err = s.backupFile(ctx, before); !errors.Is(err, fs.ErrExist) {
			break
		}
		before = fmt.Sprintf("%s-%d", first, i)
	}
	if err != nil {
		return before, err
	}
	b, err := json.Marshal(upgrade{Backup: filepath.Base(before)})
	if err != nil {
		return before, err
	}
	_, err = s.engine.commit(ctx, nil, put(upgradeKey, b))
	return before, err
}
