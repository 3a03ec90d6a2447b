package boltkv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// A file is copied without its free pages when it is worth the wait.
const (
	compactFree  = 32 << 20 // bytes that are free
	compactShare = 2        // of so many parts of the file at least one is free
	compactTx    = 1 << 20  // bytes copied in one transaction
)

// compact puts a copy without free pages in the place of the file where that is worth
// while, and returns the database to go on with, which is the given one after an error.
// It is done before anybody uses the file, so that no commit has to wait for it; in use,
// free pages are filled again.
func compact(db *bbolt.DB, path string) (*bbolt.DB, error) {
	used, free, err := sizes(db, path)
	if err != nil || free < compactFree || free*compactShare < used {
		return db, err
	}
	fresh, err := copyCompact(db, copyPath(path))
	if err != nil { // such as no room for a copy: the file stays as it is
		return db, removeIfThere(copyPath(path))
	}
	return replace(db, fresh, path)
}

// replace gives a copy, which is locked, the name of the file, and closes the old one. A
// crash leaves the one or the other whole.
func replace(db, fresh *bbolt.DB, path string) (*bbolt.DB, error) {
	if err := os.Rename(copyPath(path), path); err != nil {
		return db, errors.Join(fmt.Errorf("compact the record: %w", err), fresh.Close())
	}
	return fresh, errors.Join(syncDir(filepath.Dir(path)), db.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyCompact returns the copy, durable and locked.
func copyCompact(db *bbolt.DB, to string) (*bbolt.DB, error) {
	if err := removeIfThere(to); err != nil { // of an earlier try
		return nil, err
	}
	fresh, err := bbolt.Open(to, 0o600, boltOptions(time.Second))
	if err != nil {
		return nil, err
	}
	fresh.AllocSize, fresh.NoSync = grown, true
	if err := errors.Join(bbolt.Compact(fresh, db, compactTx), fresh.Sync()); err != nil {
		return nil, errors.Join(err, fresh.Close())
	}
	fresh.NoSync = false
	return fresh, nil
}

// syncDir makes a rename in the directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func copyPath(path string) string { return path + ".compact" }

// sizes measures an open file.
func sizes(db *bbolt.DB, path string) (used, free int64, err error) {
	err = view(db, path, func(tx *bbolt.Tx) error {
		s := db.Stats()
		used, free = tx.Size(), int64(s.FreePageN+s.PendingPageN)*int64(db.Info().PageSize)
		return nil
	})
	return used, free, err
}
