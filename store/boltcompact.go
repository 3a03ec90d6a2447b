package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// A file is copied without its free pages at open when it is worth the wait.
const (
	compactFree  = 32 << 20 // bytes that are free
	compactShare = 2        // of so many parts of the file at least one is free
	compactTx    = 1 << 20  // bytes copied in one transaction
)

// worthCompacting reports whether enough of the file is free.
func worthCompacting(db *bbolt.DB) (bool, error) {
	used, free, err := sizes(db)
	return free >= compactFree && free*compactShare >= used, err
}

// compact puts a copy without free pages in the place of the file, which stays
// locked meanwhile, and reports whether it did; the database is to be opened anew
// then. A crash leaves the one or the other whole. Where there is no room for a
// copy the file stays as it is.
func compact(db *bbolt.DB, path string) (bool, error) {
	if worth, err := worthCompacting(db); err != nil || !worth {
		return false, err
	}
	return replace(db, path)
}

func replace(db *bbolt.DB, path string) (bool, error) {
	if err := copyCompact(db, copyPath(path)); err != nil {
		return false, removeIfThere(copyPath(path))
	}
	if err := os.Rename(copyPath(path), path); err != nil {
		return false, fmt.Errorf("compact the record: %w", err)
	}
	return true, errors.Join(syncDir(filepath.Dir(path)), db.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyCompact(db *bbolt.DB, to string) error {
	if err := removeIfThere(to); err != nil { // of an earlier try
		return err
	}
	fresh, err := bbolt.Open(to, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, Timeout: 1})
	if err != nil {
		return err
	}
	return errors.Join(bbolt.Compact(fresh, db, compactTx), fresh.Sync(), fresh.Close())
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
func sizes(db *bbolt.DB) (used, free int64, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		used = tx.Size()
		return nil
	})
	s := db.Stats()
	return used, int64(s.FreePageN+s.PendingPageN) * int64(db.Info().PageSize), closedAs(err)
}
