package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"factorbot/bot/reset"
)

// Get returns a request, or ErrNotFound.
func (r *Reader) Get(ctx context.Context, id reset.ID) (*reset.Request, error) {
	n := id.Number()
	if n == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	p, err := get(ctx, r.engine, headKey(n))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	if p.rev == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	return decodeHead(p)
}

func decodeHead(p pair) (*reset.Request, error) {
	r := &reset.Request{}
	if err := json.Unmarshal(p.value, r); err != nil {
		return nil, fmt.Errorf("read %s: %w", p.key, err)
	}
	r.Version = p.rev
	return r, nil
}

// Query says which requests are asked for; a zero field asks nothing.
type Query = reset.Query

func wants(q Query, r *reset.Request) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(q.By == "" || q.By == r.Asked.By) &&
		!r.Asked.At.Before(q.Since)
}

// Requests yields the requests asked for, the newest first.
func (r *Reader) Requests(ctx context.Context, q Query) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		left := q.Limit
		for head, err := range r.heads(ctx) {
			if err != nil {
				yield(nil, fmt.Errorf("list requests: %w", err))
				return
			}
			if !wants(q, head) {
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
		for p, err := range scan(ctx, r.engine, headPrefix, 100) {
			if err == nil && !isHead(p.key) {
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
