package store

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"factorbot/bot/reset"
	"factorbot/store/internal/audit"
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
// are when it begins.
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
		entriesOf(n).UpTo(ctx, r.engine, from, last)(yield)
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

// logs shows the record's logs to an audit.
type logs struct{ *Reader }

func (l logs) Numbers(ctx context.Context) ([]int, error) {
	found := map[int]bool{}
	for p, err := range kv.Scan(ctx, l.engine, headPrefix, 100) {
		if err != nil {
			return slices.Sorted(maps.Keys(found)), err
		}
		found[numberOf(p.Key)] = true
	}
	return slices.Sorted(maps.Keys(found)), nil
}

func (l logs) End(ctx context.Context, n int) (last int64, at chain.Hash, err error) {
	_, last, at, err = l.tail(ctx, n)
	return last, at, err
}

func (l logs) Entries(ctx context.Context, n int) iter.Seq2[chain.Entry, error] {
	return chainOf(n).Stored(ctx, l.engine)
}

// What an audit is about, see the functions that take and return it.
type (
	Expected = audit.Expected
	Finding  = audit.Finding
	Audit    = audit.Report
	Link     = audit.Link
)

// Verify verifies the audit trail, and compares it with what was kept outside the record. It
// reads a record that nobody writes: an inspection, or a backup. The error is about reading;
// what is wrong with the record is in the findings.
func (r *Reader) Verify(ctx context.Context, kept ...Expected) (*Audit, error) {
	return audit.Verify(ctx, logs{r}, kept...)
}

// Trail yields the audit trail, the org's own log first, then each request's, the oldest
// first. Of a damaged record it yields what can be read, and then the errors met.
func (r *Reader) Trail(ctx context.Context) iter.Seq2[Link, error] { return audit.Trail(ctx, logs{r}) }
