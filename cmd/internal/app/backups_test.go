package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/metrics"
)

// paper is a record whose backups are a few bytes; full fails them, as a full disk would.
type paper struct{ full atomic.Bool }

var errFull = errors.New("no space left on device")

func (p *paper) BackupFile(_ context.Context, path string) (int64, error) {
	if p.full.Load() {
		return 0, errFull
	}
	return 6, os.WriteFile(path, []byte("record"), 0o600)
}

// names lists what is in a folder.
func names(tb testing.TB, dir string) []string {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// counted is what /metrics tells of the schedule.
func counted(b *backups) string {
	m, mux, shown := metrics.New(), http.NewServeMux(), httptest.NewRecorder()
	m.Register(metrics.Upkeep(b.count, metrics.NewReloads())...)
	m.Mount(mux)
	mux.ServeHTTP(shown, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return shown.Body.String()
}

func TestBackups_schedule(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "for it")
	synctest.Test(t, func(t *testing.T) {
		record := &paper{}
		var log lines
		plan := config.Backup{Dir: dir, Every: 24 * time.Hour, Keep: 3}
		start := func() (*backups, func()) {
			b := &backups{record: record, plan: plan, log: slog.New(slog.NewTextHandler(&log, nil)), now: time.Now, count: metrics.NewBackups()}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- b.Run(ctx) }()
			return b, func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		after := func(d time.Duration) []string {
			<-time.After(d)
			synctest.Wait()
			return names(t, dir)
		}
		b, stop := start()
		if got := after(time.Second); !slices.Equal(got, []string{"factorbot-20000101T000000Z.db"}) {
			t.Errorf("at the start: %v", got)
		}
		for _, other := range []string{"notes.txt", "factorbot-19990101T000000Z.db.123.part", "factorbot-x.db"} {
			if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"factorbot-20000103T000000Z.db", "factorbot-20000104T000000Z.db", "factorbot-20000105T000000Z.db", "factorbot-x.db", "notes.txt"}
		if got := after(4 * 24 * time.Hour); !slices.Equal(got, want) {
			t.Errorf("after four days: %v", got)
		}
		for _, want := range []string{"backups_total 5", "backup_failures_total 0", "backup_last_bytes 6", "backup_last_success_timestamp_seconds 9.470304e+08"} {
			if got := counted(b); !strings.Contains(got, "\nfactorbot_"+want+"\n") {
				t.Errorf("the metrics lack %s:\n%s", want, got)
			}
		}

		stop()
		b, stop = start() // within the day: the next is due when the last is a day old
		if got := after(23 * time.Hour); !slices.Equal(got, want) {
			t.Errorf("after a restart: %v", got)
		}
		record.full.Store(true)
		if got := after(2 * time.Hour); !slices.Equal(got, want) || strings.Contains(counted(b), "\nfactorbot_backup_failures_total 0\n") || !strings.Contains(log.String(), errFull.Error()) {
			t.Errorf("on a full disk: %v, %s, log %s", got, counted(b), log.String())
		}
		record.full.Store(false)
		if got := after(backupRetry); len(got) != 5 || !strings.Contains(counted(b), "\nfactorbot_backups_total 1\n") {
			t.Errorf("with room again: %v, %s", got, counted(b))
		}
		stop()
	})
}

// lines is a writer that may be read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lines) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lines) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
