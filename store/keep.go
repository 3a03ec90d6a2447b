package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

const keepPrefix = "keep/"

// PutValue remembers a small value of another part of the program under a name,
// such as what was learnt of Okta's limits. The last one counts.
func (t *Term) PutValue(ctx context.Context, name string, value []byte) error {
	_, err := t.commit(ctx, nil, kv.Put(keepPrefix+name, value))
	if err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	return nil
}

// Value returns what was remembered under a name, nil if nothing was.
func (r *Reader) Value(ctx context.Context, name string) ([]byte, error) {
	p, err := kv.Get(ctx, r.engine, keepPrefix+name)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", name, err)
	}
	return p.Value, nil
}

// Installation returns a random name of this record, the same for its whole
// life: 26 letters and digits. Calls to Okta carry it, so that they are told
// from those of other programs in the System Log. It is no secret. It needs no term:
// the first process that asks makes it.
func (s *Store) Installation(ctx context.Context) (string, error) {
	p, err := s.putOnce(ctx, kv.Put(installationKey, []byte(rand.Text())))
	if err != nil {
		return "", fmt.Errorf("name the installation: %w", err)
	}
	return string(p.Value), nil
}

// putOnce writes the first pair, and the others with it, unless there is one under its key
// already, and returns the one that is there. It needs no term.
func (s *Store) putOnce(ctx context.Context, ops ...kv.Op) (kv.Pair, error) {
	first, pause := ops[0], unknownPause
	for {
		p, err := kv.Get(ctx, s.engine, first.Key)
		if err != nil || p.Rev != 0 {
			return p, err
		}
		rev, err := s.engine.Commit(ctx, []kv.Cond{kv.Absent(first.Key)}, ops...)
		switch {
		case err == nil:
			return kv.Pair{Key: first.Key, Value: first.Value, Rev: rev}, nil
		case errors.Is(err, kv.ErrUnknown):
			if err := wait(ctx, pause); err != nil {
				return p, err
			}
			pause *= 2
		case !errors.Is(err, kv.ErrConflict):
			return p, err
		}
	}
}

// readJSON decodes the value under a key, and returns its revision. Where that is 0 there
// is none, and into stays as it is.
func (r *Reader) readJSON(ctx context.Context, key string, into any) (rev int64, err error) {
	p, err := kv.Get(ctx, r.engine, key)
	if err != nil || p.Rev == 0 {
		return 0, err
	}
	if err := json.Unmarshal(p.Value, into); err != nil {
		return p.Rev, fmt.Errorf("read %s: %w", key, err)
	}
	return p.Rev, nil
}

// Installation is [Store.Installation].
func (t *Term) Installation(ctx context.Context) (string, error) { return t.store.Installation(ctx) }

// ChangeValue changes what is remembered under a name, in one commit with facts for the
// org's log. The closure gets the value, nil if there is none, and returns what it shall
// be; it is pure and may run twice. Its error changes nothing and is returned as it is. A
// value that stays as it is, without facts, is not written.
func (t *Term) ChangeValue(ctx context.Context, name string, change func(old []byte) ([]byte, []reset.Fact, error)) error {
	return t.inTurn(ctx, func() error {
		key := keepPrefix + name
		p, err := kv.Get(ctx, t.engine, key)
		if err != nil {
			return fmt.Errorf("look for %s: %w", name, err)
		}
		value, facts, err := change(bytes.Clone(p.Value))
		if err != nil {
			return err
		}
		if bytes.Equal(p.Value, value) && len(facts) == 0 {
			return nil
		}
		_, err = t.write(ctx, changeSet{conds: []kv.Cond{{Key: key, Rev: p.Rev}}, facts: facts, ops: always(kv.Put(key, value))})
		return err
	})
}
