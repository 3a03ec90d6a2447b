package phrase

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"factorbot/bot/reset"
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

// Count writes a number for people, as [reset.Count] does.
func Count(n int) string { return reset.Count(n) }

// Users counts users: "1 user", "12 users".
func Users(n int) string { return Plural(n, "user") }

// Plural counts something, as [reset.Plural] does.
func Plural(n int, noun string) string { return reset.Plural(n, noun) }

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

// isoTime is a time as details of the record have it. An "at" or "on" before it
// is dropped: a Slack date may begin with "today".
// https://docs.slack.dev/messaging/formatting-message-text#date-formatting
var isoTime = regexp.MustCompile(`(?:\b(?:at|on) )?\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))`)

// TimeIn is a time in a text, with what it takes of it.
type TimeIn struct {
	From, To int // s[From:To], an "at" or "on" before it too
	At       time.Time
}

// TimesIn finds the times in a text of ours, such as a detail of the record.
func TimesIn(s string) (found []TimeIn) {
	for _, m := range isoTime.FindAllStringSubmatchIndex(s, -1) {
		if t, err := time.Parse(time.RFC3339, s[m[2]:m[3]]); err == nil {
			found = append(found, TimeIn{From: m[0], To: m[1], At: t})
		}
	}
	return found
}

// ZonedTimes puts Slack dates in the place of the times in mrkdwn.
func ZonedTimes(s string) string {
	var b strings.Builder
	from := 0
	for _, t := range TimesIn(s) {
		b.WriteString(s[from:t.From] + Date(t.At))
		from = t.To
	}
	return b.String() + s[from:]
}

// PlainTime writes a time for people where Slack does not know the reader's zone.
func PlainTime(t time.Time) string { return t.UTC().Format("Jan 2, 15:04 UTC") }
