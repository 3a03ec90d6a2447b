package config

import "time"

// Policy is the part of the settings that says who may do what to whom, as the
// YAML file writes it.
type Policy struct {
	Channels      []string      `koanf:"channels"` // C0123456
	Requesters    People        `koanf:"requesters"`
	Approvers     People        `koanf:"approvers"`
	Approvals     int           `koanf:"approvals"`
	ApprovalsFrom [][]string    `koanf:"approvals_from"` // one approval from each inner list of user groups
	LargeBatch    LargeBatch    `koanf:"large_batch"`
	ExpiresAfter  time.Duration `koanf:"expires_after"`
	ExecuteWithin time.Duration `koanf:"execute_within"`
	MaxTargets    int           `koanf:"max_targets"`
	RequireReason bool          `koanf:"require_reason"`
	ReasonPattern string        `koanf:"reason_pattern"` // a regular expression, "" for any reason
	Protect       Protect       `koanf:"protect"`
	Verify        string        `koanf:"verify"`  // log, each, off
	Inspect       string        `koanf:"inspect"` // few, each
	OnErrors      OnErrors      `koanf:"on_errors"`
	Velocity      Velocity      `koanf:"velocity"`
	Ramp          []int         `koanf:"ramp"` // targets of each wave
	EndSessions   bool          `koanf:"revoke_sessions"`
	ForgetPhones  bool          `koanf:"forget_phones"`
	DryRun        bool          `koanf:"dry_run"`
	Notify        Notify        `koanf:"notify"`
	Alerts        Alerts        `koanf:"alerts"`
	Backup        Backup        `koanf:"backup"`
	Retain        time.Duration `koanf:"retain"`
}

// People names persons in any of three ways; a person in one of them is meant.
type People struct {
	Users      []string `koanf:"users"`       // Slack users, U0123456
	Usergroups []string `koanf:"usergroups"`  // Slack user groups, S0123456
	OktaGroups []string `koanf:"okta_groups"` // 00g...
}

// LargeBatch is what is asked for above a number of targets in 24 h.
type LargeBatch struct {
	Over      int  `koanf:"over"`
	Approvals int  `koanf:"approvals"`
	Confirm   bool `koanf:"confirm"` // the approver types the number of users
}

// Protect names the users that a reset passes over.
type Protect struct {
	Admins     string   `koanf:"admins"` // list, each, off
	Users      []string `koanf:"users"`  // Okta IDs or logins
	OktaGroups []string `koanf:"okta_groups"`
	Approvers  []string `koanf:"approvers"` // Slack users who may approve break-glass
}

// OnErrors is when a batch pauses by itself.
type OnErrors struct {
	PauseAfter int `koanf:"pause_after"` // consecutive failures
}

// Velocity bounds targets per time; 0 is no bound.
type Velocity struct {
	PerRequesterPerDay int `koanf:"per_requester_per_day"`
	OrgPerHour         int `koanf:"org_per_hour"`
}

// Notify is about direct messages to the users who were reset.
type Notify struct {
	Users bool `koanf:"users"`
	Max   int  `koanf:"max"` // messages per batch
}

// Alerts is where the bot tells of what somebody should look at.
type Alerts struct {
	Channel string `koanf:"channel"`
	Webhook string `koanf:"webhook"`
}

// Backup is the schedule of hot backups; Dir "" is none.
type Backup struct {
	Dir   string        `koanf:"dir"`
	Every time.Duration `koanf:"every"`
	Keep  int           `koanf:"keep"`
}
