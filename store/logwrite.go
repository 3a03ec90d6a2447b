package store

import (
	"context"

	"factorbot/bot/reset"
	"factorbot/store/internal/chain"
	"factorbot/store/internal/kv"
	"factorbot/store/internal/series"
)

// logEnd is what the term knows of a request's log and head.
type logEnd struct {
	n    int
	last int64         // number of the last entry
	at   chain.Hash    // of the chain, up to there
	head reset.Request // as it was read or written last; zero for the org
}

// moved records what a commit has written.
func (l *logEnd) moved(s *logAppend) { l.last, l.at = s.last, s.at }

// run is consecutive entries of one block, as JSON lines.
type run struct {
	first, last int64
	lines       []byte
}

// logAppend is one log's part of a commit: new entries with their numbers.
type logAppend struct {
	log    *logEnd
	last   int64
	at     chain.Hash
	values []run // one for each block that they touch
}

func newAppend(l *logEnd) *logAppend { return &logAppend{log: l, last: l.last, at: l.at} }

// appendFacts numbers facts.
func appendFacts(l *logEnd, facts []reset.Fact) (*logAppend, error) {
	s := newAppend(l)
	for _, f := range facts {
		l, err := encodeEntry(reset.Entry{Kind: reset.EntryFact, At: f.At, Fact: &f})
		if err != nil {
			return nil, err
		}
		s.add(l)
	}
	return s, nil
}

// encodedEntry is an entry on its way into a log, encoded but for its number and its mark.
type encodedEntry struct {
	reset.Entry
	chain.Line
}

// add gives a line its number and its place in a block.
func (s *logAppend) add(l encodedEntry) {
	s.last++
	if len(s.values) == 0 || s.last == series.BlockStart(s.last) {
		s.values = append(s.values, run{first: s.last})
	}
	v := &s.values[len(s.values)-1]
	v.lines, s.at = l.AppendTo(v.lines, s.last, s.at)
	v.last = s.last
}

// parts returns what the append adds to a commit: its values, on condition that their keys are free, and the tail.
func (s *logAppend) parts() (conds []kv.Cond, ops []kv.Op) {
	for _, v := range s.values {
		key := series.Key(logPrefix(s.log.n), v.first)
		conds = append(conds, kv.Absent(key))
		ops = append(ops, kv.Put(key, series.Value(v.lines)))
	}
	if len(s.values) > 0 || s.last == 0 {
		ops = append(ops, tailPut(s.log.n, s.last, s.at))
	}
	return conds, ops
}

// seal replaces the values of each block that was filled by one deflated value: at a pace
// each entry is a value of its own. A block whose sealing fails stays as it is, which costs
// only room: the failure meets the next write too.
func (t *Term) seal(ctx context.Context, appends []*logAppend) {
	for _, s := range appends {
		for _, v := range s.values {
			if v.last%series.BlockLen == 0 {
				_ = t.sealBlock(ctx, logPrefix(s.log.n), series.BlockStart(v.last))
			}
		}
	}
}

func (t *Term) sealBlock(ctx context.Context, prefix string, first int64) error {
	from, to := series.Key(prefix, first), series.Key(prefix, first+series.BlockLen)
	values, _, err := t.engine.Read(ctx, from, to, series.BlockLen)
	if err != nil {
		return err
	}
	var block []byte
	for _, p := range values {
		lines, err := series.Lines(p.Value)
		if err != nil {
			return err
		}
		block = append(block, lines...)
	}
	_, err = t.commit(ctx, nil, kv.Put(from, t.journal.zip.Value(block)), kv.RemoveRange(from+"\x00", to))
	return err
}

// encodeEntry encodes an entry but for its number and its mark.
func encodeEntry(e reset.Entry) (encodedEntry, error) {
	line, kept, err := chain.Encode(e)
	return encodedEntry{kept, line}, err
}

// tailPut writes where a log ends: its last number and the hash up to there.
func tailPut(n int, last int64, at chain.Hash) kv.Op {
	return kv.Put(tailKey(n), []byte(chain.FormatTail(last, at)))
}
