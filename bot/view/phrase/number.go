package phrase

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// And joins words: "A, B and C".
func And(words []string) string { return list(words, "and") }

// Or is for alternatives: "A or B".
func Or(words []string) string { return list(words, "or") }

func list(words []string, last string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// Date shows a time in the reader's own zone; the fallback is UTC.
func Date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2 Jan 2006 15:04 UTC"))
}

// Count writes a number with commas from 10,000 on.
func Count(n int) string {
	s := strconv.Itoa(n)
	if n < 10000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Users counts users: "1 user", "12 users".
func Users(n int) string { return Plural(n, "user") }

// Plural counts something: "1 reset", "12 resets".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// Span writes a duration for people: "45 s", "3 min 20 s", "2 h 5 min".
func Span(d time.Duration) string {
	d = max(0, d.Round(time.Second))
	h, m, s := int(d/time.Hour), int(d/time.Minute)%60, int(d/time.Second)%60
	switch {
	case h > 0 && m > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case h > 0:
		return fmt.Sprintf("%d h", h)
	case m > 0 && s > 0:
		return fmt.Sprintf("%d min %d s", m, s)
	case m > 0:
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d s", s)
}

// About writes a duration that is only known roughly: "10 s", "3 min", "2 h 5 min".
func About(d time.Duration) string {
	if d <= time.Minute {
		return Span(max(10*time.Second, (d + 5*time.Second).Round(10*time.Second)))
	}
	return Span((d + 30*time.Second - 1).Round(time.Minute))
}

// Dotted joins the words that are not empty with dots.
func Dotted(words ...string) string {
	var some []string
	for _, w := range words {
		if w != "" {
			some = append(some, w)
		}
	}
	return strings.Join(some, " · ")
}

// Shortly writes a duration so that it fits a label: "0", "45 min", "1 h 15 min", "3 d".
func Shortly(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "0"
	case d >= 2*day:
		return fmt.Sprintf("%d d", (d+day/2)/day)
	case d >= time.Hour:
		return Span(d.Truncate(time.Minute))
	}
	return Span(d)
}

// isoTime is a time as details of the record have it, with the "at" before it, which
// "today 12:34 AM" does without.
var isoTime = regexp.MustCompile(`(?:\bat )?\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)

// TimesIn finds the times in a detail of the record, as [regexp.Regexp.FindAllStringIndex] does.
func TimesIn(s string) [][]int { return isoTime.FindAllStringIndex(s, -1) }

// ParseTime reads a time that [TimesIn] found.
func ParseTime(found string) (time.Time, error) {
	return time.Parse(time.RFC3339, strings.TrimPrefix(found, "at "))
}

// ZonedTimes puts Slack dates in the place of the times in mrkdwn.
func ZonedTimes(s string) string { return replaceTimes(s, Date) }

// PlainTimes writes times for people where Slack does not know the reader's zone.
func PlainTimes(s string) string {
	return replaceTimes(s, func(t time.Time) string { return t.UTC().Format("Jan 2, 15:04 UTC") })
}

func replaceTimes(s string, written func(time.Time) string) string {
	return isoTime.ReplaceAllStringFunc(s, func(found string) string {
		t, err := ParseTime(found)
		if err != nil {
			return found
		}
		return written(t)
	})
}
