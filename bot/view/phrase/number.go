package phrase

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
)

// And joins words: "A, B and C".
func And(words []string) string { return list(words, "and") }

// Or is for alternatives: "A or B".
func Or(words []string) string { return list(words, "or") }

func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// Date shows a time in the reader's own zone; the fallback is UTC.
func Date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2 Jan 2006 15:04 UTC"))
}

// Users counts users: "1 user", "12 users".
func Users(n int) string { return reset.Plural(n, "user") }

// Agree is the form of a word that goes with a number: "is" with 1, "are" with others.
func Agree(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
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

// Filled returns the words that are not empty.
func Filled(words ...string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// Lines puts the words that are not empty on a line each.
func Lines(words ...string) string { return strings.Join(Filled(words...), "\n") }

// Dotted joins the words that are not empty with dots.
func Dotted(words ...string) string { return strings.Join(Filled(words...), " · ") }

// Each returns what becomes of each of a list.
func Each[T, U any](all []T, f func(T) U) []U {
	made := make([]U, 0, len(all))
	for _, x := range all {
		made = append(made, f(x))
	}
	return made
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

// SplitTimes cuts a text of ours, such as a detail of the record, at its times, each
// with an "at" or "on" before it. It yields what is before each time, with the time;
// last what follows, with the zero time.
func SplitTimes(s string) iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		from := 0
		for _, m := range isoTime.FindAllStringSubmatchIndex(s, -1) {
			t, err := time.Parse(time.RFC3339, s[m[2]:m[3]])
			if err != nil {
				continue
			}
			if !yield(s[from:m[0]], t) {
				return
			}
			from = m[1]
		}
		yield(s[from:], time.Time{})
	}
}

// ZonedTimes puts Slack dates in the place of the times in mrkdwn.
func ZonedTimes(s string) string {
	var b strings.Builder
	for text, at := range SplitTimes(s) {
		b.WriteString(text)
		if !at.IsZero() {
			b.WriteString(Date(at))
		}
	}
	return b.String()
}

// PlainTime writes a time for people where Slack does not know the reader's zone.
func PlainTime(t time.Time) string { return t.UTC().Format("Jan 2, 15:04 UTC") }
