package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

func TestOpen_mode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	MustClose(t, MustOpen(t, path))
	if err := os.Chmod(path, 0o644); err != nil { // as somebody else may have left it
		t.Fatal(err)
	}
	s := MustOpen(t, path)
	for _, name := range []string{path, path + ".pid"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(name), got)
		}
	}
	MustClose(t, s)
	if _, err := os.Stat(path + ".pid"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the note is left after the close: %v", err)
	}
}

func TestOpen_refused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	mustCreate(t, mustTerm(t, s), 3)

	_, err := Open(path, testOrg, Timeout(time.Millisecond))
	if held := (*HeldError)(nil); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("opened twice: %v", err)
	}
	MustClose(t, s)

	_, err = Open(path, "https://other.okta.com")
	if wrong := (*OrgError)(nil); !errors.As(err, &wrong) || wrong.Recorded != testOrg {
		t.Errorf("another org: %v", err)
	}

	s = MustOpen(t, path) // which shows that the refusals have let go of the file
	mustCommit(t, s.engine, nil, kv.Put(metaKey, []byte(`{"schema":99,"org":"`+testOrg+`"}`)))
	MustClose(t, s)
	_, err = Open(path, testOrg)
	if later := (*SchemaError)(nil); !errors.As(err, &later) || later.Found != 99 {
		t.Errorf("a later schema: %v", err)
	}

	if _, err = Open(filepath.Join(path, "below"), testOrg); err == nil || errors.As(err, new(*DamagedError)) {
		t.Errorf("a place that cannot be: %v", err)
	}
}

// mustFile makes a record with a request in it, and returns the file's bytes.
func mustFile(tb testing.TB) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "whole.db")
	s := MustOpen(tb, path)
	term := mustTerm(tb, s)
	r := mustRun(tb, term, 900, t0)
	for row := 1; row <= 30; row++ {
		mustStart(tb, term, r, row)
	}
	var copied bytes.Buffer
	if err := s.Backup(tb.Context(), &copied); err != nil {
		tb.Fatal(err)
	}
	return copied.Bytes()
}

