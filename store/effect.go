package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// effect remembers that a cause took effect. The key makes it happen once; the
// mark tells the try that made it from every other one.
type effect struct {
	At     time.Time `json:"at"`
	Mark   string    `json:"mark"`
	Number int       `json:"number,omitempty"` // of the request that a Create made
}

// effect returns the operation that remembers a cause.
func (t *Term) effect(key string, number int) (op, error) {
	b, err := json.Marshal(effect{At: t.store.stamp(), Mark: rand.Text(), Number: number})
	return put(key, b), err
}

// effected returns what is remembered of a cause, nil if nothing is.
func (r *Reader) effected(ctx context.Context, key string) (*effect, error) {
	p, err := get(ctx, r.engine, key)
	if err != nil || p.rev == 0 {
		return nil, err
	}
	e := &effect{}
	if err := json.Unmarshal(p.value, e); err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return e, nil
}

// took reports whether a cause took effect on a request before; "" never did.
func (r *Reader) took(ctx context.Context, n int, cause string) (bool, error) {
	if cause == "" {
		return false, nil
	}
	e, err := r.effected(ctx, opKey(n, cause))
	return e != nil, err
}

// number reads a counter; 0 if it is not there.
func (r *Reader) number(ctx context.Context, key string) (pair, int64, error) {
	p, err := get(ctx, r.engine, key)
	if err != nil || p.rev == 0 {
		return p, 0, err
	}
	n, err := strconv.ParseInt(string(p.value), 10, 64)
	if err != nil {
		return p, 0, fmt.Errorf("read %s: %w", key, err)
	}
	return p, n, nil
}

// LastNote returns the number of the last note on any user, 1 if there is none. Who plans
// asks before looking at the users: a note with a higher number is newer than the plan.
func (r *Reader) LastNote(ctx context.Context) (int64, error) {
	_, last, err := r.lastNote(ctx)
	return last, err
}

func (r *Reader) lastNote(ctx context.Context) (pair, int64, error) {
	p, last, err := r.number(ctx, notesKey)
	return p, max(last, 1), err
}

func numberPut(key string, n int64) op { return put(key, strconv.AppendInt(nil, n, 10)) }
