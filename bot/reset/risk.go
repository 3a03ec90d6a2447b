package reset

import "time"

// RiskKind names what an approver should know about a plan.
type RiskKind string

// The kinds of risks, the heaviest first.
const (
	RiskAgain       RiskKind = "again"        // users of a result file who were reset by its request, and are reset again
	RiskResetBefore RiskKind = "reset_before" // users who were reset within 30 days
	RiskProtected   RiskKind = "protected"    // protected users included by break-glass
	RiskResistant   RiskKind = "resistant"    // users whose only factors withstand phishing
	RiskDepartments RiskKind = "departments"  // whole departments
	RiskColumn      RiskKind = "column"       // users named only by a later column of their row
	RiskNew         RiskKind = "new"          // users created within 7 days
	RiskInactive    RiskKind = "inactive"     // users who are suspended or not yet active
	RiskElsewhere   RiskKind = "elsewhere"    // users who are in other open requests
	RiskFirst       RiskKind = "first"        // the requester's first request
)

// Risk is one thing about a plan's users that an approver should know before
// deciding.
type Risk struct {
	Kind        RiskKind     `json:"kind"`
	Users       int          `json:"users,omitempty"`
	Most        int          `json:"most,omitempty"`        // of resets before: how often one user was reset
	Last        time.Time    `json:"last,omitzero"`         // of resets before: when the last one was
	Requests    []ID         `json:"requests,omitempty"`    // the last request that reset them, or the open ones that they are in
	Departments []Department `json:"departments,omitempty"` // the largest first
}

// Department is a department all of whose users are in a plan.
type Department struct {
	Name  string `json:"name"` // letters, digits and spaces
	Users int    `json:"users"`
}
