package reset

import "time"

// Query chooses requests from the record; a zero field does not restrict.
type Query struct {
	States []State
	By     Person    // the requester
	Since  time.Time // asked at or after
	Limit  int
}
