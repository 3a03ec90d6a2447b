package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
)

// A backup is whole, marked with its time and nobody else's to read, and says so when opened.
func TestStore_BackupFile(t *testing.T) {
	dir := t.TempDir()
	s := MustOpen(t, filepath.Join(dir, "factorbot.db"), Clock(func() time.Time { return t0 }))
	term := mustTerm(t, s)
	r := mustRun(t, term, 30, t0)
	if _, restored, err := s.RestoredFrom(t.Context()); restored || err != nil {
		t.Errorf("the record itself: restored %t, %v", restored, err)
	}
	path := filepath.Join(dir, "copy.db")
	n, err := s.BackupFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	info := must[fs.FileInfo](t)(os.Stat(path))
	if info.Mode().Perm() != 0o600 || info.Size() < n {
		t.Errorf("mode %o, %d bytes, told %d", info.Mode().Perm(), info.Size(), n)
	}
	if _, err := s.BackupFile(t.Context(), path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over an existing file: %v", err)
	}
	copied := MustOpen(t, path)
	taken, restored, err := copied.RestoredFrom(t.Context())
	if err != nil || !restored || !taken.Equal(t0) {
		t.Errorf("the copy: taken %v, restored %t, %v", taken, restored, err)
	}
	if got := len(collect(t, copied.Targets(t.Context(), r.ID, 1, 1))); got != 30 {
		t.Errorf("%d targets", got)
	}
}

// A backup that is asked for while another one is streamed takes nothing away from it.
func TestStore_Backup_one_at_a_time(t *testing.T) {
	s := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"))
	mustRun(t, mustTerm(t, s), 3, t0)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	second := errors.New("not asked for")
	first := s.Backup(t.Context(), writing(func(p []byte) (int, error) {
		second = s.Backup(over, io.Discard)
		return len(p), nil
	}))
	if first != nil || !errors.Is(second, context.Canceled) {
		t.Errorf("the first: %v, the second: %v", first, second)
	}
	if err := s.Backup(t.Context(), io.Discard); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// writing is a writer that is a function.
type writing func([]byte) (int, error)

func (w writing) Write(p []byte) (int, error) { return w(p) }

// A backup that fails leaves nothing behind, and one that was cut off is in nobody's way.
func TestStore_BackupFile_fails(t *testing.T) {
	dir := t.TempDir()
	s := MustOpen(t, filepath.Join(dir, "factorbot.db"))
	path := filepath.Join(dir, "copy.db")
	if err := os.WriteFile(path+HalfBackup, []byte("cut off"), 0o644); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.BackupFile(ended, path); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended one: %v", err)
	}
	if _, err := s.BackupFile(t.Context(), filepath.Join(dir, "none", "copy.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
	if left := must[[]string](t)(filepath.Glob(path + "*")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := s.BackupFile(t.Context(), path); err != nil {
		t.Error(err)
	}
}

// Steps are done in order, each once, after a backup; a failed one is done again.
func TestOpen_migrates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	r := mustRun(t, mustTerm(t, s), 10, t0)
	MustClose(t, s)

	var did []string
	broken := errors.New("no room")
	step := func(name string, fail error) migration {
		return migration{about: name, do: func(ctx context.Context, s *Store) error {
			did = append(did, name)
			if fail != nil {
				return fail
			}
			_, err := s.engine.commit(ctx, nil, put("mark/"+name, []byte("done")))
			return err
		}}
	}
	known := migrations()
	plus := func(steps ...migration) Option {
		return func(o *options) { o.steps = append(known[:len(known):len(known)], steps...) }
	}
	_, err := Open(path, testOrg, plus(step("one", nil), step("two", broken)))
	if failed := (*MigrationError)(nil); !errors.As(err, &failed) || !errors.Is(err, broken) || !strings.Contains(err.Error(), BackupBefore(path, len(known)+1)) {
		t.Fatalf("a step that fails: %v", err)
	}
	s = MustOpen(t, path, plus(step("one", nil), step("two", nil)))
	if order := fmt.Sprint(did); order != "[one two two]" {
		t.Errorf("did %v", did)
	}
	if got := must[*reset.Request](t)(s.Get(t.Context(), r.ID)); got.State != reset.Running {
		t.Errorf("the request is %s", got.State)
	}
	if _, err := s.Kept(t.Context(), "none"); err != nil {
		t.Error(err)
	}
	MustClose(t, s)
	kept := must[[]string](t)(filepath.Glob(path + ".schema-*"))
	if len(kept) != 2 { // one from before each try that began at another version
		t.Errorf("backups: %v", kept)
	}
	if _, err := Open(path, testOrg); !errors.As(err, new(*SchemaError)) {
		t.Errorf("the earlier program: %v", err)
	}
	old := MustOpen(t, BackupBefore(path, len(known)+1)) // what the earlier program can go back to
	if got := must[*reset.Request](t)(old.Get(t.Context(), r.ID)); got.State != reset.Running {
		t.Errorf("the request is %s in the backup", got.State)
	}
}

// What retention frees comes back while the record is in use, and reads and writes go on.
func TestTerm_Sweep_givesRoomBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	now := t0
	s := MustOpen(t, path, Clock(func() time.Time { return now }), Retain(24*time.Hour))
	s.file.db.NoSync = true
	term := mustTerm(t, s)
	for i := range 100 {
		must[bool](t)(term.Receive(t.Context(), fmt.Sprint(i), make([]byte, 400_000)))
	}
	for i := range 100 {
		if err := term.Finish(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	r := mustRun(t, term, 700, t0)
	full := must[Stats](t)(s.Stats())
	reading, stop := context.WithCancel(t.Context())
	read := make(chan error, 1)
	go func() {
		var err error
		for err == nil && reading.Err() == nil {
			_, err = s.Get(t.Context(), r.ID)
		}
		read <- err
	}()
	if err := term.Sweep(t.Context(), t0.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-read; err != nil {
		t.Errorf("a reader meanwhile: %v", err)
	}
	small := must[Stats](t)(s.Stats())
	if full.Bytes < 32<<20 || small.Bytes > 4<<20 {
		t.Errorf("%d bytes became %d", full.Bytes, small.Bytes)
	}
	mustStart(t, term, r, 1)
	if _, err := Open(path, testOrg, Timeout(1)); !errors.As(err, new(*HeldError)) {
		t.Errorf("the compacted file is not locked: %v", err)
	}
	MustClose(t, s)
	again := MustOpen(t, path)
	if got := len(collect(t, again.Log(t.Context(), r.ID, 1))); got != 5 {
		t.Errorf("%d entries", got)
	}
}
