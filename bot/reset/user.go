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
