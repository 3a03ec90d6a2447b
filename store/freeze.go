package store

import (
	"context"
	"encoding/json"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// Frozen returns the freeze, nil while there is none.
func (r *Reader) Frozen(ctx context.Context) (*reset.Freeze, error) {
	f, _, err := r.frozen(ctx)
	return f, err
}

func (r *Reader) frozen(ctx context.Context) (*reset.Freeze, int64, error) {
	f := &reset.Freeze{}
	rev, err := r.readJSON(ctx, freezeKey, f)
	if err != nil || rev == 0 {
		return nil, 0, err
	}
	return f, rev, nil
}

// notFrozen returns ErrFrozen while everything is frozen.
func (r *Reader) notFrozen(ctx context.Context) error {
	f, err := r.Frozen(ctx)
	if err == nil && f != nil {
		return ErrFrozen
	}
	return err
}

// Freeze changes the org-wide stop. The closure gets it, nil while nothing is
// frozen, and returns what it shall be, nil to lift it, with the facts for the
// org's log. It is pure and may run twice; its error changes nothing and is
// returned as it is. An op takes effect once.
func (t *Term) Freeze(ctx context.Context, op string, change func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error)) (*reset.Freeze, error) {
	var made *reset.Freeze
	err := t.inTurn(ctx, func() (err error) {
		made, err = t.tryFreeze(ctx, op, change)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (t *Term) tryFreeze(ctx context.Context, cause string, change func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error)) (*reset.Freeze, error) {
	f, rev, err := t.frozen(ctx)
	if err != nil {
		return nil, err
	}
	if done, err := t.alreadyApplied(ctx, 0, cause); err != nil || done {
		return f, err
	}
	wanted, facts, err := change(f)
	if err != nil {
		return nil, err
	}
	o := kv.Remove(freezeKey)
	if wanted != nil {
		b, err := json.Marshal(wanted)
		if err != nil {
			return nil, err
		}
		o = kv.Put(freezeKey, b)
	}
	_, err = t.write(ctx, changeSet{cause: cause, conds: []kv.Cond{{Key: freezeKey, Rev: rev}}, facts: facts, ops: always(o)})
	return wanted, err
}
