package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"factorbot/bot/reset"
	"factorbot/store/internal/audit"
	"factorbot/store/internal/chain"
	"factorbot/store/internal/kv"
)

// migration brings a record from one schema version to the next. A crash may leave it
// half done, so what it does may be done again.
type migration struct {
	about string // for the log and for errors: "give each log a chain"
	do    func(ctx context.Context, s *Store) error
}

// migrations are in order: the one at i leads from version i+1 to i+2.
func migrations() []migration {
	return []migration{
		{"give each log a chain", chainLogs},
		{"leave the claims to the logs", dropClaims},
	}
}

// upgrade is what the record remembers of its migration until that is done.
type upgrade struct {
	Backup string `json:"backup"` // name of the file, beside the record, from before the first step
}

// migrate brings the record from a version to the one that the steps end with, and writes
// the version down after each. First it makes a backup beside the file.
func (s *Store) migrate(ctx context.Context, path string, from int, steps []migration) error {
	if from-1 >= len(steps) {
		return nil
	}
	before, err := s.backupBefore(ctx, path, from)
	fail := func(version int, err error) error {
		return &MigrationError{Path: path, From: version, Backup: before, Cause: err}
	}
	if err != nil {
		return fail(from, err)
	}
	for version := from; version-1 < len(steps); version++ {
		step := steps[version-1]
		if err := step.do(ctx, s); err != nil {
			return fail(version, fmt.Errorf("%s: %w", step.about, err))
		}
		sign, err := s.signedAs(ctx, version+1)
		if err != nil {
			return fail(version, err)
		}
		ops := []kv.Op{kv.Put(metaKey, sign)}
		if version == len(steps) {
			ops = append(ops, kv.Remove(upgradeKey))
		}
		if _, err = s.engine.Commit(ctx, nil, ops...); err != nil {
			return fail(version, err)
		}
	}
	return nil
}

// signedAs returns what the record says of itself, with another schema version.
func (s *Store) signedAs(ctx context.Context, version int) ([]byte, error) {
	m, _, err := s.meta(ctx)
	if err != nil {
		return nil, err
	}
	m.Schema = version
	return json.Marshal(m)
}

// backupBefore returns the name of a backup from before the first step of a migration. It
// makes one, unless an earlier try of the same migration has: the record itself says so,
// and nobody has led it since. A file that is already there keeps its name and its content.
func (s *Store) backupBefore(ctx context.Context, path string, from int) (string, error) {
	var u upgrade
	rev, err := s.readJSON(ctx, upgradeKey, &u)
	if err != nil {
		return "", err
	}
	led, err := kv.Get(ctx, s.engine, kv.LeaseKey(leaderName))
	if err != nil {
		return "", err
	}
	if rev > led.Rev {
		before := filepath.Join(filepath.Dir(path), u.Backup)
		if _, err := os.Lstat(before); !errors.Is(err, fs.ErrNotExist) {
			return before, err
		}
	}
	first := fmt.Sprintf("%s.schema-%d%s", path, from, s.now().UTC().Format("-20060102T150405Z"))
	before := first
	for i := 2; ; i++ {
		if _, err = s.BackupFile(ctx, before); !errors.Is(err, fs.ErrExist) {
			break
		}
		before = fmt.Sprintf("%s-%d", first, i)
	}
	if err != nil {
		return before, err
	}
	b, err := json.Marshal(upgrade{Backup: filepath.Base(before)})
	if err != nil {
		return before, err
	}
	_, err = s.engine.Commit(ctx, nil, kv.Put(upgradeKey, b))
	return before, err
}

// chainLogs is the step from schema version 1, whose logs have no chains: each gets the
// hash of its entries as they are, and the org's log the heads of all. Entries of
// that version have no salt, so their names are hashed as they are.
func chainLogs(ctx context.Context, s *Store) error {
	var heads []reset.Fact
	numbers, err := s.logNumbers(ctx)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		end, err := s.chainLog(ctx, n)
		if err != nil {
			return err
		}
		if n != 0 {
			f := chainedFact(audit.FactChained, newAppend(end), nil)
			f.At = s.now()
			heads = append(heads, f)
		}
	}
	for some := range slices.Chunk(heads, 200) {
		if err := s.anchorLogs(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// logNumbers returns the numbers of all logs, the org's own first.
func (s *Store) logNumbers(ctx context.Context) ([]int, error) {
	numbers := []int{0}
	for p, err := range kv.Scan(ctx, s.engine, headPrefix, 100) {
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(p.Key, tailSuffix) {
			numbers = append(numbers, numberOf(p.Key))
		}
	}
	return numbers, nil
}

// chainLog writes the hash of a log's last entry beside its number.
func (s *Store) chainLog(ctx context.Context, n int) (*logEnd, error) {
	p, last, _, err := s.tail(ctx, n)
	if err != nil {
		return nil, err
	}
	at := chain.First(s.org, n)
	for c, err := range chainOf(n).UpTo(ctx, s.engine, 1, last) {
		if err != nil {
			return nil, err
		}
		sum, err := c.Sum()
		if err != nil {
			return nil, err
		}
		at = at.Next(c.Seq, sum)
	}
	_, err = s.engine.Commit(ctx, []kv.Cond{{Key: p.Key, Rev: p.Rev}}, tailPut(n, last, at))
	return &logEnd{n: n, last: last, at: at}, err
}

// anchorLogs appends facts to the org's log.
func (s *Store) anchorLogs(ctx context.Context, facts []reset.Fact) error {
	_, last, at, err := s.tail(ctx, 0)
	if err != nil {
		return err
	}
	sheet, err := appendFacts(&logEnd{n: 0, last: last, at: at}, facts)
	if err != nil {
		return err
	}
	conds, ops := sheet.parts()
	_, err = s.engine.Commit(ctx, conds, ops...)
	return err
}

// dropClaims is the step from schema version 2, where a user's record held the claim
// beside the notes. The logs of the requests that are not settled say the same. An
// earlier program would not look there, so it must not open the record any more.
func dropClaims(ctx context.Context, s *Store) error {
	for p, err := range kv.Scan(ctx, s.engine, userPrefix, 100) {
		if err != nil {
			return err
		}
		var u reset.UserRecord
		if err := json.Unmarshal(p.Value, &u); err != nil {
			return fmt.Errorf("%s: %w", p.Key, err)
		}
		if u.Claim == nil {
			continue
		}
		u.User = reset.UserID(p.Key[len(userPrefix):])
		o, err := notesOp(u)
		if err != nil {
			return err
		}
		if _, err := s.engine.Commit(ctx, []kv.Cond{{Key: p.Key, Rev: p.Rev}}, o); err != nil {
			return err
		}
	}
	return nil
}
