package event

import (
	"time"

	"factorbot/bot/view"
)

// Timestamp writes a moment as Slack writes the time of a message.
func Timestamp(t time.Time) string { return view.Timestamp(t) }

// ParseTimestamp reads the time of a message; it is zero if there is none.
func ParseTimestamp(ts string) time.Time { return view.ParseTimestamp(ts) }
