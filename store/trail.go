package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"factorbot/bot/reset"
	"factorbot/store/internal/chain"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

// Link is one entry of the audit trail with its place in a chain.
type Link struct {
	Request reset.ID // "" is the org's own log
	Entry   reset.Entry
	Hash    string // of the chain up to here, 64 hex digits
	// Hashed is the JSON whose SHA-256 goes into the chain: the entry with references in the
	// place of names.
	Hashed []byte
}

// Trail yields the audit trail, the org's own log first, then each request's, the oldest
// first. Of a damaged record it yields what can be read, and then the errors met.
func (r *Reader) Trail(ctx context.Context) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		numbers := map[int]bool{0: true}
		for p, err := range kv.Scan(ctx, r.engine, headPrefix, 100) {
			if err != nil && !yield(Link{}, err) || err != nil {
				return
			}
			numbers[numberOf(p.Key)] = true
		}
		for _, n := range slices.Sorted(maps.Keys(numbers)) {
			if !r.trailOf(ctx, n, yield) {
				return
			}
		}
	}
}

// trailOf yields one log; false ends the trail.
func (r *Reader) trailOf(ctx context.Context, n int, yield func(Link, error) bool) bool {
	at, id := chain.First(r.org, n), reset.ID("")
	if n != 0 {
		id = reset.NewID(n)
	}
	var opened series.Opener
	for p, err := range kv.Scan(ctx, r.engine, logPrefix(n), series.PageLen) {
		if err != nil {
			return yield(Link{}, err)
		}
		items, err := series.Unpack[chain.Entry](&opened, p.Value)
		if err != nil {
			return yield(Link{}, fmt.Errorf("%s: %w", p.Key, err))
		}
		for _, c := range items {
			bare := chain.Redact(c.Entry, c.Salt)
			bare.Seq = 0
			hashed, err := json.Marshal(bare)
			if err != nil {
				return yield(Link{}, err)
			}
			sum, err := c.Sum()
			if err != nil {
				return yield(Link{}, err)
			}
			at = at.Next(c.Seq, sum)
			if !yield(Link{Request: id, Entry: c.Entry, Hash: at.String(), Hashed: hashed}, nil) {
				return false
			}
		}
	}
	return true
}
