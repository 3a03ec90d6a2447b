package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// RestoredFrom returns when the backup was taken that this record is, and false if it is
// none. Calls may have been sent since which the record does not know of.
func (r *Reader) RestoredFrom(ctx context.Context) (taken time.Time, restored bool, err error) {
	p, err := get(ctx, r.engine, copyKey)
	if err != nil || p.rev == 0 {
		return time.Time{}, false, err
	}
	var m copyMark
	if err := json.Unmarshal(p.value, &m); err != nil {
		return time.Time{}, false, fmt.Errorf("read %s: %w", copyKey, err)
	}
	return m.Taken, true, nil
}
