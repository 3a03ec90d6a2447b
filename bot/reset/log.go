package reset

import (
	"slices"
	"strconv"
	"time"
)

// Fact is one entry of the audit trail: what happened, who did it, and the details a reader needs.
type Fact struct {
	Name   string            `json:"name"` // "asked", "approved", "paused", ...
	By     Person            `json:"by,omitempty"`
	At     time.Time         `json:"at"`
	Detail map[string]string `json:"detail,omitempty"`
}

// fact makes a Fact; pairs are keys and values, empty values are left out.
func fact(name string, by Person, at time.Time, pairs ...string) Fact {
	f := Fact{Name: name, By: by, At: at}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == "" {
			continue
		}
		if f.Detail == nil {
			f.Detail = map[string]string{}
		}
		f.Detail[pair[0]] = pair[1]
	}
	return f
}

func itoa(n int) string { return strconv.Itoa(n) }

// pairs renders the totals for a fact, each outcome by its name.
func (t Totals) pairs() []string {
	var p []string
	for _, o := range Outcomes() {
		p = append(p, string(o), itoa(t.ByOutcome[o]))
	}
	return p
}

// StepKind is one kind of call for a target.
type StepKind string

const (
	StepReset    StepKind = "reset"
	StepDelete   StepKind = "delete"
	StepSessions StepKind = "sessions"
)

// Step is one call for a target.
type Step struct {
	Row    int      `json:"row"`
	User   UserID   `json:"user"`
	Kind   StepKind `json:"kind"`
	Factor string   `json:"factor,omitempty"` // ID of the factor to delete
	Type   string   `json:"type,omitempty"`   // its type
}

// EntryKind says what a log entry tells of.
type EntryKind string

const (
	EntryFact    EntryKind = "fact"
	EntryStarted EntryKind = "started"  // the call may leave now
	EntryOutcome EntryKind = "outcome"  // what became of the target; a later one counts
	EntryNotSent EntryKind = "not_sent" // closes started: nothing left us
	EntryRefused EntryKind = "refused"  // closes started: Okta did nothing (429, 401)
	EntryDoubt   EntryKind = "doubt"    // closes started: whether it took effect is not known
	EntryStepped EntryKind = "stepped"  // closes started: this step is done, the target has more
)

// Entry is one entry of a request's log, journal and audit trail in one. A fact
// has only Seq, Kind, At and Fact; the others have a Step. An outcome without
// an earlier started is of a target for which nothing was sent.
type Entry struct {
	Seq  int64     `json:"seq"` // from 1, without gaps; set by the record
	Kind EntryKind `json:"kind"`
	At   time.Time `json:"at"`
	Fact *Fact     `json:"fact,omitempty"`
	Step *Step     `json:"step,omitempty"`

	// of started: Okta's clock at the attempt, less the margin within which it is known
	OktaAt time.Time `json:"okta_at,omitzero"`
	// of started: the term that it was made in, where several processes share the record
	Term int64 `json:"term,omitempty"`
	// of the first started of a target whose factors are deleted one by one: the IDs of those that are meant
	Listed []string `json:"listed,omitempty"`

	// of outcome; Detail and RequestID also of the entries that close started
	Outcome   Outcome   `json:"outcome,omitempty"`
	Reason    Reason    `json:"reason,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Factors   []string  `json:"factors,omitempty"` // types removed
	RequestID string    `json:"request_id,omitempty"`
	Proof     Proof     `json:"proof,omitempty"`
	Answered  bool      `json:"answered,omitempty"` // of doubt: Okta itself answered with an error body
	RetryAt   time.Time `json:"retry_at,omitzero"`  // of refused: when Okta will take the call
	Touched   bool      `json:"touched,omitempty"`  // of outcome: a call may have taken effect, so the user gets a note
}
