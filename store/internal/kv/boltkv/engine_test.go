package boltkv

import (
	"context"
	"errors"
	"path/filepath"
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
