package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// groupMax is how many commits one transaction of bbolt takes along.
const groupMax = 128

// bolt is the engine in one bbolt file. One goroutine writes: whatever is queued
// becomes one transaction, each commit of it with conditions of its own. A
// transaction costs two fsyncs, so concurrent commits share them.
type bolt struct {
	db   *bbolt.DB
	path string

	readOnly bool // no writer runs, and nothing is noted beside the file

	mu       sync.Mutex // guards what follows
	queue    []*job
	closed   bool
	watchers map[*watcher]struct{}
	leases   map[string]*boltLease

	damage error // the writer's: what ended all writing

	wake  chan struct{} // holds one token while there may be work
	ended chan struct{} // closed when the writer has returned
}

// job is a commit on its way through the writer.
type job struct {
	conds []cond
	ops   []op
	rev   int64
	err   error
	done  chan struct{}
}

// pairs is the one bucket; its sequence is the revision of the whole.
func pairs(tx *bbolt.Tx) *bbolt.Bucket { return tx.Bucket([]byte("pairs")) }

func newBolt(db *bbolt.DB, path string) *bolt {
	b := &bolt{
		db: db, path: path,
		watchers: map[*watcher]struct{}{}, leases: map[string]*boltLease{},
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go b.write()
	return b
}

func (b *bolt) read(ctx context.Context, from, to string, limit int) (found []pair, rev int64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	defer caught(b.path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = b.db.View(func(tx *bbolt.Tx) error {
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
		return nil
	})
	return found, rev, closedAs(err)
}

func (b *bolt) commit(ctx context.Context, conds []cond, ops ...op) (int64, error) {
	if err := checkLimits(conds, ops); err != nil {
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
		return 0, ErrClosed
	}
	<-j.done // an answer always comes: the writer empties the queue before it ends
	return j.rev, j.err
}

func (b *bolt) enqueue(j *job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.queue = append(b.queue, j)
	b.nudge()
	return true
}

func (b *bolt) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// write is the writer's loop; it ends when the engine is closed and nothing is queued.
func (b *bolt) write() {
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

func (b *bolt) take() (jobs []*job, closed bool) {
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
func (b *bolt) group(jobs []*job) {
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
// errConflict and leaves the others alone.
func (b *bolt) apply(jobs []*job) (err error) {
	defer caught(b.path, &err)
	tx, err := b.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit, but unlocks after a failed one
	bucket := pairs(tx)
	rev := bucket.Sequence()
	first := rev
	for _, j := range jobs {
		if !holds(bucket, j.conds) {
			j.err = errConflict
			continue
		}
		rev++
		j.rev = int64(rev)
		for _, o := range j.ops {
			if err := o.apply(bucket, j.rev); err != nil {
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

func holds(bucket *bbolt.Bucket, conds []cond) bool {
	for _, c := range conds {
		if frameRev(bucket.Get([]byte(c.key))) != c.rev {
			return false
		}
	}
	return true
}

func (o op) apply(bucket *bbolt.Bucket, rev int64) error {
	if !o.del {
		return bucket.Put([]byte(o.key), frame(o.key, o.value, rev))
	}
	// A cursor may pass over a key after a deletion, so it seeks each time.
	c := bucket.Cursor()
	for k, _ := c.Seek([]byte(o.key)); k != nil && (o.to == "" || string(k) < o.to); k, _ = c.Seek([]byte(o.key)) {
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

func unframe(key, v []byte) (pair, error) {
	k := string(key)
	if len(v) < frameLen || binary.BigEndian.Uint32(v[8:]) != checksum(k, v[:8], v[frameLen:]) {
		return pair{}, fmt.Errorf("the value of %q does not match its checksum", k)
	}
	return pair{key: k, value: append([]byte(nil), v[frameLen:]...), rev: frameRev(v)}, nil
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

// hold takes the lease at once: the file is locked, so nobody else has it but an
// earlier holder in this process, whose lease ends.
func (b *bolt) hold(ctx context.Context, name string, _ time.Duration) (lease, error) {
	key := leaseKey(name)
	rev, err := b.commit(ctx, nil, put(key, []byte("held")))
	if err != nil {
		return nil, err
	}
	l := &boltLease{engine: b, on: cond{key: key, rev: rev}, over: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	earlier := b.leases[name]
	if earlier != nil && earlier.on.rev > rev { // two held at once, and the other was later
		l.end()
		return l, nil
	}
	if earlier != nil {
		earlier.end()
	}
	b.leases[name] = l
	return l, nil
}

// boltLease lasts until the next hold of its name, or the close of the file.
type boltLease struct {
	engine *bolt
	on     cond
	once   sync.Once
	over   chan struct{}
}

func (l *boltLease) cond() cond            { return l.on }
func (l *boltLease) lost() <-chan struct{} { return l.over }
func (l *boltLease) end()                  { l.once.Do(func() { close(l.over) }) }

func (l *boltLease) release(ctx context.Context) error {
	l.end()
	_, err := l.engine.commit(ctx, []cond{l.on}, remove(l.on.key))
	return err
}

// caught turns a panic of bbolt, which is how it meets a damaged page, into an
// error. With SetPanicOnFault a read beyond the end of the mapped file is one too.
func caught(path string, err *error) {
	if r := recover(); r != nil {
		*err = &DamagedError{Path: path, Cause: fmt.Errorf("%v", r)}
	}
}
