package store

import (
	"context"
	"errors"
	"fmt"

	"factorbot/bot/reset"
	"factorbot/store/internal/kv"
)

var errKind = errors.New("not an entry of this kind")

// Start records that calls are about to leave, and takes the claims on their
// users, in one commit: on condition that the term lasts, that the head is the
// one given and running, and that nothing is frozen; else ErrLost, ErrChanged or
// ErrFrozen for all. For each entry the first result tells whether it was
// recorded (nil), or what prevented it: *reset.ClaimedError or
// *reset.ResetSinceError. Every started entry is closed by a later [Term.Append].
func (t *Term) Start(ctx context.Context, r *reset.Request, entries ...reset.Entry) ([]error, error) {
	for _, e := range entries {
		if e.Kind != reset.EntryStarted || e.Step == nil || e.Step.User == "" {
			return nil, fmt.Errorf("start steps of %s: %q: %w", r.ID, e.Kind, errKind)
		}
	}
	asks, err := split(entries)
	switch {
	case err == nil && len(asks) > 1:
		err = fmt.Errorf("%w: %d entries at once", kv.ErrLimit, len(entries))
	case err == nil && r.ID.Number() == 0:
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("start steps of %s: %w", r.ID, err)
	}
	if len(asks) == 0 {
		return nil, nil
	}
	a := asks[0]
	a.n, a.req = r.ID.Number(), r
	if err := t.journal.submit(ctx, t, a); err != nil {
		return nil, fmt.Errorf("start steps of %s: %w", r.ID, err)
	}
	return a.refused, nil
}

// Append records what came of started steps, or outcomes of targets for which
// nothing was sent. It is durable when it returns, and never refused for a moved
// head. An outcome gives back the claim of its row; if Touched, the user gets a note.
func (t *Term) Append(ctx context.Context, id reset.ID, entries ...reset.Entry) error {
	asks, err := split(entries)
	if err != nil {
		return fmt.Errorf("append to the log of %s: %w", id, err)
	}
	if id.Number() == 0 {
		return fmt.Errorf("append to the log of %s: %w", id, ErrNotFound)
	}
	for _, a := range asks {
		a.n = id.Number()
		if err := t.journal.submit(ctx, t, a); err != nil {
			return fmt.Errorf("append to the log of %s: %w", id, err)
		}
	}
	return nil
}

// split makes asks that fit into a commit each.
func split(entries []reset.Entry) ([]*ask, error) {
	var asks []*ask
	for i, e := range entries {
		l, err := encodeEntry(e)
		if err != nil {
			return nil, err
		}
		if l.Size() > groupBytes {
			return nil, fmt.Errorf("%w: an entry of %d bytes", kv.ErrLimit, l.Size())
		}
		last := len(asks) - 1
		if last < 0 || len(asks[last].lines) == groupWeight-logWeight || asks[last].size+l.Size() > groupBytes {
			asks = append(asks, &ask{lines: make([]encodedEntry, 0, min(len(entries)-i, groupWeight-logWeight))})
			last++
		}
		asks[last].lines = append(asks[last].lines, l)
		asks[last].size += l.Size()
	}
	return asks, nil
}
