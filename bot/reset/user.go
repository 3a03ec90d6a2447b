package reset

import (
	"fmt"
	"time"
)

// UserRecord is what the record knows of an Okta user: who may act on them, and what was done lately.
type UserRecord struct {
	User  UserID `json:"user"`
	Claim *Claim `json:"claim,omitempty"`
	Notes []Note `json:"notes,omitempty"` // newest last
}

// Claim is the right to act on a user; one request at a time has it.
type Claim struct {
	Request ID        `json:"request"`
	Row     int       `json:"row"`
	At      time.Time `json:"at"`
}

// Note tells that a call of a request may have taken effect on a user.
type Note struct {
	Request  ID        `json:"request"`
	Revision int       `json:"revision"`
	Outcome  Outcome   `json:"outcome"`
	At       time.Time `json:"at"`
	// Seq counts the notes of the record, from 2; 0 in notes of earlier versions. It, and
	// not the clock, says whether a note is newer than a plan.
	Seq int64 `json:"seq,omitempty"`
}

// NewerThan reports whether the note was left after the planner of a plan began to look at
// the users. What has a number is newer than what has none. Where neither has one, an
// earlier version made both and only their clocks are left to compare.
func (n Note) NewerThan(p Plan) bool {
	if n.Seq == 0 && p.LastNote == 0 {
		return n.At.After(p.FrozenAt)
	}
	return n.Seq > p.LastNote
}

// ClaimedError says which request holds the claim on a user.
type ClaimedError struct {
	User UserID
	By   ID
}

func (e *ClaimedError) Error() string {
	return fmt.Sprintf("user %s is in %s", e.User, e.By)
}

// ResetSinceError says that another request acted on a user after our plan was frozen.
type ResetSinceError struct {
	User UserID
	By   ID
	At   time.Time
}

func (e *ResetSinceError) Error() string {
	return fmt.Sprintf("user %s was reset by %s at %s", e.User, e.By, e.At.UTC().Format(time.RFC3339))
}
