package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"sort"
	"syscall"
	"time"
)

// Inspection is a record that is opened for reading alone, as it lies in its file or in a
// backup: nothing is written, not even beside it. A damaged file shows what can be
// read of it; there something that had been removed may show again.
type Inspection struct {
	Reader
	// Damage says what is wrong with the file, *DamagedError; nil for a sound one.
	Damage error
	file   *pageFile
}

// errReadOnly says that somebody wanted to write.
var errReadOnly = errors.New("the record is opened for reading alone")

// Inspect opens the record in a file that no bot has open, whatever its org. Errors:
// *[HeldError], *[SchemaError], *[DamagedError] where nothing can be read of it, and the system's own.
func Inspect(path string) (*Inspection, error) {
	file, damage, err := readPages(path)
	if err != nil {
		return nil, err
	}
	i := &Inspection{Reader: Reader{engine: file, now: time.Now}, Damage: damage, file: file}
	if err := i.recognize(); err != nil {
		return nil, errors.Join(err, file.file.Close())
	}
	return i, nil
}

// recognize reads what the record says of itself; a damaged one may have lost it.
func (i *Inspection) recognize() error {
	p, err := get(context.Background(), i.engine, metaKey)
	if err != nil {
		return err
	}
	var m meta
	if p.rev != 0 {
		err = json.Unmarshal(p.value, &m)
	} else if i.Damage == nil {
		err = errors.New("it is no record of factorbot")
	}
	if err != nil {
		return &DamagedError{Path: i.file.path, Cause: err}
	}
	if known := len(migrations()) + 1; m.Schema > known {
		return &SchemaError{Path: i.file.path, Found: m.Schema, Known: known}
	}
	i.org = m.Org
	return nil
}

// Org is the Okta org that the record belongs to; "" where that cannot be read.
func (r *Reader) Org() string { return r.org }

// Close closes the file.
func (i *Inspection) Close() error { return i.file.file.Close() }

// pageFile is the engine of an inspection: an index of the pairs in a file, without
// bbolt, which trusts what it maps.
type pageFile struct {
	path  string
	file  *os.File
	pairs []place // by key
	rev   int64   // the latest of all
}

// place is where a pair lies in the file.
type place struct {
	key  string
	at   int64 // of its framed value
	size int
	rev  int64
}

// readPages opens a file, holds others off who want to write, and finds its pairs. The
// first error is what is wrong with it.
func readPages(path string) (_ *pageFile, damage, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open the record: %w", err)
	}
	fail := func(err error) (*pageFile, error, error) { return nil, nil, errors.Join(err, f.Close()) }
	// bbolt's own lock, shared as its readers have it
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return fail(&HeldError{Path: path, PID: notedPID(path)})
	} else if err != nil {
		return fail(fmt.Errorf("open the record: %w", &fs.PathError{Op: "lock", Path: path, Err: err}))
	}
	info, err := f.Stat()
	if err != nil {
		return fail(fmt.Errorf("open the record: %w", err))
	}
	found := newSalvage(f, info.Size())
	found.run()
	p := &pageFile{path: path, file: f, pairs: found.sorted()}
	for _, at := range p.pairs {
		p.rev = max(p.rev, at.rev)
	}
	if found.first != nil {
		damage = &DamagedError{Path: path, Cause: found.first}
		if len(p.pairs) == 0 {
			return fail(damage)
		}
	}
	return p, damage, nil
}

func (p *pageFile) read(ctx context.Context, from, to string, limit int) ([]pair, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	var found []pair
	first := sort.Search(len(p.pairs), func(i int) bool { return p.pairs[i].key >= from })
	for _, at := range p.pairs[first:] {
		if len(found) == limit || to != "" && at.key >= to {
			break
		}
		b := make([]byte, at.size)
		if _, err := p.file.ReadAt(b, at.at); errors.Is(err, fs.ErrClosed) {
			return nil, 0, ErrClosed
		} else if err != nil {
			return nil, 0, fmt.Errorf("read %s: %w", p.path, err)
		}
		pair, err := unframe([]byte(at.key), b)
		if err != nil {
			return nil, 0, &DamagedError{Path: p.path, Cause: err}
		}
		found = append(found, pair)
	}
	return found, p.rev, nil
}

func (p *pageFile) commit(context.Context, []cond, ...op) (int64, error) { return 0, errReadOnly }

func (p *pageFile) hold(context.Context, string, time.Duration) (lease, error) {
	return nil, errReadOnly
}

func (p *pageFile) watch(context.Context, string, int64) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) { yield(pair{}, errReadOnly) }
}
