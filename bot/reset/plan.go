package reset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// RefKind says how a roster row names its user.
type RefKind string

const (
	RefID    RefKind = "id"
	RefLogin RefKind = "login"
	RefEmail RefKind = "email"
)

// Row is one line of a roster, as the requester named a user. Rows count from 1, a header is not counted.
type Row struct {
	Row     int     `json:"row"`
	Line    int     `json:"line,omitempty"` // line of the file, from 1; 0 if there is no file
	Input   string  `json:"input"`          // the cell as it was read
	Kind    RefKind `json:"kind,omitempty"`
	Value   string  `json:"value,omitempty"`   // what is looked up
	Problem string  `json:"problem,omitempty"` // why the row names nobody: a sentence for people; then Kind and Value are empty
	Column  string  `json:"column,omitempty"`  // header of the cell that Kind and Value are of, where a better column names nobody
	Loose   bool    `json:"loose,omitempty"`   // Kind and Value are loose, as in Ref
	Odd     string  `json:"odd,omitempty"`     // why Value is hardly a login, a sentence for people: said where Okta has no such user
	Also    []Ref   `json:"also,omitempty"`    // other cells of the row that name its user, best first
}

// Ref is one way in which a row names its user.
type Ref struct {
	Kind   RefKind `json:"kind"`
	Value  string  `json:"value"`
	Column string  `json:"column,omitempty"` // header of the cell
	Loose  bool    `json:"loose,omitempty"`  // may be an ID of another system: counts only where nothing else leads to a user
}

// Refs are all the ways in which the row names its user, best first; none if it names nobody.
func (r Row) Refs() []Ref {
	if r.Value == "" {
		return nil
	}
	return append([]Ref{{Kind: r.Kind, Value: r.Value, Column: r.Column, Loose: r.Loose}}, r.Also...)
}

// Action says what a plan intends for a target.
type Action string

const (
	ActionReset Action = "reset"
	ActionSkip  Action = "skip"
)

// Target is a row of a plan: a roster row resolved against Okta. There is one for each roster row.
type Target struct {
	Row        int        `json:"row"`
	Input      string     `json:"input"`
	User       UserID     `json:"user,omitempty"`
	Login      string     `json:"login,omitempty"`
	Name       string     `json:"name,omitempty"`   // first and last name, as Okta has them
	Status     string     `json:"status,omitempty"` // Okta's user status: "ACTIVE"
	Department string     `json:"department,omitempty"`
	Created    *time.Time `json:"created,omitempty"` // when the user was created, for what stands out
	Action     Action     `json:"action"`
	Reason     Reason     `json:"reason,omitempty"`
	Detail     string     `json:"detail,omitempty"`
	Factors    []string   `json:"factors,omitempty"` // types listed when the plan was made
	FactorIDs  []string   `json:"factor_ids,omitempty"`
	Read       bool       `json:"read,omitempty"` // whether Factors was read; an empty list then means that Okta listed none
}

// Options is what to reset and how. It is part of the plan's digest.
type Options struct {
	Factors        []string `json:"factors,omitempty"` // factors to delete, TYPE or TYPE@PROVIDER in Okta's words, sorted; empty: all factors
	RevokeSessions bool     `json:"revoke_sessions,omitempty"`
	ForgetPhones   bool     `json:"forget_phones,omitempty"`
	DryRun         bool     `json:"dry_run,omitempty"`
	BreakGlass     bool     `json:"break_glass,omitempty"`
	TellUsers      bool     `json:"tell_users,omitempty"` // affected users are told by Slack
}

// NamesMost is how many users a plan names in the request's head.
const NamesMost = 3

// Plan is the frozen plan's part of a request's head. The targets are kept apart.
type Plan struct {
	Revision        int            `json:"revision"` // from 1
	FileSHA         Digest         `json:"file_sha"` // of the plan CSV as it is posted
	Digest          Digest         `json:"digest"`
	FrozenAt        time.Time      `json:"frozen_at"`
	LastNote        int64          `json:"last_note,omitempty"` // number of the record's last note when the planner began to look at the users; 0 in plans of earlier versions
	Targets         int            `json:"targets"`             // rows, those skipped too
	Resets          int            `json:"resets"`              // targets whose action is reset
	Skips           map[Reason]int `json:"skips,omitempty"`     // targets skipped, by reason
	Statuses        map[string]int `json:"statuses,omitempty"`  // targets to reset, by Okta status
	Warnings        []string       `json:"warnings,omitempty"`  // sentences for the approver
	Costs           []string       `json:"costs,omitempty"`     // sentences about what the options imply
	Takes           time.Duration  `json:"takes,omitempty"`     // about how long the run takes; 0: not known
	Each            bool           `json:"each,omitempty"`      // factors and roles of each target were read
	Risks           []Risk         `json:"risks,omitempty"`     // what an approver should know, the heaviest first
	Names           []string       `json:"names,omitempty"`     // who is reset, where these are at most [NamesMost]
	Odd             []string       `json:"odd,omitempty"`       // risks as sentences, of plans that an earlier version made
	BreakGlassUsers int            `json:"broken,omitempty"`    // protected users that a break-glass request resets anyway
}

// sealed is what a plan's digest covers; field order is the canonical order.
type sealed struct {
	Org      string  `json:"org"`
	Request  ID      `json:"request"`
	Revision int     `json:"revision"`
	Options  Options `json:"options"`
	FileSHA  Digest  `json:"file_sha"`
}

// DigestPlan returns the SHA-256 that approvals are bound to.
func DigestPlan(org string, id ID, revision int, o Options, file Digest) (Digest, error) {
	b, err := json.Marshal(sealed{org, id, revision, o, file})
	if err != nil {
		return "", fmt.Errorf("digest of the plan of %s: %w", id, err)
	}
	sum := sha256.Sum256(b)
	return Digest(hex.EncodeToString(sum[:])), nil
}
