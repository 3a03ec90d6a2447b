package boltkv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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

// Open opens or makes the file, mode 0600, checks it, and compacts it if that is worth
// while. It waits at most the timeout for another process to close it.
func Open(path string, timeout time.Duration) (*Engine, error) {
	db, err := openFile(path, timeout)
	if err != nil {
		return nil, err
	}
	if err = prepare(db, path); err == nil {
		db, err = compact(db, path)
	}
	if err == nil {
		err = noteProcess(path)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return newBolt(db, path), nil
}

// openFile opens the file and locks it. Where bbolt panics over what it finds, it
// stays locked until the process ends.
func openFile(path string, timeout time.Duration) (db *bbolt.DB, err error) {
	var file *os.File
	o := boltOptions(timeout)
	o.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		f, err = openWhole(name, flag, mode)
		file = f
		return f, err
	}
	for {
		if db, err = openDB(path, o); err != nil {
			return nil, err
		}
		db.AllocSize = grown
		same, err := inPlace(file, path)
		if err == nil && same {
			return db, nil
		}
		if err = errors.Join(err, db.Close()); err != nil {
			return nil, fmt.Errorf("open the record: %w", err)
		}
	}
}

// openDB opens a database.
func openDB(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	err = guarded(path, func() error {
		db, err = bbolt.Open(path, 0o600, o)
		return openError(path, err)
	})
	return db, err
}

var errEmpty = errors.New("it has 0 bytes")

// openWhole opens a database, and makes it if it is not there. It refuses an empty file,
// which has lost its content: a new file gets its name when it is complete.
func openWhole(name string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(name, flag&^os.O_CREATE, mode)
	if errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0 {
		if err := makeFile(name); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		f, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		err = errEmpty
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// makeFile makes an empty database.
func makeFile(path string) error {
	_, err := NewFile(path, func(half string) (int64, error) {
		db, err := bbolt.Open(half, 0o600, boltOptions(time.Second))
		if err != nil {
			return 0, err
		}
		return 0, db.Close()
	})
	return err
}

// giveName moves a complete file to a new name. It returns fs.ErrExist if a file has it.
func giveName(from, to string) error {
	switch err := os.Link(from, to); {
	case err == nil:
		err = os.Remove(from)
		return errors.Join(err, syncDir(filepath.Dir(to)))
	case errors.Is(err, fs.ErrExist):
		return fs.ErrExist
	}
	// A file system without links.
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func boltOptions(timeout time.Duration) *bbolt.Options {
	return &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistMapType, InitialMmapSize: mapped}
}

// inPlace reports whether the open file is still the one at the path: while we
// waited for the lock, its holder may have put a compacted copy there.
func inPlace(f *os.File, path string) (bool, error) {
	opened, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return err == nil && os.SameFile(opened, there), nil
}

func openError(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, berrors.ErrTimeout):
		return &HeldError{Path: path, PID: notedPID(path)}
	case errors.As(err, new(*fs.PathError)), errors.As(err, new(*os.SyscallError)):
		return fmt.Errorf("open the record: %w", err)
	}
	return &DamagedError{Path: path, Cause: err} // such as a wrong checksum, or a file too short for two meta pages
}

// prepare checks the file, narrows its mode, and makes the bucket.
func prepare(db *bbolt.DB, path string) error {
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("open the record: %w", err)
	}
	err := Check(db, path)
	if !errors.Is(err, ErrNoRecord) {
		return err
	}
	return guarded(path, func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			if k, _ := tx.Cursor().First(); k != nil { // somebody else's database
				return &DamagedError{Path: path, Cause: ErrNoRecord}
			}
			_, err := tx.CreateBucket([]byte("pairs"))
			return err
		})
	})
}

