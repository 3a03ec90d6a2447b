package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"factorbot/bot/reset"
	"factorbot/store/internal/audit"
	"factorbot/store/internal/chain"
	"factorbot/store/internal/kv"
)

// Head is the end of a chain.
type Head = chain.Head

// ParseHead reads what [Head.String] writes; at least 12 hex digits are enough.
func ParseHead(s string) (Head, error) { return chain.ParseHead(s) }

// Head returns the end of the org's chain as it is now.
func (r *Reader) Head(ctx context.Context) (Head, error) {
	_, last, at, err := r.tail(ctx, 0)
	if err != nil {
		return Head{}, fmt.Errorf("read the org's head: %w", err)
	}
	return chain.HeadAt(last, at), nil
}

// RequestHead returns the end of a request's own chain.
func (r *Reader) RequestHead(ctx context.Context, id reset.ID) (Head, error) {
	p, last, at, err := r.tail(ctx, id.Number())
	if err == nil && (p.Rev == 0 || id.Number() == 0) {
		err = ErrNotFound
	}
	if err != nil {
		return Head{}, fmt.Errorf("read the head of %s: %w", id, err)
	}
	return chain.HeadAt(last, at), nil
}

// chainedFact takes a request's head into the org's chain.
func chainedFact(name string, s *logAppend, facts []reset.Fact) reset.Fact {
	f := reset.Fact{Name: name, Detail: map[string]string{
		"request": string(reset.NewID(s.log.n)), "seq": strconv.FormatInt(s.last, 10), "head": s.at.String(),
	}}
	if len(facts) > 0 {
		f.At = facts[len(facts)-1].At
	}
	return f
}

// changeSet is what one commit writes beside entries of a log.
type changeSet struct {
	n     int // the request's number; 0 is the org
	cause string
	conds []kv.Cond
	facts []reset.Fact
	ops   func(anchor Head) ([]kv.Op, error) // the anchor is the org's head after this commit
	fresh bool                               // the request's log does not exist yet
}

// always makes operations that do not depend on the org's head.
func always(ops ...kv.Op) func(Head) ([]kv.Op, error) {
	return func(Head) ([]kv.Op, error) { return ops, nil }
}

// write commits a change set: its operations, its facts, the request's head in the org's
// chain, and its cause. The caller has the turn.
func (t *Term) write(ctx context.Context, c changeSet) (int64, error) {
	appends, anchor, err := t.appends(ctx, c)
	if err != nil {
		return 0, err
	}
	ops, err := c.ops(anchor)
	if err != nil {
		return 0, err
	}
	conds, all := slices.Clone(c.conds), []kv.Op(nil)
	for _, s := range appends { // the logs' new keys first: nobody else makes them
		logConds, logOps := s.parts()
		conds, all = append(conds, logConds...), append(all, logOps...)
	}
	all = append(all, ops...)
	if c.cause != "" {
		done, err := t.applyOp(opKey(c.n, c.cause), 0)
		if err != nil {
			return 0, err
		}
		all, conds = append([]kv.Op{done}, all...), append(conds, kv.Absent(done.Key))
	}
	rev, err := t.commit(ctx, conds, all...)
	if t.journal.wrote(appends, err); err == nil {
		t.seal(ctx, appends)
	}
	return rev, err
}

// appends numbers the facts of a change set; a request's facts bring its head into the org's log.
func (t *Term) appends(ctx context.Context, c changeSet) ([]*logAppend, Head, error) {
	org, err := t.journal.log(ctx, t, 0)
	if err != nil {
		return nil, Head{}, err
	}
	if c.n == 0 {
		s, err := appendFacts(org, c.facts)
		return []*logAppend{s}, chain.HeadAt(s.last, s.at), err
	}
	log := &logEnd{n: c.n, at: chain.First(t.org, c.n)}
	if !c.fresh {
		if log, err = t.journal.log(ctx, t, c.n); err != nil {
			return nil, Head{}, err
		}
	}
	s, err := appendFacts(log, c.facts)
	if err != nil || len(c.facts) == 0 {
		return []*logAppend{s}, chain.HeadAt(org.last, org.at), err
	}
	of, err := appendFacts(org, []reset.Fact{chainedFact(audit.FactChained, s, c.facts)})
	return []*logAppend{s, of}, chain.HeadAt(of.last, of.at), err
}
