package boltkv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/kvtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEngine(t *testing.T) {
	kvtest.Run(t, func(tb testing.TB) kv.Engine { return MustOpen(tb, filepath.Join(tb.TempDir(), "factorbot.db")) })
}

// MustOpen opens a file; at the end of the test it is checked and closed.
func MustOpen(tb testing.TB, path string) *Engine {
	tb.Helper()
	b, err := Open(path, time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := Check(b.DB, path); err != nil && !errors.Is(err, kv.ErrClosed) {
			tb.Error(err)
		}
		if err := b.Close(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

// Whoever waited for the lock of a file that was replaced meanwhile gets the new one.
func TestOpen_replacedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	if err := MustOpen(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	old := must[*bbolt.DB](t)(openFile(path, time.Second))
	opened := make(chan error, 1)
	go func() {
		b, err := Open(path, time.Minute)
		if err == nil {
			_, err = b.Commit(context.Background(), nil, kv.Put("mark", nil))
			err = errors.Join(err, b.Close())
		}
		opened <- err
	}()
	fresh := must[*bbolt.DB](t)(copyCompact(old, copyPath(path)))
	fresh = must[*bbolt.DB](t)(replace(old, fresh, path))
	if err := fresh.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	if p := must[kv.Pair](t)(kv.Get(t.Context(), MustOpen(t, path), "mark")); p.Rev == 0 {
		t.Error("the other one wrote into the file that was replaced")
	}
}

// A backup that is being read keeps the file open, and nobody but Close waits for it: writers
// are refused at once.
func TestEngine_Close_during_a_backup(t *testing.T) {
	b := MustOpen(t, filepath.Join(t.TempDir(), "factorbot.db"))
	closed, refused := make(chan error, 1), make(chan error, 1)
	_, err := b.Backup(t.Context(), writing(func(p []byte) (int, error) {
		select {
		case <-b.ended:
			return len(p), nil
		default:
		}
		go func() { closed <- b.Close() }()
		<-b.ended
		go func() {
			_, err := b.Commit(t.Context(), nil, kv.Put("late", nil))
			refused <- err
		}()
		select {
		case err := <-refused:
			if !errors.Is(err, kv.ErrClosed) {
				t.Errorf("a late writer: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("a late writer waits for the backup")
		}
		return len(p), nil
	}))
	if err := errors.Join(err, <-closed, b.Close()); err != nil {
		t.Error(err)
	}
}

// writing is a writer that is a function.
type writing func([]byte) (int, error)

func (w writing) Write(p []byte) (int, error) { return w(p) }

// must fails the test on an error.
func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// A page in the place of a later one of the same kind has its keys come twice. Whoever
// reads on from the last key would read the same again, for ever.
func TestEngine_Read_keysTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "factorbot.db")
	b := must[*Engine](t)(Open(path, time.Second))
	for i := range 2000 {
		if _, err := b.Commit(t.Context(), nil, kv.Put(fmt.Sprintf("key %04d", i), []byte(strings.Repeat("value ", 10)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	whole := must[[]byte](t)(os.ReadFile(path))
	early, late := leafWith(t, whole, "key 0500"), leafWith(t, whole, "key 1500")
	copy(whole[late+8:][:os.Getpagesize()-8], whole[early+8:]) // but for its number
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged, damage, err := Inspect(path)
	if err != nil || damage == nil {
		t.Fatal(damage, err)
	}
	defer damaged.Close()
	read := 0
	for _, err = range kv.Scan(t.Context(), damaged, "", 10) {
		if read++; err != nil || read > 2000 {
			break
		}
	}
	if !errors.As(err, new(*DamagedError)) || read < 1000 {
		t.Errorf("%d pairs read, then %v", read, err)
	}
}

// leafWith is where the page of leaves begins that has a key, the last such page in the file.
func leafWith(tb testing.TB, file []byte, key string) int {
	page := os.Getpagesize()
	for at := len(file) / page * page; at > 0; {
		at -= page
		const leaf = 2 // of a page's flags
		if binary.NativeEndian.Uint16(file[at+8:]) == leaf && bytes.Contains(file[at:][:page], []byte(key)) && binary.NativeEndian.Uint32(file[at+12:]) == 0 {
			return at
		}
	}
	tb.Fatalf("no page has %q", key)
	return 0
}