// Close waits for the commit in progress, ends the leases, and closes the file when nobody
// reads it any more.
func (b *Engine) Close() error {
	b.closing.Lock()
	defer b.closing.Unlock()
	if !b.endWriting() {
		return nil
	}
	if b.readOnly {
		return b.DB.Close()
	}
	b.mu.Lock()
	for _, l := range b.leases {
		l.end()
	}
	b.mu.Unlock()
	note := removeIfThere(notePath(b.path)) // before the lock is given back, or the next owner's note would go
	if b.damage != nil {
		return note // bbolt's lock may be held by what panicked, and Close would wait for it
	}
	return errors.Join(note, b.DB.Close())
}

// endWriting refuses all further commits. It returns false if that was done before.
func (b *Engine) endWriting() bool {
	b.writing.Lock()
	defer b.writing.Unlock()
	if b.closed {
		return false
	}
	b.closed = true
	close(b.ended)
	return true
}

// Backup writes a copy of the file as it is now; commits go on meanwhile.
func (b *Engine) Backup(ctx context.Context, w io.Writer) (n int64, err error) {
	err = view(b.DB, b.path, func(tx *bbolt.Tx) error {
		n, err = tx.WriteTo(&contextWriter{ctx, w})
		return err
	})
	if ended := ctx.Err(); ended != nil { // bbolt's error does not wrap it
		err = ended
	}
	return n, err
}

// Path is the name of the file.
func (b *Engine) Path() string { return b.path }

// Size returns the bytes of the file in use, and those of them that are free for reuse.
func (b *Engine) Size() (used, free int64, err error) { return sizes(b.DB, b.path) }

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

// notePath is the file beside the record that names the process which has it open.
func notePath(path string) string { return path + ".pid" }

func noteProcess(path string) error {
	if err := os.WriteFile(notePath(path), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return fmt.Errorf("note the process beside the record: %w", err)
	}
	return nil
}

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

// HeldError says that another process has the record open.
type HeldError struct {
	Path string
	PID  int // 0 if it is not known
}

func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s is in use by another process: stop that one first", e.Path)
	}
	return fmt.Sprintf("%s is in use by process %d: stop that one first", e.Path, e.PID)
}

// DamagedError says that the file is not what was written, and how to go on.
type DamagedError struct {
	Path  string
	Cause error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged (%v): stop the bot, put the file aside, copy the newest backup to its place and start again; "+
		"what was sent since that backup is then settled, not repeated", e.Path, e.Cause)
}

func (e *DamagedError) Unwrap() error { return e.Cause }

// WriteCopy writes a copy of a file under a new name, with one more pair in it, and makes
// it durable; where it fails nothing is left. It also shows that the copy can be opened.
func WriteCopy(path string, write func(io.Writer) (int64, error), key string, value []byte) (int64, error) {
	if err := removeIfThere(path); err != nil { // of an earlier try
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := write(f)
	if err = errors.Join(err, f.Close()); err == nil {
		err = addPair(path, key, value)
	}
	if err != nil {
		return 0, errors.Join(err, removeIfThere(path))
	}
	return n, nil
}

// addPair writes a pair into a file that nobody uses, and makes the whole file durable.
func addPair(path, key string, value []byte) error {
	return guarded(path, func() error {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, Timeout: time.Second})
		if err != nil {
			return err
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			bucket := pairs(tx)
			return bucket.Put([]byte(key), frame(key, value, int64(bucket.Sequence())))
		})
		return errors.Join(err, db.Sync(), db.Close())
	})
}

// HalfFile ends the name of a file that NewFile is making.
const HalfFile = ".part"

// NewFile has a file written under a name that nobody else has, and gives it its own name
// when it is complete, on condition that no file has that one; else fs.ErrExist.
func NewFile(path string, write func(half string) (int64, error)) (int64, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return 0, cmp.Or(err, fs.ErrExist)
	}
	half, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+HalfFile)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	if err = half.Close(); err == nil {
		n, err = write(half.Name())
	}
	if err == nil {
		err = giveName(half.Name(), path)
	}
	if err != nil {
		return 0, errors.Join(err, removeIfThere(half.Name()))
	}
	return n, nil
}
