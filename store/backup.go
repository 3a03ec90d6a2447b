package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"factorbot/store/internal/kv/boltkv"
)

// copyMark is what a backup says of itself: whoever starts on one knows that calls may
// have been sent since.
type copyMark struct {
	Taken time.Time `json:"taken"`
	Okta  time.Time `json:"okta,omitzero"`  // the same moment by Okta's clock; zero: not known
	Until time.Time `json:"until,omitzero"` // of a record that was put back: it was used until then at least
}

// Backup writes a copy of the record as it is now, while others write on. A copy is
// opened like the record itself, and tells when it was taken: see [Store.RestoredFrom].
// It is first made beside the record, so there has to be room for it.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	if err := s.backup(ctx, w); err != nil {
		return fmt.Errorf("back up the record: %w", err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, w io.Writer) error {
	if s.file == nil {
		return errNoFile
	}
	if err := s.copying.take(ctx); err != nil { // one at a time: they are made under the same name
		return err
	}
	defer s.copying.giveBack()
	path := s.file.Path() + ".out"
	if _, err := markedCopy(ctx, s.file, path, s.mark()); err != nil {
		return err
	}
	return errors.Join(stream(ctx, path, w), os.Remove(path))
}

func stream(ctx context.Context, path string, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { f.Close() }) // which ends the copy
	defer stop()
	_, err = io.Copy(w, f)
	if err = errors.Join(err, f.Close()); ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// BackupFile makes a backup in a new file, mode 0600, and returns its size in bytes. A
// file with this name is a whole backup and durable: it gets the name last. One that is
// there is an error, fs.ErrExist.
func (s *Store) BackupFile(ctx context.Context, path string) (int64, error) {
	return backupFile(ctx, s.file, path, s.mark())
}

// errNoFile says that a record has no file that could be copied.
var errNoFile = errors.New("it is in etcd, which has snapshots of its own: etcdctl snapshot save")

// BackupFile is [Store.BackupFile], for a file that no bot has open.
func (i *Inspection) BackupFile(ctx context.Context, path string) (int64, error) {
	return backupFile(ctx, i.file, path, copyMark{Taken: i.now().UTC()})
}

func backupFile(ctx context.Context, file *boltkv.Engine, path string, m copyMark) (n int64, err error) {
	if err = errNoFile; file != nil {
		n, err = boltkv.NewFile(path, func(half string) (int64, error) { return markedCopy(ctx, file, half, m) })
	}
	if err != nil {
		return 0, fmt.Errorf("back up the record to %s: %w", path, err)
	}
	return n, nil
}

// markedCopy writes a marked and durable copy; where it fails nothing is left.
func markedCopy(ctx context.Context, file *boltkv.Engine, path string, m copyMark) (int64, error) {
	mark, err := json.Marshal(m)
	if err != nil {
		return 0, err
	}
	return boltkv.WriteCopy(path, func(w io.Writer) (int64, error) { return file.Backup(ctx, w) }, copyKey, mark)
}

// WriteBackup puts a backup that comes from elsewhere into a new file, mode 0600, as
// BackupFile does: write writes its bytes.
func WriteBackup(path string, write func(io.Writer) (int64, error)) (int64, error) {
	n, err := boltkv.NewFile(path, func(half string) (int64, error) {
		f, err := os.OpenFile(half, os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return 0, err
		}
		n, err := write(f)
		if err == nil {
			err = f.Sync()
		}
		return n, errors.Join(err, f.Close())
	})
	if err != nil {
		return 0, fmt.Errorf("write a backup to %s: %w", path, err)
	}
	return n, nil
}

// OktaTime has backups name their moment by Okta's clock, too: now returns its time, zero
// where that is not known. Until it is called they name it by this machine's clock alone,
// which may be wrong.
func (s *Store) OktaTime(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oktaTime = now
}

// mark is what a backup that is made now says of itself. It is taken before the copy: what
// is sent meanwhile is sent after it.
func (s *Store) mark() copyMark {
	s.mu.Lock()
	oktaNow := s.oktaTime
	s.mu.Unlock()
	m := copyMark{Taken: s.now().UTC()}
	if oktaNow != nil {
		m.Okta = oktaNow().UTC()
	}
	return m
}

// HalfBackup ends the name of a backup that is not whole yet: "copy.db.1234.part".
const HalfBackup = boltkv.HalfFile
