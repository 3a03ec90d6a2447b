//go:build !failpoints

package main

import (
	"factorbot/okta"
	"factorbot/store"
)

// recordTerm and orgClient are what the bot writes to and calls. A build with the
// tag failpoints has others, which can end the process at named points; nothing of
// that is in a build without it.
type (
	recordTerm = store.Term
	orgClient  = okta.Client
)

func termOf(t *store.Term) *recordTerm   { return t }
func clientOf(c *okta.Client) *orgClient { return c }

// failpoints are the points at which this build can be told to end itself.
func failpoints() []failpoint { return nil }

// arming is the setting that tells a bot at which points to end itself.
func arming(string) []string { return nil }
