package slacksim

import (
	"context"
	"encoding/json"
	"time"
)

// Org is the Okta org that is shown beside the conversation.
type Org interface {
	// State returns the users that q asks for, and the counters.
	State(q OrgQuery) OrgState
	// Set changes settings of the org, whole or not at all, and returns the keys
	// that it does not know.
	Set(settings map[string]json.RawMessage) (unknown []string, err error)
	// Watch sends when something changed, until ctx is done. It may merge.
	Watch(ctx context.Context) <-chan struct{}
}

// OrgQuery chooses users of an org.
type OrgQuery struct {
	Text   string // part of a login, e-mail, name or ID; empty: everybody
	Offset int
	Limit  int // 0: all
}

// OrgState is what is shown of an org.
type OrgState struct {
	Users          []OrgUser      `json:"users"`
	Total          int            `json:"total"`     // users that the query found
	Requests       map[string]int `json:"requests"`  // calls by bucket
	Throttled      int            `json:"throttled"` // answers 429
	Buckets        []OrgBucket    `json:"buckets"`
	CallsPerSecond float64        `json:"calls_per_second"`
	Pushes         []OrgPush      `json:"pushes"` // that wait on somebody's phone
	Settings       map[string]any `json:"settings"`
}

// OrgUser is a user of an org.
type OrgUser struct {
	ID         string      `json:"id"`
	Login      string      `json:"login"`
	Email      string      `json:"email"`
	Name       string      `json:"name"`
	Status     string      `json:"status"`
	Department string      `json:"department"`
	Factors    []OrgFactor `json:"factors"`
	Resets     int         `json:"resets"`
	Groups     []string    `json:"groups"`
	Roles      []string    `json:"roles"`
}

// OrgPush is a question on somebody's phone that nobody has answered yet.
type OrgPush struct {
	ID      string    `json:"id"`
	Login   string    `json:"login"`
	Email   string    `json:"email"`
	Device  string    `json:"device"`
	Numbers []int     `json:"numbers"` // to choose from; none: a plain yes or no
	Expires time.Time `json:"expires"`
}

// OrgFactor is one enrolled factor.
type OrgFactor struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Provider string    `json:"provider"`
	Status   string    `json:"status"`
	Created  time.Time `json:"created"`
}

// OrgBucket is a rate-limit bucket in its window.
type OrgBucket struct {
	Name      string `json:"name"`
	Limit     int    `json:"limit"`
	Remaining int    `json:"remaining"`
	Reset     int64  `json:"reset"` // Unix seconds
}
