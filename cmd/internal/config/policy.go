package config

import (
	"time"

	"factorbot/bot/policy"
)

// Policy is the part of the settings that says who may do what to which users, and where
// people are told of it.
type Policy struct {
	policy.Rules `yaml:",inline"`

	OnErrors OnErrors      `yaml:"on_errors"`
	Notify   Notify        `yaml:"notify"`
	Alerts   Alerts        `yaml:"alerts"`
	Backup   Backup        `yaml:"backup"`
	Retain   time.Duration `yaml:"retain"`
}

// OnErrors is when a batch pauses by itself.
type OnErrors struct {
	PauseAfter int `yaml:"pause_after"` // consecutive failures
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
