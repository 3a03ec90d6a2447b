package okta

import (
	"time"

	"factorbot/okta/internal/wire"
	"factorbot/okta/pacer"
)

// Stats is what is known of the pacing at a moment, and of Okta's clock.
type Stats struct {
	pacer.Stats
	ClockOffset time.Duration // Okta's clock minus ours
	ClockKnown  bool          // an answer has shown it
}

// BucketStats is one rate-limit bucket.
type BucketStats = pacer.BucketStats

// Stats shows the pacing, and what came of the calls.
func (c *Client) Stats() Stats {
	s := Stats{Stats: c.pacer.Stats()}
	s.ClockOffset, s.ClockKnown = c.Clock()
	return s
}

// UsersBucket is the rate-limit bucket of resets, and of a user's factors, roles, groups
// and sessions, and of the search of users.
const UsersBucket = wire.UsersBucket
