// Package chain is the hash chain of the audit trail: what of an entry is hashed, and how an
// entry can be shown without names while its hash stays the same. The encoding that it
// hashes never changes, or the chains of older records would break.
package chain

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"

	"factorbot/bot/reset"
)

// Hash is the hash of a chain up to an entry: SHA-256 of the hash before, the entry's
// number (8 bytes, big-endian) and the entry's own sum.
type Hash [sha256.Size]byte

// First is the hash before the first entry of a log; log 0 is the org's own.
func First(org string, n int) Hash {
	return sha256.Sum256(fmt.Appendf(nil, "factorbot\x00%s\x00%d", org, n))
}

// Next returns the hash of the chain up to an entry with this number and sum.
func (l Hash) Next(seq int64, sum Hash) Hash {
	b := make([]byte, 0, 2*sha256.Size+8)
	b = append(b, l[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	return sha256.Sum256(append(b, sum[:]...))
}

// String writes 64 hex digits.
func (l Hash) String() string { return hex.EncodeToString(l[:]) }

// Short is the beginning of the hash. An entry keeps it, to show where a chain breaks.
func (l Hash) Short() string { return hex.EncodeToString(l[:8]) }

// Parse reads what String writes.
func Parse(s string) (l Hash, err error) {
	b, err := hex.DecodeString(s)
	if err == nil && len(b) != len(l) {
		err = fmt.Errorf("a hash of %d bytes", len(b))
	}
	copy(l[:], b)
	return l, err
}

// Entry is an entry as a log keeps it.
type Entry struct {
	reset.Entry
	Salt string `json:"salt,omitempty"` // of the references to its names
	Mark string `json:"mark,omitempty"` // of the hash up to here
}

// Sum is the entry's own part in the chain: the hash of its JSON without number, with
// references in the place of names. Without the names, which takes the salt along, the
// chain is as whole as before.
func (c Entry) Sum() (Hash, error) {
	e := Redact(c.Entry, c.Salt)
	e.Seq = 0
	b, err := json.Marshal(e)
	return sha256.Sum256(b), err
}

// NewSalt returns 96 random bits.
func NewSalt() string {
	b := make([]byte, 12)
	rand.Read(b) // never fails: see its documentation
	return base64.RawURLEncoding.EncodeToString(b)
}

// Redact returns the entry with references to persons, users and free text in the
// place of these. An entry without salt has references already, or is older than the chains.
func Redact(e reset.Entry, salt string) reset.Entry {
	if salt == "" {
		return e
	}
	e.Detail = reference(salt, "detail", e.Detail)
	if e.Step != nil {
		step := *e.Step
		step.User = reset.UserID(reference(salt, "user", string(step.User)))
		e.Step = &step
	}
	if e.Fact != nil {
		fact := *e.Fact
		fact.By = reset.Person(reference(salt, "by", string(fact.By)))
		fact.Detail = maps.Clone(fact.Detail)
		for key, value := range fact.Detail {
			if !nameless(key) {
				fact.Detail[key] = reference(salt, key, value)
			}
		}
		e.Fact = &fact
	}
	return e
}

// nameless reports whether a detail of a fact never names anybody and is no free text.
// A message to one person has the person in its slot, and a channel of its own.
func nameless(key string) bool {
	switch key {
	case "sha256", "digest", "file_sha", "revision", "resets", "missing", "cause", "code",
		string(reset.OutcomeReset), string(reset.OutcomeSkipped), string(reset.OutcomeFailed), string(reset.OutcomeNotRun),
		"request", "seq", "head", "state", "ts", "taken", "schema":
		return true
	}
	return false
}

// reference is the salted hash of a name in a field; "" stays as it is.
func reference(salt, field, name string) string {
	if name == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(salt + "\x00" + field + "\x00" + name))
	return "~" + hex.EncodeToString(sum[:])
}
