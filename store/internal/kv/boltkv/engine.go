// Package boltkv is the engine in one file of bbolt, for one process.
package boltkv

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"factorbot/store/internal/kv"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Engine is an engine in one bbolt file. A commit is a transaction of bbolt, one at a time.
type Engine struct {
	DB   *bbolt.DB // for checks and figures
	path string

	readOnly bool         // nothing is written, nor noted beside the file
	touched  atomic.Int64 // bytes of the mapped file that were read, about; see paged

	closing sync.Mutex // held during Close, which waits for readers

	writing sync.Mutex    // guards what follows, and is held during a commit
	damage  error         // what ended all writing
	closed  bool          // nothing is written any more
	ended   chan struct{} // the same

	mu       sync.Mutex // guards what follows
	watchers map[*kv.Marks]struct{}
	leases   map[string]*boltLease
}

// pairs is the one bucket; its sequence is the revision of the whole.
func pairs(tx *bbolt.Tx) *bbolt.Bucket { return tx.Bucket([]byte("pairs")) }

func newBolt(db *bbolt.DB, path string) *Engine {
	return &Engine{
		DB: db, path: path, ended: make(chan struct{}),
		watchers: map[*kv.Marks]struct{}{}, leases: map[string]*boltLease{},
	}
}

// Read implements kv.Engine.
func (b *Engine) Read(ctx context.Context, from, to string, limit int) (found []kv.Pair, rev int64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	err = view(b.DB, b.path, func(tx *bbolt.Tx) error {
		bucket := pairs(tx)
		rev = int64(bucket.Sequence())
		c := bucket.Cursor()
		for k, v := c.Seek([]byte(from)); k != nil && len(found) < limit; k, v = c.Next() {
			if to != "" && string(k) >= to {
				break
			}
			p, err := unframe(k, v)
			if err == nil && (p.Key < from || len(found) > 0 && p.Key <= found[len(found)-1].Key) {
				err = misplaced(k) // who reads on from it would read the same again, for ever
			}
			if err != nil {
				return &DamagedError{Path: b.path, Cause: err}
			}
			found = append(found, p)
		}
		b.paged(tx, 1+len(found))
		return nil
	})
	return found, rev, err
}

// Commit implements kv.Engine. The context counts only until the commit begins.
func (b *Engine) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (rev int64, err error) {
	if err := kv.CheckLimits(conds, ops); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if b.readOnly {
		return 0, errReadOnly
	}
	b.writing.Lock()
	defer b.writing.Unlock()
	if b.closed {
		return 0, kv.ErrClosed
	}
	if err = b.damage; err == nil {
		err = guarded(b.path, func() error {
			rev, err = b.apply(conds, ops)
			return err
		})
	}
	switch {
	case errors.Is(err, kv.ErrConflict):
		return 0, err
	case errors.As(err, new(*DamagedError)):
		b.damage = err // bbolt may have kept its lock when it panicked
	}
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", b.path, err)
	}
	b.notify(ops, rev)
	return rev, nil
}

// apply does what a commit asks for in one transaction.
func (b *Engine) apply(conds []kv.Cond, ops []kv.Op) (int64, error) {
	tx, err := b.DB.Begin(true)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // does nothing after a commit, but unlocks after a failed one
	bucket := pairs(tx)
	b.paged(tx, 1)
	if !holds(bucket, conds) {
		return 0, kv.ErrConflict
	}
	rev := bucket.Sequence() + 1
	for _, o := range ops {
		if err := b.change(bucket, o, int64(rev)); err != nil {
			return 0, err
		}
	}
	if err := bucket.SetSequence(rev); err != nil {
		return 0, err
	}
	return int64(rev), tx.Commit()
}

func holds(bucket *bbolt.Bucket, conds []kv.Cond) bool {
	for _, c := range conds {
		if frameRev(bucket.Get([]byte(c.Key))) != c.Rev {
			return false
		}
	}
	return true
}

