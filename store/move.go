package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"strings"

	"factorbot/store/internal/kv"
	"factorbot/store/internal/kv/boltkv"
	"factorbot/store/internal/kv/etcdkv"
)

// ErrOccupied says that there is a record already where one is to be copied to.
var ErrOccupied = errors.New("there is a record already: name another file or prefix")

// Copy copies a record from a file or from etcd into a new file or an empty prefix of etcd,
// and verifies the audit trail of the copy. The copy counts as a backup: what the original
// was used for since is found out by whoever starts on it. It returns how many pairs were
// copied. No bot may have the file open; one in etcd is read as it is at one moment.
func Copy(ctx context.Context, from, to string, o ...Option) (int, error) {
	n, err := copyRecord(ctx, from, to, o)
	if err != nil {
		return 0, fmt.Errorf("copy the record from %s to %s: %w", from, to, err)
	}
	return n, nil
}

func copyRecord(ctx context.Context, from, to string, o []Option) (int, error) {
	source, err := Inspect(from, o...)
	if err != nil {
		return 0, err
	}
	if source.Damage != nil {
		return 0, errors.Join(source.Damage, source.Close())
	}
	target, done, err := newTarget(ctx, to, o)
	if err != nil {
		return 0, errors.Join(err, source.Close())
	}
	n, err := copyPairs(ctx, source, target)
	if err = errors.Join(err, source.Close(), done(err == nil)); err != nil {
		return 0, err
	}
	return n, verifyCopy(ctx, to, o)
}

// newTarget opens an engine that has no record. done closes it, and removes a file that is
// not whole.
func newTarget(ctx context.Context, to string, o []Option) (e kv.Engine, done func(whole bool) error, err error) {
	if !strings.HasPrefix(to, etcdkv.Scheme) {
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, errors.Join(ErrOccupied, err)
		}
	}
	set := optionsOf(o)
	engine, file, err := openEngine(to, set, func() (*boltkv.Engine, error) { return boltkv.Open(to, set.timeout) })
	if err != nil {
		return nil, nil, err
	}
	found, _, err := engine.Read(ctx, "", "", 1)
	if err == nil && len(found) > 0 {
		err = ErrOccupied
	}
	done = func(whole bool) error {
		err := engine.Close()
		if file != nil && !whole {
			err = errors.Join(err, os.Remove(to))
		}
		return err
	}
	if err != nil {
		return nil, nil, errors.Join(err, done(errors.Is(err, ErrOccupied)))
	}
	return engine, done, nil
}

// copyPairs copies all pairs but those of who leads, and what the record says of itself
// last: until that is there nobody takes the copy for a record.
func copyPairs(ctx context.Context, source *Inspection, target kv.Engine) (n int, err error) {
	mark, err := json.Marshal(copyMark{Taken: source.now().UTC()})
	if err != nil {
		return 0, err
	}
	var sign kv.Pair
	out := kv.Batch{Commit: target.Commit}
	for p, err := range source.pairs(ctx) {
		switch {
		case err != nil:
			return 0, err
		case strings.HasPrefix(p.Key, kv.LeaseKey("")), p.Key == tenureKey, p.Key == copyKey, p.Key == upgradeKey:
			continue
		case p.Key == metaKey:
			sign = p
			continue
		}
		if err := out.Add(ctx, kv.Put(p.Key, p.Value)); err != nil {
			return 0, err
		}
		n++
	}
	for _, o := range []kv.Op{kv.Put(copyKey, mark), kv.Put(metaKey, sign.Value)} {
		if err := out.Flush(ctx); err != nil {
			return 0, err
		}
		if err := out.Add(ctx, o); err != nil {
			return 0, err
		}
	}
	return n + 1, out.Flush(ctx)
}

// pairs yields what is in the record at one moment.
func (i *Inspection) pairs(ctx context.Context) iter.Seq2[kv.Pair, error] {
	return kv.Scan(ctx, i.atOneMoment().engine, "", copyPage)
}

// copyPage is how many pairs are read at once; each has up to half a megabyte.
const copyPage = 20

func verifyCopy(ctx context.Context, to string, o []Option) error {
	file, err := Inspect(to, o...)
	if err != nil {
		return err
	}
	audit, err := file.Verify(ctx)
	if err = errors.Join(err, file.Close()); err == nil && len(audit.Findings) > 0 {
		err = fmt.Errorf("the audit trail of the copy is not whole: %s", audit.Findings[0])
	}
	return err
}
