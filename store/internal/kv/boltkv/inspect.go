package boltkv

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"factorbot/store/internal/kv"

	"go.etcd.io/bbolt"
)

// Check reads every pair of the file: each matches its checksum, comes after the one
// before, and is found by its key. bbolt itself checks only its two meta pages.
func Check(db *bbolt.DB, path string) (err error) {
	defer recoverPanic(path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = db.View(func(tx *bbolt.Tx) error {
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
				return fmt.Errorf("key %q is not where it belongs", k)
			}
			if read += len(v); read > pagedMost {
				read, last = 0, append([]byte(nil), k...)
				releasePages(db.Info().Data, uintptr(tx.Size()))
				continue
			}
			last = k
		}
		return nil
	})
	if err = closedAs(err); err == nil || errors.Is(err, kv.ErrClosed) || errors.As(err, new(*DamagedError)) {
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
	defer recoverPanic(path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o := boltOptions(time.Millisecond)
	o.ReadOnly, o.OpenFile = true, openWhole
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return nil, nil, openError(path, err)
	}
	damage = Check(db, path)
	if errors.Is(damage, ErrNoRecord) {
		return nil, nil, errors.Join(damage, db.Close())
	}
	b = &Engine{DB: db, path: path, readOnly: true, ended: make(chan struct{})}
	close(b.ended)
	return b, damage, nil
}
