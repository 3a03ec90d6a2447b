package store

import (
	"context"
	"encoding/json"
	"errors"
	"iter"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/boltkv"
	"factorbot/store/internal/kv/etcdkv"
)

// Inspection is a record that is opened for reading only, as it is in its file or in a
// backup: nothing is written, not even beside it. A damaged file shows what can be
// read of it.
type Inspection struct {
	Reader
	// Damage says what is wrong with the file, *DamagedError; nil for a sound one.
	Damage error
	path   string
	sign   meta           // zero where it cannot be read
	file   *boltkv.Engine // nil if the record is in no file
	close  func() error
}

// Inspect opens the record in a file that no bot has open, or the one at an address in
// etcd, whatever its org. Errors: *[HeldError], *[SchemaError], *[DamagedError] where nothing
// can be read of it, *[AddressError], and the system's own.
func Inspect(path string, o ...Option) (*Inspection, error) {
	set := optionsOf(o)
	i := &Inspection{Reader: Reader{now: set.now}, path: path}
	e, file, err := openEngine(path, set, func() (file *boltkv.Engine, err error) {
		file, i.Damage, err = boltkv.Inspect(path)
		return file, err
	})
	if err != nil {
		return nil, err
	}
	i.engine, i.file, i.close = e, file, e.Close
	if err := i.recognize(); err != nil {
		return nil, errors.Join(err, i.close())
	}
	return i, nil
}

// Verify is [Reader.Verify] of the record as it is at one moment, also while others write to etcd.
func (i *Inspection) Verify(ctx context.Context, kept ...Expected) (*Audit, error) {
	return i.atOneMoment().Verify(ctx, kept...)
}

// Trail is [Reader.Trail] of the record as it is at one moment.
func (i *Inspection) Trail(ctx context.Context) iter.Seq2[Link, error] {
	return i.atOneMoment().Trail(ctx)
}

// atOneMoment reads the record at one revision of etcd; a file that is inspected changes for nobody.
func (i *Inspection) atOneMoment() *Reader {
	r := i.Reader
	if e, ok := i.engine.(*etcdkv.Engine); ok {
		r.engine = snapshot{e, e.Snapshot()}
	}
	return &r
}

// snapshot is an engine whose pairs stay as they are.
type snapshot struct {
	kv.Engine
	pairs kv.Reader
}

func (s snapshot) Read(ctx context.Context, from, to string, limit int) ([]kv.Pair, int64, error) {
	return s.pairs.Read(ctx, from, to, limit)
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
		return &DamagedError{Path: i.path, Cause: err}
	}
	if known := len(migrations()) + 1; m.Schema > known {
		return &SchemaError{Path: i.path, Found: m.Schema, Known: known}
	}
	i.org, i.sign = m.Org, m
	return nil
}

// IsOf reports whether the record is that of the org at an address, which need not be the
// one that it was made with.
func (i *Inspection) IsOf(address string) bool { return i.sign.is(address, "") }

// Org is the Okta org that the record belongs to; "" where that cannot be read.
func (r *Reader) Org() string { return r.org }

// Close closes the file.
func (i *Inspection) Close() error { return i.close() }
