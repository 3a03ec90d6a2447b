package store

import (
	"context"
	"encoding/json"
	"errors"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/boltkv"
	"time"
)

// Inspection is a record that is opened for reading only, as it is in its file or in a
// backup: nothing is written, not even beside it. A damaged file shows what can be
// read of it.
type Inspection struct {
	Reader
	// Damage says what is wrong with the file, *DamagedError; nil for a sound one.
	Damage error
	file   *boltkv.Engine
}

// Inspect opens the record in a file that no bot has open, whatever its org. Errors:
// *[HeldError], *[SchemaError], *[DamagedError] where nothing can be read of it, and the system's own.
func Inspect(path string) (*Inspection, error) {
	file, damage, err := boltkv.Inspect(path)
	if err != nil {
		return nil, err
	}
	i := &Inspection{Reader: Reader{engine: file, now: time.Now}, Damage: damage, file: file}
	if err := i.recognize(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return i, nil
}

// recognize reads what the record says of itself; a damaged one may have lost it.
func (i *Inspection) recognize() error {
	p, err := kv.Get(context.Background(), i.engine, metaKey)
	if err != nil {
		return err
	}
	var m meta
	if p.Rev != 0 {
		err = json.Unmarshal(p.Value, &m)
	} else if i.Damage == nil {
		err = boltkv.ErrNoRecord
	}
	if err != nil {
		return &DamagedError{Path: i.file.Path(), Cause: err}
	}
	if known := len(migrations()) + 1; m.Schema > known {
		return &SchemaError{Path: i.file.Path(), Found: m.Schema, Known: known}
	}
	i.org = m.Org
	return nil
}

// Org is the Okta org that the record belongs to; "" where that cannot be read.
func (r *Reader) Org() string { return r.org }

// Close closes the file.
func (i *Inspection) Close() error { return i.file.Close() }