func TestOpen_damaged(t *testing.T) {
	whole := mustFile(t)
	page := os.Getpagesize()
	zero := make([]byte, page)
	for name, damage := range map[string]func([]byte) []byte{
		"no database":     func([]byte) []byte { return bytes.Repeat([]byte("not a database\n"), 5000) },
		"nothing":         func([]byte) []byte { return nil },
		"a short text":    func([]byte) []byte { return []byte("not a database\n") },
		"one page":        func(b []byte) []byte { return b[:page] },
		"cut":             func(b []byte) []byte { return b[:len(b)/2/page*page] },
		"cut in a page":   func(b []byte) []byte { return b[:len(b)/2+100] },
		"both metas gone": func(b []byte) []byte { copy(b, zero); copy(b[page:], zero); return b },
		"all data gone":   func(b []byte) []byte { clear(b[2*page:]); return b },
		"all data ones": func(b []byte) []byte {
			for i := range b[2*page:] {
				b[2*page+i] = 0xff
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "factorbot.db")
			if err := os.WriteFile(path, damage(bytes.Clone(whole)), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(path, testOrg)
			if err == nil {
				t.Error("opened")
				MustClose(t, s)
			}
			if !errors.As(err, new(*DamagedError)) || !strings.Contains(err.Error(), "backup") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// Wherever a few bytes are wrong: either Open tells, or they were in no use and
// everything is there.
func TestOpen_flipped(t *testing.T) {
	whole := mustFile(t)
	random := rand.New(rand.NewPCG(1, 2))
	page := os.Getpagesize()
	told := 0
	path := filepath.Join(t.TempDir(), "factorbot.db")
	for offset := 2 * page; offset < len(whole); offset += page {
		b := bytes.Clone(whole)
		at := offset + random.IntN(page)
		for i := range 4 {
			b[min(at+i, len(b)-1)] ^= byte(1 + random.IntN(255))
		}
		os.Remove(path) // a file that bbolt panicked over is locked until the end
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path, testOrg)
		if errors.As(err, new(*DamagedError)) {
			told++
			continue
		}
		if err != nil {
			t.Fatalf("bytes at %d: %v", at, err)
		}
		if got := len(collect(t, s.Targets(t.Context(), "FR-1", 1, 1))); got != 900 {
			t.Errorf("bytes at %d: %d targets", at, got)
		}
		if got := len(collect(t, s.Log(t.Context(), "FR-1", 1))); got != 34 {
			t.Errorf("bytes at %d: %d entries", at, got)
		}
		MustClose(t, s)
	}
	if told == 0 {
		t.Error("no damage was told")
	}
}

// A file that is damaged while it is open: the reader and the writer say so, and Close ends.
func TestStore_damagedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	if err := os.WriteFile(path, mustFile(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, testOrg)
	if err != nil {
		t.Fatal(err)
	}
	term := mustTerm(t, s)
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "FR-1"); !errors.As(err, new(*DamagedError)) {
		t.Errorf("read: %v", err)
	}
	for range 2 {
		if err := term.AppendOrgFacts(t.Context(), reset.Fact{Name: "reloaded"}); !errors.As(err, new(*DamagedError)) {
			t.Errorf("write: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestStore_Backup(t *testing.T) {
	dir := t.TempDir()
	s := MustOpen(t, filepath.Join(dir, "factorbot.db"))
	term := mustTerm(t, s)
	r := mustRun(t, term, 1200, t0)
	mustStart(t, term, r, 1)
	ctx, stop := context.WithCancel(t.Context())
	writing := make(chan struct{})
	go func() { // others write meanwhile
		defer close(writing)
		for row := 2; ctx.Err() == nil; row++ {
			if _, err := term.Start(t.Context(), r, started(row, userID(row))); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	var copied bytes.Buffer
	if err := s.Backup(t.Context(), &copied); err != nil {
		t.Fatal(err)
	}
	stop()
	<-writing

	path := filepath.Join(dir, "restored.db")
	if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	restored := MustOpen(t, path)
	term = mustTerm(t, restored)
	entries := collect(t, term.Log(t.Context(), r.ID, 1))
	if got := len(collect(t, term.Targets(t.Context(), r.ID, 1, 1))); got != 1200 || len(entries) < 5 {
		t.Errorf("restored %d targets and %d entries", got, len(entries))
	}
	if err := term.Append(t.Context(), r.ID, outcome(1, userID(1), t0)); err != nil {
		t.Error(err)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Backup(ended, &copied); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended backup: %v", err)
	}
	if stats := must[Stats](t)(s.Stats()); stats.Bytes < 10_000 || stats.Free < 0 || stats.Free > stats.Bytes {
		t.Errorf("stats %+v", stats)
	}
}

// A file that is mostly free is compacted at the next open, and nothing is lost.
func TestOpen_compacts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	s := MustOpen(t, path)
	s.file.DB.NoSync = true
	term := mustTerm(t, s)
	r := mustRun(t, term, 700, t0)
	for i := range 100 {
		must[bool](t)(term.Receive(t.Context(), fmt.Sprint(i), make([]byte, 400_000)))
	}
	before := must[*reset.Request](t)(term.Get(t.Context(), r.ID))
	for i := range 100 {
		if err := term.Finish(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	MustClose(t, s)
	if err := os.WriteFile(path+".compact", []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := must[fs.FileInfo](t)(os.Stat(path))

	s = MustOpen(t, path)
	small := must[fs.FileInfo](t)(os.Stat(path))
	if full.Size() < 40_000_000 || small.Size() > 2_000_000 || small.Mode().Perm() != 0o600 {
		t.Errorf("%d bytes became %d, mode %o", full.Size(), small.Size(), small.Mode().Perm())
	}
	if _, err := os.Stat(path + ".compact"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy is left: %v", err)
	}
	term = mustTerm(t, s)
	if got := must[*reset.Request](t)(term.Get(t.Context(), r.ID)); got.Version != before.Version {
		t.Errorf("the head has version %d, had %d", got.Version, before.Version)
	}
	if got := len(collect(t, term.Targets(t.Context(), r.ID, 1, 1))); got != 700 {
		t.Errorf("%d targets", got)
	}
	mustStart(t, term, before, 1)
	if _, err := Open(path, testOrg, Timeout(1)); !errors.As(err, new(*HeldError)) {
		t.Errorf("the compacted file is not locked: %v", err)
	}
}

func ExampleHeldError() {
	fmt.Println(&HeldError{Path: "factorbot.db", PID: 4711})
	fmt.Println(&HeldError{Path: "factorbot.db"})
	// Output:
	// factorbot.db is in use by process 4711: stop that one first
	// factorbot.db is in use by another process: stop that one first
}

// Metrics are asked for until the very end: of a closed record that is an error.
func TestStore_Stats_closed(t *testing.T) {
	s := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"))
	MustClose(t, s)
	if _, err := s.Stats(); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}
