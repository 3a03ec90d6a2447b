package reset

import (
	"slices"
	"time"
)

// Query chooses requests from the record; a zero field does not restrict.
type Query struct {
	States []State
	By     Person    // the requester
	Since  time.Time // asked at or after
	Limit  int
}

// Matches reports whether a request is asked for, whatever the limit.
func (q Query) Matches(r *Request) bool {
	return (len(q.States) == 0 || slices.Contains(q.States, r.State)) &&
		(q.By == "" || q.By == r.Asked.By) &&
		!r.Asked.At.Before(q.Since)
}
