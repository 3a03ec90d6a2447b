package policy

import (
	"regexp"
	"time"

	"factorbot/bot/reset"
)

// Rules are the policy of one deployment. A copy may be shared; nobody changes one.
type Rules struct {
	Channels      []reset.Channel // where requests may be made
	Requesters    Group           // empty: every full member who is in those channels
	Approvers     Group           // empty: nobody
	Approvals     int             // how many different approvers must agree; at least one, whatever stands here
	ApprovalsFrom [][]string      // Slack user groups: one approval from each inner list
	LargeBatch    LargeBatch

	ExpiresAfter  time.Duration // a plan waits this long for its approvals
	ExecuteWithin time.Duration // an approved request starts within this, or lapses
	MaxTargets    int           // rows of one request; 0 lets none through
	Velocity      Velocity
	Ramp          []int // targets of each wave

	RequireReason bool
	ReasonPattern *regexp.Regexp // nil: any reason

	Protect    Protect
	Verify     string // log, each, off
	Inspect    string // few, each
	PauseAfter int    // consecutive failures that pause a batch

	RevokeSessions bool
	ForgetPhones   bool
	DryRun         bool
	TellUsers      bool // affected users are told by Slack

	StepUp StepUp // when an approval takes an answer in Okta Verify
}

// LargeBatch is what is asked for when a requester's targets of 24 hours, this
// request's among them, are over a number.
type LargeBatch struct {
	Over      int
	Approvals int
	Confirm   bool // the approver types the number of users
}

// Velocity bounds targets per time; 0 is no bound.
type Velocity struct {
	PerRequesterPerDay int
	OrgPerHour         int
}

// How administrators are found.
const (
	AdminsList = "list" // by Okta's lists of those with a role
	AdminsEach = "each" // by asking for each target's roles
	AdminsOff  = "off"  // administrators are reset like anyone else
)

// Protect names the users that a reset passes over.
type Protect struct {
	Admins     string         // AdminsList, AdminsEach, AdminsOff
	Users      []string       // Okta user IDs, or logins in any case
	OktaGroups []string       // Okta group IDs: "00g..."
	Approvers  []reset.Person // who may let a request include protected users
}
