package reset

import (
	"fmt"
	"strconv"
	"strings"
)

// ID names a request for people: "FR-42".
type ID string

// Person is a Slack user's ID: "U0123456".
type Person string

// Channel is a Slack conversation's ID: "C0123456".
type Channel string

// UserID is an Okta user's ID: "00u" and 17 letters or digits.
type UserID string

// Digest is a SHA-256 in lower-case hex.
type Digest string

// digestShown is how many hex digits of a digest a button carries.
const digestShown = 12

// NewID returns the ID of the n-th request, counted from 1.
func NewID(n int) ID { return ID("FR-" + strconv.Itoa(n)) }

// ParseID reads an ID as people type it: any case, spaces around it, "#" before it.
func ParseID(s string) (ID, error) {
	t := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "#")
	digits, ok := strings.CutPrefix(t, "FR-")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || strconv.Itoa(n) != digits {
		return "", fmt.Errorf("%q is not a request ID such as FR-42", s)
	}
	return NewID(n), nil
}

// Number returns the count in the ID, 0 if it is not an ID.
func (id ID) Number() int {
	n, err := strconv.Atoi(strings.TrimPrefix(string(id), "FR-"))
	if err != nil || n < 1 {
		return 0
	}
	return n
}

// Short returns the first hex digits of the digest, as buttons carry them; "-" before there is a plan.
func (d Digest) Short() string {
	if len(d) < digestShown {
		return "-"
	}
	return string(d[:digestShown])
}
