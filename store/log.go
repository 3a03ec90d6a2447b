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

func entriesOf(n int) series.Series[reset.Entry] {
	return series.Series[reset.Entry]{Prefix: logPrefix(n), Number: func(e reset.Entry) int64 { return e.Seq }}
}

// chainOf is a log with what its chain needs.
func chainOf(n int) series.Series[chain.Entry] {
	return series.Series[chain.Entry]{Prefix: logPrefix(n), Number: func(c chain.Entry) int64 { return c.Seq }}
}

// tail reads where a log ends; the pair's revision is 0 if there is no such log.
func (r *Reader) tail(ctx context.Context, n int) (p kv.Pair, last int64, at chain.Hash, err error) {
	p, err = kv.Get(ctx, r.engine, tailKey(n))
	if err != nil || p.Rev == 0 {
		return p, 0, chain.First(r.org, n), err
	}
	if last, at, err = chain.ParseTail(string(p.Value)); err != nil {
		err = fmt.Errorf("read %s: %w", p.Key, err)
	}
	return p, last, at, err
}

// Log yields the entries of a request from a number on (from 1), as many as there
// are when it begins, perhaps some more.
func (r *Reader) Log(ctx context.Context, id reset.ID, from int64) iter.Seq2[reset.Entry, error] {
	if n := id.Number(); n != 0 {
		return r.log(ctx, n, from)
	}
	return func(yield func(reset.Entry, error) bool) {
		yield(reset.Entry{}, fmt.Errorf("%s: %w", id, ErrNotFound))
	}
}

// OrgLog yields the facts that belong to no request, from a number on (from 1).
func (r *Reader) OrgLog(ctx context.Context, from int64) iter.Seq2[reset.Entry, error] {
	return r.log(ctx, 0, from)
}

func (r *Reader) log(ctx context.Context, n int, from int64) iter.Seq2[reset.Entry, error] {
	return func(yield func(reset.Entry, error) bool) {
		p, last, _, err := r.tail(ctx, n)
		if err == nil && p.Rev == 0 && n != 0 {
			err = fmt.Errorf("%s: %w", reset.NewID(n), ErrNotFound)
		}
		if err != nil {
			yield(reset.Entry{}, err)
			return
		}
		if last < max(from, 1) {
			return
		}
		for e, err := range entriesOf(n).UpTo(ctx, r.engine, from, last) {
			if !yield(e, err) {
				return
			}
		}
	}
}

// AppendOrgFacts records facts that belong to no request: a start, a reload.
func (t *Term) AppendOrgFacts(ctx context.Context, facts ...reset.Fact) error {
	entries := make([]reset.Entry, len(facts))
	for i, f := range facts {
		entries[i] = reset.Entry{Kind: reset.EntryFact, At: f.At, Fact: &f}
	}
	asks, err := split(entries)
	for _, a := range asks {
		if err == nil {
			err = t.journal.submit(ctx, t, a)
		}
	}
	if err != nil {
		return fmt.Errorf("append to the org's log: %w", err)
	}
	return nil
}

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
	for c, err := range chainOf(n).Stored(ctx, r.engine) {
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
