package store

import (
	"context"
	"slices"
	"strings"

	"factorbot/bot/reset"
)

// chainLogs is the step from schema version 1, whose logs have no chains: each gets the
// hash of its entries as they are, and the org's log the heads of all. Entries of
// that version have no salt, so their names are hashed as they are.
func chainLogs(ctx context.Context, s *Store) error {
	var heads []reset.Fact
	numbers, err := s.logNumbers(ctx)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		end, err := s.chainLog(ctx, n)
		if err != nil {
			return err
		}
		if n != 0 {
			f := chainedFact(factChained, newSheet(end), nil)
			f.At = s.now()
			heads = append(heads, f)
		}
	}
	for some := range slices.Chunk(heads, 200) {
		if err := s.anchorLogs(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// logNumbers returns the numbers of all logs, the org's own first.
func (s *Store) logNumbers(ctx context.Context) ([]int, error) {
	numbers := []int{0}
	for p, err := range scan(ctx, s.engine, headPrefix, 100) {
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(p.key, tailSuffix) {
			numbers = append(numbers, numberOf(p.key))
		}
	}
	return numbers, nil
}

// chainLog writes the link of a log's last entry beside its number.
func (s *Store) chainLog(ctx context.Context, n int) (*logEnd, error) {
	p, last, _, err := s.tail(ctx, n)
	if err != nil {
		return nil, err
	}
	at := genesis(s.org, n)
	if last > 0 {
		for c, err := range chainOf(n).upTo(ctx, s.engine, 1, last) {
			if err != nil {
				return nil, err
			}
			if c.Seq > last {
				break
			}
			sum, err := c.sum()
			if err != nil {
				return nil, err
			}
			at = at.next(c.Seq, sum)
		}
	}
	_, err = s.engine.commit(ctx, []cond{{p.key, p.rev}}, tailPut(n, last, at))
	return &logEnd{n: n, last: last, at: at}, err
}

// anchorLogs appends facts to the org's log.
func (s *Store) anchorLogs(ctx context.Context, facts []reset.Fact) error {
	_, last, at, err := s.tail(ctx, 0)
	if err != nil {
		return err
	}
	sheet, err := sheetOf(&logEnd{n: 0, last: last, at: at}, facts)
	if err != nil {
		return err
	}
	conds, ops := sheet.parts()
	_, err = s.engine.commit(ctx, conds, ops...)
	return err
}
