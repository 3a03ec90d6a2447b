package okta

import "factorbot/okta/pacer"

// Stats is what is known of Okta's rate limits at a moment, and what came of the calls.
type Stats = pacer.Stats

// BucketStats is one rate-limit bucket.
type BucketStats = pacer.BucketStats
