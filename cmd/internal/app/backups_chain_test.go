package app

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"factorbot/bot/reset"
	"factorbot/cmd/internal/config"
	"factorbot/cmd/internal/metrics"
	"factorbot/store"
)

// forger changes a word of the audit trail in the backups that it makes: as a disk would,
// or as somebody who knows the file, checksums and all.
type forger struct {
	file  *store.Store
	forge string
}

const (
	damages = "damages"
	forges  = "forges"
)

func (f forger) BackupFile(ctx context.Context, path string) (int64, error) {
	n, err := f.file.BackupFile(ctx, path)
	if err != nil || f.forge == "" {
		return n, err
	}
	return n, rewrite(path, f.forge == forges)
}

// rewrite changes every value that has the word, and with sums its checksum: a revision of 8 bytes, the
// CRC-32C of key, revision and payload, the payload. A payload of deflated lines begins with
// 'z', one of plain lines with '='.
func rewrite(path string, sums bool) error {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		pairs, changed := tx.Bucket([]byte("pairs")), map[string][]byte{}
		if err := pairs.ForEach(func(k, v []byte) error {
			head, payload := v[:12], v[12:]
			if bytes.HasPrefix(payload, []byte{'z'}) {
				lines, err := io.ReadAll(flate.NewReader(bytes.NewReader(payload[1:])))
				if err != nil {
					return err
				}
				payload = append([]byte{'='}, lines...)
			}
			if bytes.Contains(payload, []byte("stolen phones")) {
				changed[string(k)] = slices.Concat(head, bytes.ReplaceAll(payload, []byte("stolen phones"), []byte("forged phones")))
			}
			return nil
		}); err != nil {
			return err
		}
		for k, v := range changed {
			sum := crc32.Checksum(slices.Concat([]byte(k), v[:8], v[12:]), crc32.MakeTable(crc32.Castagnoli))
			if sums {
				binary.BigEndian.PutUint32(v[8:], sum)
			}
			if err := pairs.Put([]byte(k), v); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, db.Close())
}

// TestBackups_chain tells of a backup whose audit trail was changed, and of no other.
func TestBackups_chain(t *testing.T) {
	for forged, want := range map[string]string{"": "", damages: "A value in the backup doesn't match its checksum.", forges: "the org's log, entry 1: "} {
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
		b := &backups{record: forger{file, forged}, plan: config.Backup{Dir: dir, Every: time.Hour, Keep: 2}, log: slog.New(slog.DiscardHandler), now: time.Now, broken: chainAlarm(term), count: metrics.NewBackups()}
		if err := b.make(t.Context()); err != nil {
			t.Fatal(err)
		}
		var told []string
		for e, err := range term.OrgLog(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Fact != nil && e.Fact.Name == reset.FactChainBroken {
				told = append(told, e.Fact.Detail["what"])
			}
		}
		if want == "" && len(told) != 0 || want != "" && (len(told) != 1 || !strings.HasPrefix(told[0], want)) {
			t.Errorf("a backup that somebody %q: the facts tell %q", forged, told)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}
