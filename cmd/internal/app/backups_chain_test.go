package app

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/cmd/internal/config"
	"factorbot/store"
)

// forger changes a word of the audit trail in the backups that it makes.
type forger struct {
	file  *store.Store
	forge bool
}

func (f forger) BackupFile(ctx context.Context, path string) (int64, error) {
	n, err := f.file.BackupFile(ctx, path)
	if err != nil || !f.forge {
		return n, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return n, err
	}
	return n, os.WriteFile(path, bytes.ReplaceAll(b, []byte("stolen phones"), []byte("forged phones")), 0o600)
}

// TestBackups_chain tells of a backup whose audit trail was changed, and of no other.
func TestBackups_chain(t *testing.T) {
	for _, forged := range []bool{false, true} {
		file, err := store.Open(filepath.Join(t.TempDir(), "record.db"), "https://example.okta.com")
		if err != nil {
			t.Fatal(err)
		}
		term, err := file.Lead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := &reset.Freeze{By: "U_APPROVER1", At: time.Now(), Why: "stolen phones"}
		if err := term.AppendOrgFacts(t.Context(), f.FrozenFact()); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		b := &backups{record: forger{file, forged}, plan: config.Backup{Dir: dir, Every: time.Hour, Keep: 2}, log: slog.New(slog.DiscardHandler), now: time.Now, broken: chainAlarm(term)}
		if err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		told := 0
		for e, err := range term.OrgLog(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Fact != nil && e.Fact.Name == reset.FactChainBroken {
				told++
			}
		}
		if (told == 1) != forged {
			t.Errorf("forged %v: %d facts tell of a broken chain", forged, told)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}
