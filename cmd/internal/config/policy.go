package config

import "time"

// Policy is the part of the settings that says who may do what to which users, as the
// YAML file writes it.
type Policy struct {
	Channels      []string      `yaml:"channels"` // C0123456
	Requesters    People        `yaml:"requesters"`
	Approvers     People        `yaml:"approvers"`
	Approvals     int           `yaml:"approvals"`
	ApprovalsFrom [][]string    `yaml:"approvals_from"` // one approval from each inner list of user groups
	LargeBatch    LargeBatch    `yaml:"large_batch"`
	ExpiresAfter  time.Duration `yaml:"expires_after"`
	ExecuteWithin time.Duration `yaml:"execute_within"`
	MaxTargets    int           `yaml:"max_targets"`
	RequireReason bool          `yaml:"require_reason"`
	ReasonPattern string        `yaml:"reason_pattern"` // a regular expression, "" for any reason
	Protect       Protect       `yaml:"protect"`
	Verify        string        `yaml:"verify"`  // log, each, off
	Inspect       string        `yaml:"inspect"` // few, each
	OnErrors      OnErrors      `yaml:"on_errors"`
	Velocity      Velocity      `yaml:"velocity"`
	Ramp          []int         `yaml:"ramp"` // targets of each wave
	EndSessions   bool          `yaml:"revoke_sessions"`
	ForgetPhones  bool          `yaml:"forget_phones"`
	DryRun        bool          `yaml:"dry_run"`
	Notify        Notify        `yaml:"notify"`
	StepUp        string        `yaml:"step_up"` // off, break_glass, large, always
	Alerts        Alerts        `yaml:"alerts"`
	Backup        Backup        `yaml:"backup"`
	Retain        time.Duration `yaml:"retain"`
}

// People names persons in any of three ways; a person in one of them is meant.
type People struct {
	Users      []string `yaml:"users"`       // Slack users, U0123456
	Usergroups []string `yaml:"usergroups"`  // Slack user groups, S0123456
	OktaGroups []string `yaml:"okta_groups"` // 00g...
}

// LargeBatch is what is asked for above a number of targets in 24 h.
type LargeBatch struct {
	Over      int  `yaml:"over"`
	Approvals int  `yaml:"approvals"`
	Confirm   bool `yaml:"confirm"` // the approver types the number of users
}

// Protect names the users that a reset passes over.
type Protect struct {
	Admins     string   `yaml:"admins"` // list, each, off
	Users      []string `yaml:"users"`  // Okta IDs or logins
	OktaGroups []string `yaml:"okta_groups"`
	Approvers  []string `yaml:"approvers"` // Slack users who may approve break-glass
}

// OnErrors is when a batch pauses by itself.
type OnErrors struct {
	PauseAfter int `yaml:"pause_after"` // consecutive failures
}

// Velocity bounds targets per time; 0 is no bound.
type Velocity struct {
	PerRequesterPerDay int `yaml:"per_requester_per_day"`
	OrgPerHour         int `yaml:"org_per_hour"`
}

// Notify is about direct messages to the users who were reset.
type Notify struct {
	Users bool `yaml:"users"`
	Max   int  `yaml:"max"` // messages per batch
}

// Alerts is where the bot tells of what somebody should look at.
type Alerts struct {
	Channel string `yaml:"channel"`
	Webhook string `yaml:"webhook"`
}

// Backup is the schedule of hot backups; Dir "" is none.
type Backup struct {
	Dir   string        `yaml:"dir"`
	Every time.Duration `yaml:"every"`
	Keep  int           `yaml:"keep"`
}
