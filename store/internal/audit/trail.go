package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
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
		numbers, failed := logs.Numbers(ctx)
		for _, n := range slices.Compact(append([]int{0}, numbers...)) {
			if ctx.Err() != nil {
				break
			}
			for l, err := range trailOf(ctx, logs, n) {
				if err != nil {
					failed = errors.Join(failed, err)
				} else if !yield(l, nil) {
					return
				}
			}
		}
		if failed = cmp.Or(ctx.Err(), failed); failed != nil {
			yield(Link{}, failed)
		}
	}
}

// trailOf yields one log, up to the first entry that cannot be read.
func trailOf(ctx context.Context, logs Logs, n int) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		at, id := chain.First(logs.Org(), n), reset.ID("")
		if n != 0 {
			id = reset.NewID(n)
		}
		for c, err := range logs.Entries(ctx, n) {
			if err != nil {
				yield(Link{}, err)
				return
			}
			bare := chain.Redact(c.Entry, c.Salt)
			bare.Seq = 0
			hashed, err := json.Marshal(bare)
			if err != nil {
				yield(Link{}, err)
				return
			}
			at = at.Next(c.Seq, sha256.Sum256(hashed))
			if !yield(Link{Request: id, Entry: c.Entry, Hash: at.String(), Hashed: hashed}, nil) {
				return
			}
		}
	}
}
