package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"factorbot/store/internal/kv"
	"fmt"
	"strconv"
	"time"
)

// appliedOp remembers that a cause took effect. The key makes it happen once; the
// mark tells the try that made it from every other one.
type appliedOp struct {
	At     time.Time `json:"at"`
	Mark   string    `json:"mark"`
	Number int       `json:"number,omitempty"` // of the request that a Create made
}

// applyOp returns the operation that remembers a cause.
func (t *Term) applyOp(key string, number int) (kv.Op, error) {
	b, err := json.Marshal(appliedOp{At: t.store.stamp(), Mark: rand.Text(), Number: number})
	return kv.Put(key, b), err
}

// applied returns what is remembered of a cause, nil if nothing is.
func (r *Reader) applied(ctx context.Context, key string) (*appliedOp, error) {
	p, err := kv.Get(ctx, r.engine, key)
	if err != nil || p.Rev == 0 {
		return nil, err
	}
	e := &appliedOp{}
	if err := json.Unmarshal(p.Value, e); err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return e, nil
}

// alreadyApplied reports whether a cause took effect on a request before; "" never did.
func (r *Reader) alreadyApplied(ctx context.Context, n int, cause string) (bool, error) {
	if cause == "" {
		return false, nil
	}
	e, err := r.applied(ctx, opKey(n, cause))
	return e != nil, err
}

// number reads a counter; 0 if it is not there.
func (r *Reader) number(ctx context.Context, key string) (kv.Pair, int64, error) {
	p, err := kv.Get(ctx, r.engine, key)
	if err != nil || p.Rev == 0 {
		return p, 0, err
	}
	n, err := strconv.ParseInt(string(p.Value), 10, 64)
	if err != nil {
		return p, 0, fmt.Errorf("read %s: %w", key, err)
	}
	return p, n, nil
}

// LastNote returns the number of the last note on any user, 1 if there is none. A planner
// asks before it looks at the users: a note with a higher number is newer than the plan.
func (r *Reader) LastNote(ctx context.Context) (int64, error) {
	_, last, err := r.lastNote(ctx)
	return last, err
}

func (r *Reader) lastNote(ctx context.Context) (kv.Pair, int64, error) {
	p, last, err := r.number(ctx, notesKey)
	return p, max(last, 1), err
}

func numberPut(key string, n int64) kv.Op { return kv.Put(key, strconv.AppendInt(nil, n, 10)) }
