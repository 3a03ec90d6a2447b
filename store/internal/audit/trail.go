package audit

import (
	"context"
	"encoding/json"
	"iter"
	"slices"

	"factorbot/bot/reset"
	"factorbot/store/internal/chain"
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
func Trail(ctx context.Context, logs Logs) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		numbers, err := logs.Numbers(ctx)
		for _, n := range slices.Compact(append([]int{0}, numbers...)) {
			if !trailOf(ctx, logs, n, yield) {
				return
			}
		}
		if err != nil {
			yield(Link{}, err)
		}
	}
}

// trailOf yields one log; false ends the trail.
func trailOf(ctx context.Context, logs Logs, n int, yield func(Link, error) bool) bool {
	at, id := chain.First(logs.Org(), n), reset.ID("")
	if n != 0 {
		id = reset.NewID(n)
	}
	for c, err := range logs.Entries(ctx, n) {
		if err != nil {
			return yield(Link{}, err)
		}
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
	return true
}
