package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// mapped is how much address space is reserved for the file. bbolt cannot remap
// while anybody reads, so without it a long backup would stop all writing as
// soon as the file grows (bbolt's documentation of Options.InitialMmapSize).
const mapped = 1 << 30

// grown is by how much the file grows at a time.
const grown = 1 << 20

// openBolt opens or makes the file, mode 0600, and checks it. It waits for at most
// the timeout for another process to let go of it.
func openBolt(path string, timeout time.Duration) (*bolt, error) {
	db, err := openFile(path, &bbolt.Options{
		Timeout: timeout, FreelistType: bbolt.FreelistMapType, InitialMmapSize: mapped,
	})
	if err != nil {
		return nil, err
	}
	if err := prepare(db, path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := os.WriteFile(notePath(path), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("note the process beside the record: %w", err), db.Close())
	}
	return newBolt(db, path), nil
}

// openFile opens the file. Where bbolt panics over what it finds, the file stays
// locked until the process ends.
func openFile(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	defer caught(path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	db, err = bbolt.Open(path, 0o600, o)
	if err != nil {
		return nil, openError(path, err)
	}
	db.AllocSize = grown
	return db, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return &HeldError{Path: path, PID: notedPID(path)}
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return &DamagedError{Path: path, Cause: err}
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.SyscallError)):
		return fmt.Errorf("open the record: %w", err)
	}
	return &DamagedError{Path: path, Cause: err} // such as a file too short for two meta pages
}

// prepare checks the file, narrows its mode, and makes the bucket.
func prepare(db *bbolt.DB, path string) (err error) {
	defer caught(path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("open the record: %w", err)
	}
	if err := checkPages(path, db.Info().PageSize); err != nil {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte("pairs"))
		return err
	})
}

// close ends the writer when the queue is empty, then the file.
func (b *bolt) close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	for _, l := range b.leases {
		l.end()
	}
	b.nudge()
	b.mu.Unlock()
	<-b.ended
	note := os.Remove(notePath(b.path)) // before the lock is given back, or the next owner's note would go
	if errors.Is(note, fs.ErrNotExist) {
		note = nil
	}
	if b.damage != nil {
		return note // bbolt's lock may be held by what panicked, and Close would wait for it
	}
	return errors.Join(note, b.db.Close())
}

// backup writes a copy of the file as it is now; commits go on meanwhile.
func (b *bolt) backup(ctx context.Context, w io.Writer) (n int64, err error) {
	defer caught(b.path, &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	err = b.db.View(func(tx *bbolt.Tx) error {
		n, err = tx.WriteTo(&contextWriter{ctx, w})
		return err
	})
	if ended := ctx.Err(); ended != nil { // bbolt's error does not wrap it
		err = ended
	}
	return n, closedAs(err)
}

// size returns the bytes of the file in use, and those of them that are free for reuse.
func (b *bolt) size() (used, free int64, err error) {
	defer caught(b.path, &err)
	err = b.db.View(func(tx *bbolt.Tx) error {
		used = tx.Size()
		return nil
	})
	s := b.db.Stats()
	return used, int64(s.FreePageN+s.PendingPageN) * int64(b.db.Info().PageSize), closedAs(err)
}

// contextWriter stops a copy when its context ends.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

func closedAs(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// notePath is the file beside the record that names the process which has it open.
func notePath(path string) string { return path + ".pid" }

func notedPID(path string) int {
	b, err := os.ReadFile(notePath(path))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return pid
}