// change does one operation.
func (b *Engine) change(bucket *bbolt.Bucket, o kv.Op, rev int64) error {
	if !o.Del {
		return bucket.Put([]byte(o.Key), frame(o.Key, o.Value, rev))
	}
	// A cursor may pass over a key after a deletion, so it seeks each time.
	c := bucket.Cursor()
	for k, _ := c.Seek([]byte(o.Key)); k != nil && (o.To == "" || string(k) < o.To); k, _ = c.Seek([]byte(o.Key)) {
		if string(k) < o.Key {
			return &DamagedError{Path: b.path, Cause: misplaced(k)}
		}
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// misplaced is the error of a key where only later ones may be.
func misplaced(key []byte) error { return fmt.Errorf("key %q is not where it belongs", key) }

// A stored value begins with its revision and a CRC-32C of key, revision and
// payload: bbolt itself checks only its two meta pages.
const frameLen = 8 + 4

func frame(key string, payload []byte, rev int64) []byte {
	v := make([]byte, frameLen, frameLen+len(payload))
	binary.BigEndian.PutUint64(v, uint64(rev))
	binary.BigEndian.PutUint32(v[8:], checksum(key, v[:8], payload))
	return append(v, payload...)
}

func unframe(key, v []byte) (kv.Pair, error) {
	k := string(key)
	if len(v) < frameLen || binary.BigEndian.Uint32(v[8:]) != checksum(k, v[:8], v[frameLen:]) {
		return kv.Pair{}, fmt.Errorf("the value of %q does not match its checksum", k)
	}
	return kv.Pair{Key: k, Value: append([]byte(nil), v[frameLen:]...), Rev: frameRev(v)}, nil
}

func frameRev(v []byte) int64 {
	if len(v) < frameLen {
		return 0
	}
	return int64(binary.BigEndian.Uint64(v))
}

func checksum(key string, rev, payload []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, []byte(key))
	return crc32.Update(crc32.Update(sum, table, rev), table, payload)
}

// Hold takes the lease at once: the file is locked, so the only other holder can be an
// earlier one in this process, whose lease ends.
func (b *Engine) Hold(ctx context.Context, name string, _ time.Duration) (kv.Lease, error) {
	key := kv.LeaseKey(name)
	rev, err := b.Commit(ctx, nil, kv.Put(key, []byte("held")))
	if err != nil {
		return nil, err
	}
	l := &boltLease{engine: b, on: kv.Cond{Key: key, Rev: rev}, over: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	earlier := b.leases[name]
	if earlier != nil && earlier.on.Rev > rev { // two held at once, and the other was later
		l.end()
		return l, nil
	}
	if earlier != nil {
		earlier.end()
	}
	b.leases[name] = l
	return l, nil
}

// boltLease lasts until the next Hold of its name, or the close of the file.
type boltLease struct {
	engine *Engine
	on     kv.Cond
	once   sync.Once
	over   chan struct{}
}

func (l *boltLease) Cond() kv.Cond         { return l.on }
func (l *boltLease) Lost() <-chan struct{} { return l.over }
func (l *boltLease) end()                  { l.once.Do(func() { close(l.over) }) }

func (l *boltLease) Release(ctx context.Context) error {
	l.end()
	_, err := l.engine.Commit(ctx, []kv.Cond{l.on}, kv.Remove(l.on.Key))
	return err
}

// guarded runs what reads the mapped file. bbolt panics over a damaged page, and with
// SetPanicOnFault so does a read beyond the end of the file: both become a *DamagedError.
func guarded(path string, do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = &DamagedError{Path: path, Cause: fmt.Errorf("%v", r)}
		}
	}()
	return do()
}

// view reads the file in one transaction.
func view(db *bbolt.DB, path string, read func(*bbolt.Tx) error) error {
	err := guarded(path, func() error { return db.View(read) })
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return kv.ErrClosed
	}
	return err
}
