package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
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

// A backup that fails leaves nothing behind.
func TestStore_BackupFile_fails(t *testing.T) {
	dir := t.TempDir()
	s := MustOpen(t, filepath.Join(dir, "factorbot.db"))
	path := filepath.Join(dir, "copy.db")
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
			_, err := s.engine.Commit(ctx, nil, kv.Put("mark/"+name, []byte("done")))
			return err
		}}
	}
	known := migrations()
	plus := func(steps ...migration) Option {
		return func(o *options) { o.steps = append(known[:len(known):len(known)], steps...) }
	}
	_, err := Open(path, testOrg, plus(step("one", nil), step("two", broken)))
	failed := (*MigrationError)(nil)
	if !errors.As(err, &failed) || !errors.Is(err, broken) || !strings.Contains(err.Error(), failed.Backup) {
		t.Fatalf("a step that fails: %v", err)
	}
	s = MustOpen(t, path, plus(step("one", nil), step("two", nil)))
	if order := fmt.Sprint(did); order != "[one two two]" {
		t.Errorf("did %v", did)
	}
	if got := must[*reset.Request](t)(s.Get(t.Context(), r.ID)); got.State != reset.Running {
		t.Errorf("the request is %s", got.State)
	}
	if _, err := s.Value(t.Context(), "none"); err != nil {
		t.Error(err)
	}
	MustClose(t, s)
	if kept := must[[]string](t)(filepath.Glob(path + ".schema-*")); !slices.Equal(kept, []string{failed.Backup}) {
		t.Errorf("backups: %v, want only the one from before the first try, %s", kept, failed.Backup)
	}
	if _, err := Open(path, testOrg); !errors.As(err, new(*SchemaError)) {
		t.Errorf("the earlier program: %v", err)
	}
	old := MustOpen(t, failed.Backup) // what the earlier program can go back to
	if got := must[*reset.Request](t)(old.Get(t.Context(), r.ID)); got.State != reset.Running {
		t.Errorf("the request is %s in the backup", got.State)
	}
}

// A migration takes no file for its backup that it did not make for this: neither one that
// happens to have the name, nor that of an earlier try after which the record was led on.
func TestOpen_migrates_backups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	clock := Clock(func() time.Time { return t0 })
	s := MustOpen(t, path, clock)
	mustCreate(t, mustTerm(t, s), 1)
	MustClose(t, s)
	fail := errors.New("no room")
	with := func(err error) Option {
		return func(o *options) {
			o.steps = append(migrations(), migration{"one", func(context.Context, *Store) error { return err }})
		}
	}
	try := func(err error) []string {
		t.Helper()
		s, got := Open(path, testOrg, clock, with(err))
		if !errors.Is(got, err) {
			t.Fatal(got)
		}
		if got == nil {
			MustClose(t, s)
		}
		return must[[]string](t)(filepath.Glob(path + ".schema-*"))
	}
	name := fmt.Sprintf("%s.schema-%d", path, len(migrations())+1)
	for _, taken := range []string{name, name + "-20260301T090000Z"} {
		if err := os.WriteFile(taken, []byte("somebody's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := try(fail); len(got) != 3 {
		t.Fatalf("backups: %v", got)
	}
	if got := try(fail); len(got) != 3 {
		t.Errorf("another try: %v", got)
	}
	s = MustOpen(t, path, clock) // the earlier program goes on with the record itself
	mustCreate(t, mustTerm(t, s), 1)
	MustClose(t, s)
	got := try(nil)
	if len(got) != 4 {
		t.Fatalf("after the earlier program: %v", got)
	}
	newest := MustOpen(t, got[3])
	if n := len(collect(t, newest.Requests(t.Context(), reset.Query{}))); n != 2 {
		t.Errorf("%s has %d requests", got[3], n)
	}
	for _, taken := range got[:2] {
		if b := must[[]byte](t)(os.ReadFile(taken)); string(b) != "somebody's" {
			t.Errorf("%s was replaced", taken)
		}
	}
}

// Two backups into one new file: one is whole under that name, the other is refused.
func TestStore_BackupFile_same_name(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy.db")
	n, err := WriteBackup(path, func(w io.Writer) (int64, error) {
		if _, err := WriteBackup(path, func(w io.Writer) (int64, error) { return 5, errors.Join(second(w.Write([]byte("first")))) }); err != nil {
			t.Error(err)
		}
		return 6, second(w.Write([]byte("second")))
	})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if b := must[[]byte](t)(os.ReadFile(path)); string(b) != "first" {
		t.Errorf("%s has %q", path, b)
	}
	if left := must[[]string](t)(filepath.Glob(path + "*")); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

func second[T any](_ T, err error) error { return err }

// A copy that is given up leaves nothing: an empty record in its place would look like a new one.
func TestCopy_interrupted(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "factorbot.db"), filepath.Join(dir, "copy.db")
	s := MustOpen(t, from)
	mustRun(t, mustTerm(t, s), 30, t0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Copy(ctx, from, to); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file stays: %v", err)
	}
	if n, err := Copy(t.Context(), from, to); err != nil || n < 10 {
		t.Errorf("once more: %d, %v", n, err)
	}
}
