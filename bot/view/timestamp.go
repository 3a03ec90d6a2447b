package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTimestamp reads a timestamp of Slack's such as "1777896000.000100"; zero if it is none.
func ParseTimestamp(ts string) time.Time {
	whole, part, _ := strings.Cut(ts, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec <= 0 {
		return time.Time{}
	}
	micro, err := strconv.ParseInt((part + "000000")[:6], 10, 64)
	if err != nil {
		micro = 0
	}
	return time.Unix(sec, micro*1000)
}

// Timestamp writes a time as Slack does.
func Timestamp(t time.Time) string {
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}
