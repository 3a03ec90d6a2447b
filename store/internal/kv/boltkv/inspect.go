package boltkv

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"factorbot/store/internal/kv"

	"go.etcd.io/bbolt"
)

// Check reads every pair of the file: each matches its checksum, comes after the one
// before, and is found by its key. bbolt itself checks only its two meta pages.
func Check(db *bbolt.DB, path string) error {
	err := view(db, path, func(tx *bbolt.Tx) error {
		bucket := pairs(tx)
		if bucket == nil {
			return ErrNoRecord
		}
		var last []byte
		read := 0
		c := bucket.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if _, err := unframe(k, v); err != nil {
				return err
			}
			if last != nil && bytes.Compare(last, k) >= 0 {
				return fmt.Errorf("key %q comes after %q", k, last)
			}
			if bucket.Get(k) == nil {
				return misplaced(k)
			}
			last = append(last[:0], k...)
			if read += len(v); read > pagedMost {
				read = 0
				releasePages(db.Info().Data, uintptr(tx.Size()))
			}
		}
		return nil
	})
	if err == nil || errors.Is(err, kv.ErrClosed) || errors.As(err, new(*DamagedError)) {
		return err
	}
	return &DamagedError{Path: path, Cause: err}
}

// ErrNoRecord says that a file is a database of something else.
var ErrNoRecord = errors.New("it is no record of factorbot")

// errReadOnly is the error of a write to an inspected file.
var errReadOnly = errors.New("the record is opened for reading alone")

// Inspect opens a file for reading only, without writing even beside it, and returns what
// is wrong with it. It fails if nothing can be read.
func Inspect(path string) (b *Engine, damage, err error) {
	o := boltOptions(time.Millisecond)
	o.ReadOnly, o.OpenFile = true, openWhole
	db, err := openDB(path, o)
	if err != nil {
		return nil, nil, err
	}
	damage = Check(db, path)
	if errors.Is(damage, ErrNoRecord) {
		return nil, nil, errors.Join(damage, db.Close())
	}
	b = newBolt(db, path)
	b.readOnly = true
	return b, damage, nil
}
