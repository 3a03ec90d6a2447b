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
	if s.file == nil {
		return fmt.Errorf("back up the record: %w", errNoFile)
	}
	select { // one at a time: they are made under the same name
	case s.copying <- struct{}{}:
		defer func() { <-s.copying }()
	case <-ctx.Done():
		return fmt.Errorf("back up the record: %w", ctx.Err())
	}
	path := s.file.Path() + ".out"
	if _, err := s.makeCopy(ctx, path); err != nil {
		return fmt.Errorf("back up the record: %w", err)
	}
	err := stream(ctx, path, w)
	if err = errors.Join(err, os.Remove(path)); err != nil {
		return fmt.Errorf("back up the record: %w", err)
	}
	return nil
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
	n, err := s.backupFile(ctx, path)
	if err != nil {
		return 0, fmt.Errorf("back up the record to %s: %w", path, err)
	}
	return n, nil
}

// errNoFile says that a record has no file that could be copied.
var errNoFile = errors.New("it is in etcd, which has snapshots of its own: etcdctl snapshot save")

func (s *Store) backupFile(ctx context.Context, path string) (int64, error) {
	if s.file == nil {
		return 0, errNoFile
	}
	return boltkv.NewFile(path, func(half string) (int64, error) { return s.makeCopy(ctx, half) })
}

// BackupFile is [Store.BackupFile], for a file that no bot has open.
func (i *Inspection) BackupFile(ctx context.Context, path string) (int64, error) {
	if i.file == nil {
		return 0, fmt.Errorf("back up the record to %s: %w", path, errNoFile)
	}
	n, err := boltkv.NewFile(path, func(half string) (int64, error) {
		return markedCopy(half, copyMark{Taken: i.now().UTC()}, func(w io.Writer) (int64, error) { return i.file.Backup(ctx, w) })
	})
	if err != nil {
		return 0, fmt.Errorf("back up the record to %s: %w", path, err)
	}
	return n, nil
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

func (s *Store) oktaNow() time.Time {
	s.mu.Lock()
	now := s.oktaTime
	s.mu.Unlock()
	if now == nil {
		return time.Time{}
	}
	return now().UTC()
}

// HalfBackup ends the name of a backup that is not whole yet: "copy.db.1234.part".
const HalfBackup = boltkv.HalfFile

// makeCopy writes a marked and durable copy; where it fails nothing is left.
func (s *Store) makeCopy(ctx context.Context, path string) (int64, error) {
	// The time is taken before the copy: what is sent meanwhile is sent after it.
	return markedCopy(path, copyMark{Taken: s.now().UTC(), Okta: s.oktaNow()}, func(w io.Writer) (int64, error) { return s.file.Backup(ctx, w) })
}

func markedCopy(path string, m copyMark, write func(io.Writer) (int64, error)) (int64, error) {
	mark, err := json.Marshal(m)
	if err != nil {
		return 0, err
	}
	return boltkv.WriteCopy(path, write, copyKey, mark)
}
