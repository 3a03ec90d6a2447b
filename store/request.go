package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

// Get returns a request, or ErrNotFound.
func (r *Reader) Get(ctx context.Context, id reset.ID) (*reset.Request, error) {
	n := id.Number()
	if n == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	p, err := kv.Get(ctx, r.engine, headKey(n))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	if p.Rev == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return decodeHead(p)
}

func decodeHead(p kv.Pair) (*reset.Request, error) {
	r := &reset.Request{}
	if err := json.Unmarshal(p.Value, r); err != nil {
		return nil, fmt.Errorf("read %s: %w", p.Key, err)
	}
	r.Version = p.Rev
	return r, nil
}

// Requests yields the requests asked for, the newest first.
func (r *Reader) Requests(ctx context.Context, q reset.Query) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		left := q.Limit
		for head, err := range r.heads(ctx) {
			if err != nil {
				yield(nil, fmt.Errorf("list requests: %w", err))
				return
			}
			if !q.Matches(head) {
				continue
			}
			if left--; !yield(head, nil) || left == 0 {
				return
			}
		}
	}
}

func (r *Reader) heads(ctx context.Context) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		for p, err := range kv.Scan(ctx, r.engine, headPrefix, 100) {
			if err == nil && !isHead(p.Key) {
				continue
			}
			var head *reset.Request
			if err == nil {
				head, err = decodeHead(p)
			}
			if !yield(head, err) || err != nil {
				return
			}
		}
	}
}

func isHead(key string) bool { return strings.HasSuffix(key, headSuffix) }

// Watch yields every request that is not settled, the newest first, then each
// whose head or log has moved since. It merges moves while its reader is busy,
// may repeat one, and never misses the last. It ends with an error.
func (r *Reader) Watch(ctx context.Context) iter.Seq2[reset.ID, error] {
	return func(yield func(reset.ID, error) bool) {
		_, rev, err := r.engine.Read(ctx, headPrefix, headPrefix, 1)
		if err != nil {
			yield("", fmt.Errorf("watch requests: %w", err))
			return
		}
		for head, err := range r.heads(ctx) {
			if err != nil {
				yield("", fmt.Errorf("watch requests: %w", err))
				return
			}
			if !head.State.Settled() && !yield(head.ID, nil) {
				return
			}
		}
		for p, err := range r.engine.Watch(ctx, headPrefix, rev) {
			if err != nil {
				yield("", fmt.Errorf("watch requests: %w", err))
				return
			}
			if !yield(reset.NewID(numberOf(p.Key)), nil) {
				return
			}
		}
	}
}
