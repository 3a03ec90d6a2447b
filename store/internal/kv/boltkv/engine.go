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
)

// groupMax is how many commits one transaction of bbolt takes along.
const groupMax = 128

// Engine is an engine in one bbolt file. One goroutine writes: whatever is queued
// becomes one transaction, each commit of it with conditions of its own. A
// transaction costs two fsyncs, so concurrent commits share them.
type Engine struct {
	DB   *bbolt.DB // for checks and figures
	path string

	readOnly bool // no writer runs, and nothing is noted beside the file

	mu       sync.Mutex // guards what follows
	queue    []*job
	closed   bool
	watchers map[*kv.Marks]struct{}
	leases   map[string]*boltLease

	touched atomic.Int64 // bytes of the mapped file that were read, about; see paged

	damage error // the writer's: what ended all writing

	wake  chan struct{} // holds one token while there may be work
	ended chan struct{} // closed when the writer has returned
}

// job is a commit on its way through the writer.
type job struct {
	conds []kv.Cond
	ops   []kv.Op
	rev   int64
	err   error
	done  chan struct{}
}

// pairs is the one bucket; its sequence is the revision of the whole.
func pairs(tx *bbolt.Tx) *bbolt.Bucket { return tx.Bucket([]byte("pairs")) }

func newBolt(db *bbolt.DB, path string) *Engine {
	b := &Engine{
		DB: db, path: path,
		watchers: map[*kv.Marks]struct{}{}, leases: map[string]*boltLease{},
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go b.write()
	return b
}

// Read implements kv.Engine.
func (b *Engine) Read(ctx context.Context, from, to string, limit int) (found []kv.Pair, rev int64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	defer recoverPanic(b.path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = b.DB.View(func(tx *bbolt.Tx) error {
		bucket := pairs(tx)
		rev = int64(bucket.Sequence())
		c := bucket.Cursor()
		for k, v := c.Seek([]byte(from)); k != nil && len(found) < limit; k, v = c.Next() {
			if to != "" && string(k) >= to {
				break
			}
			p, err := unframe(k, v)
			if err != nil {
				return &DamagedError{Path: b.path, Cause: err}
			}
			found = append(found, p)
		}
		b.paged(tx, 1+len(found))
		return nil
	})
	return found, rev, closedAs(err)
}

// Commit implements kv.Engine. The context counts only until the commit is queued.
func (b *Engine) Commit(ctx context.Context, conds []kv.Cond, ops ...kv.Op) (int64, error) {
	if err := kv.CheckLimits(conds, ops); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if b.readOnly {
		return 0, errReadOnly
	}
	j := &job{conds: conds, ops: ops, done: make(chan struct{})}
	if !b.enqueue(j) {
		return 0, kv.ErrClosed
	}
	<-j.done // an answer always comes: the writer empties the queue before it ends
	return j.rev, j.err
}

func (b *Engine) enqueue(j *job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.queue = append(b.queue, j)
	b.nudge()
	return true
}

func (b *Engine) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// write is the writer's loop; it ends when the engine is closed and nothing is queued.
func (b *Engine) write() {
	defer close(b.ended)
	debug.SetPanicOnFault(true) // of this goroutine
	for {
		jobs, closed := b.take()
		if len(jobs) > 0 {
			b.group(jobs)
			continue
		}
		if closed {
			return
		}
		<-b.wake
	}
}

func (b *Engine) take() (jobs []*job, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.queue), groupMax)
	jobs, b.queue = b.queue[:n:n], b.queue[n:]
	if len(b.queue) == 0 {
		b.queue = nil // or it would hold on to what was written
	}
	return jobs, b.closed
}

// group commits jobs in one transaction and answers each.
func (b *Engine) group(jobs []*job) {
	err := b.damage
	if err == nil {
		err = b.apply(jobs)
	}
	if err == nil {
		b.notify(jobs)
	}
	if damaged := (*DamagedError)(nil); errors.As(err, &damaged) {
		b.damage = err // bbolt may have kept its lock when it panicked
	}
	for _, j := range jobs {
		if err != nil && j.err == nil {
			j.rev, j.err = 0, fmt.Errorf("write %s: %w", b.path, err)
		}
		close(j.done)
	}
}

// apply does what the jobs ask for. One whose conditions do not hold gets
// ErrConflict and leaves the others alone.
func (b *Engine) apply(jobs []*job) (err error) {
	defer recoverPanic(b.path, &err)
	tx, err := b.DB.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit, but unlocks after a failed one
	bucket := pairs(tx)
	b.paged(tx, len(jobs))
	rev := bucket.Sequence()
	first := rev
	for _, j := range jobs {
		if !holds(bucket, j.conds) {
			j.err = kv.ErrConflict
			continue
		}
		rev++
		j.rev = int64(rev)
		for _, o := range j.ops {
			if err := apply(bucket, o, j.rev); err != nil {
				return err
			}
		}
	}
	if rev == first {
		return nil
	}
	if err := bucket.SetSequence(rev); err != nil {
		return err
	}
	return tx.Commit()
}

func holds(bucket *bbolt.Bucket, conds []kv.Cond) bool {
	for _, c := range conds {
		if frameRev(bucket.Get([]byte(c.Key))) != c.Rev {
			return false
		}
	}
	return true
}

func apply(bucket *bbolt.Bucket, o kv.Op, rev int64) error {
	if !o.Del {
		return bucket.Put([]byte(o.Key), frame(o.Key, o.Value, rev))
	}
	// A cursor may pass over a key after a deletion, so it seeks each time.
	c := bucket.Cursor()
	for k, _ := c.Seek([]byte(o.Key)); k != nil && (o.To == "" || string(k) < o.To); k, _ = c.Seek([]byte(o.Key)) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

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

// recoverPanic turns a panic of bbolt, which is how it meets a damaged page, into an
// error. With SetPanicOnFault a read beyond the end of the mapped file is one too.
func recoverPanic(path string, err *error) {
	if r := recover(); r != nil {
		*err = &DamagedError{Path: path, Cause: fmt.Errorf("%v", r)}
	}
}
