package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// migrate brings the record from a version to the one that the steps end with, and writes
// the version down after each. First it makes a backup beside the file; when all is
// done that gets a name with the time, so that one that lacks it is of a try that failed.
func (s *Store) migrate(ctx context.Context, path string, from int, steps []migration) error {
	if from-1 >= len(steps) {
		return nil
	}
	before := BackupBefore(path, from)
	fail := func(version int, err error) error {
		return &MigrationError{Path: path, From: version, Backup: before, Cause: err}
	}
	_, err := s.backupFile(ctx, before)
	if err != nil && !errors.Is(err, fs.ErrExist) { // of an earlier try
		return fail(from, fmt.Errorf("back it up first: %w", err))
	}
	for version := from; version-1 < len(steps); version++ {
		step := steps[version-1]
		if err := step.do(ctx, s); err != nil {
			return fail(version, fmt.Errorf("%s: %w", step.about, err))
		}
		sign, err := json.Marshal(meta{Schema: version + 1, Org: s.org})
		if err == nil {
			_, err = s.engine.commit(ctx, nil, put(metaKey, sign))
		}
		if err != nil {
			return fail(version, err)
		}
	}
	return os.Rename(before, before+s.now().UTC().Format("-20060102T150405Z"))
}

// BackupBefore is the name of the backup that is made before the record at path leaves a
// schema version.
func BackupBefore(path string, version int) string {
	return fmt.Sprintf("%s.schema-%d", path, version)
}
