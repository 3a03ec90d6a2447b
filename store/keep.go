package store

import (
	"context"
	"fmt"
)

const keepPrefix = "keep/"

// Keep remembers a small value of another part of the program under a name,
// such as what was learnt of Okta's limits. The last one counts.
func (t *Term) Keep(ctx context.Context, name string, value []byte) error {
	_, err := t.commit(ctx, nil, put(keepPrefix+name, value))
	if err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	return nil
}

// Kept returns what was kept under a name, nil if nothing was.
func (r *Reader) Kept(ctx context.Context, name string) ([]byte, error) {
	p, err := get(ctx, r.engine, keepPrefix+name)
	if err == nil && p.rev == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", name, err)
	}
	return p.value, nil
}
