package store

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
)

// checkFile reads every pair of the file: each matches its checksum, comes after the one
// before, and is found by its key. bbolt itself checks only its two meta pages.
func checkFile(db *bbolt.DB, path string) (err error) {
	defer caught(path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = db.View(func(tx *bbolt.Tx) error {
		bucket := pairs(tx)
		if bucket == nil {
			return errNoBucket
		}
		var last []byte
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
			last = k
		}
		return nil
	})
	if err == nil || errors.As(err, new(*DamagedError)) {
		return err
	}
	return &DamagedError{Path: path, Cause: err}
}

var errNoBucket = errors.New("it is no record of factorbot")

// errReadOnly says that somebody wanted to write.
var errReadOnly = errors.New("the record is opened for reading alone")

// inspectFile opens a file for reading alone, without writing even beside it, and says
// what is wrong with it. It fails where nothing can be read.
func inspectFile(path string) (b *bolt, damage, err error) {
	defer caught(path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o := boltOptions(time.Millisecond)
	o.ReadOnly, o.OpenFile = true, openWhole
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return nil, nil, openError(path, err)
	}
	damage = checkFile(db, path)
	if errors.Is(damage, errNoBucket) {
		return nil, nil, errors.Join(damage, db.Close())
	}
	b = &bolt{db: db, path: path, readOnly: true, ended: make(chan struct{})}
	close(b.ended)
	return b, damage, nil
}
