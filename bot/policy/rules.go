package policy

import (
	"regexp"
	"time"

	"factorbot/bot/reset"
)

// Rules are the policy of one deployment. A copy may be shared; nobody changes one. The
// tags are the keys of the policy file.
type Rules struct {
	Channels      []reset.Channel `yaml:"channels"`       // where requests may be made
	Requesters    Group           `yaml:"requesters"`     // empty: every full member who is in those channels
	Approvers     Group           `yaml:"approvers"`      // empty: nobody
	Approvals     int             `yaml:"approvals"`      // how many different approvers must agree; at least one, whatever stands here
	ApprovalsFrom [][]string      `yaml:"approvals_from"` // Slack user groups: one approval from each inner list
	LargeBatch    LargeBatch      `yaml:"large_batch"`

	ExpiresAfter  time.Duration `yaml:"expires_after"`  // a plan waits this long for its approvals
	ExecuteWithin time.Duration `yaml:"execute_within"` // an approved request starts within this, or lapses
	MaxTargets    int           `yaml:"max_targets"`    // rows of one request; 0 lets none through
	Velocity      Velocity      `yaml:"velocity"`
	Ramp          []int         `yaml:"ramp"` // targets of each wave

	RequireReason bool           `yaml:"require_reason"`
	ReasonPattern *regexp.Regexp `yaml:"reason_pattern"` // nil: any reason

	Protect    Protect `yaml:"protect"`
	Verify     string  `yaml:"verify"`  // log, each, off
	Inspect    string  `yaml:"inspect"` // few, each
	PauseAfter int     // consecutive failures that pause a batch

	RevokeSessions bool `yaml:"revoke_sessions"`
	ForgetPhones   bool `yaml:"forget_phones"`
	DryRun         bool `yaml:"dry_run"`
	TellUsers      bool // affected users are told by Slack

	StepUp StepUp `yaml:"step_up"` // when an approval takes an answer in Okta Verify
}

// LargeBatch is what is asked for when a requester's targets of 24 hours, this
// request's among them, are over a number.
type LargeBatch struct {
	Over      int  `yaml:"over"`
	Approvals int  `yaml:"approvals"`
	Confirm   bool `yaml:"confirm"` // the approver types the number of users
}

// Velocity bounds targets per time; 0 is no bound.
type Velocity struct {
	PerRequesterPerDay int `yaml:"per_requester_per_day"`
	OrgPerHour         int `yaml:"org_per_hour"`
}

// How administrators are found.
const (
	AdminsList = "list" // by Okta's lists of those with a role
	AdminsEach = "each" // by asking for each target's roles
	AdminsOff  = "off"  // administrators are reset like anyone else
)

// Protect names the users that a reset passes over.
type Protect struct {
	Admins     string         `yaml:"admins"`      // AdminsList, AdminsEach, AdminsOff
	Users      []string       `yaml:"users"`       // Okta user IDs, or logins in any case
	OktaGroups []string       `yaml:"okta_groups"` // Okta group IDs: "00g..."
	Approvers  []reset.Person `yaml:"approvers"`   // who may let a request include protected users
}
