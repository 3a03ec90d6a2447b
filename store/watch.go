package store

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"factorbot/bot/reset"
)

// Change tells that a request's head or log has moved. It carries no state: read
// the request and what is new in its log.
type Change struct {
	ID       reset.ID
	Revision int64 // of the record when it moved
}

func isHead(key string) bool { return strings.HasSuffix(key, headSuffix) }

// Watch yields every request that is not settled, the newest first, then each
// whose head or log has moved since. It merges moves while its reader is busy,
// may repeat one, and never misses the last. It ends with an error.
func (r *Reader) Watch(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		_, rev, err := r.engine.read(ctx, headPrefix, headPrefix, 1)
		if err != nil {
			yield(Change{}, fmt.Errorf("watch requests: %w", err))
			return
		}
		for head, err := range r.heads(ctx) {
			if err != nil {
				yield(Change{}, fmt.Errorf("watch requests: %w", err))
				return
			}
			if !head.State.Settled() && !yield(Change{ID: head.ID, Revision: head.Version}, nil) {
				return
			}
		}
		for p, err := range r.engine.watch(ctx, headPrefix, rev) {
			if err != nil {
				yield(Change{}, fmt.Errorf("watch requests: %w", err))
				return
			}
			if !yield(Change{ID: reset.NewID(numberOf(p.key)), Revision: p.rev}, nil) {
				return
			}
		}
	}
}
