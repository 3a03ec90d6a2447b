package roster

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"factorbot/bot/roster/internal/refusal"
)

// CodeWhen is of a time that cannot be read, is over, or is too far ahead.
const CodeWhen = "when"

// Farthest is how far ahead a request may be put off.
const Farthest = 30 * 24 * time.Hour

// ParseWhen reads when a request is to start, as people write it after "at:":
// "16:30", "tomorrow 07:00", "monday 7am", "2026-11-25 07:00", "in 2 hours". A
// time of day without a day is today's. It is meant in the zone of now, which
// is the moment of asking. The error is an *Error.
func ParseWhen(text string, now time.Time) (time.Time, error) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) > 0 && words[0] == "at" {
		words = words[1:]
	}
	at, ok := ahead(words, now)
	if !ok {
		at, ok = onDay(words, now)
	}
	switch {
	case !ok:
		return time.Time{}, refusal.New(CodeWhen, 0, `I don't understand the time %s. Write at:"tomorrow 07:00", at:"2026-11-25 07:00", at:"16:30" or at:"in 2 hours".`, refusal.Quote(text))
	case at.IsZero():
		return time.Time{}, refusal.New(CodeWhen, 0, "%s doesn't exist in your time zone: clocks go forward then. Choose another time.", refusal.Quote(text))
	case !at.After(now):
		return time.Time{}, refusal.New(CodeWhen, 0, "%s has already passed. Choose a later time, or leave at: out.", refusal.Quote(text))
	case at.After(now.Add(Farthest)):
		return time.Time{}, refusal.New(CodeWhen, 0, "%s is too far ahead: 30 days is the limit.", refusal.Quote(text))
	}
	return at, nil
}

var amount = regexp.MustCompile(`^([0-9]{1,5})(m|min|minute|h|hour|d|day)s?$`)

// ahead reads "in 2 hours", "in 90min".
func ahead(words []string, now time.Time) (time.Time, bool) {
	if len(words) < 2 || words[0] != "in" {
		return time.Time{}, false
	}
	rest := strings.Join(words[1:], "")
	for _, one := range []string{"an", "a", "one"} {
		if words[1] == one {
			rest = "1" + strings.Join(words[2:], "")
		}
	}
	m := amount.FindStringSubmatch(rest)
	if m == nil {
		return time.Time{}, false
	}
	n, _ := strconv.Atoi(m[1])
	unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[m[2][0]]
	return now.Add(time.Duration(n) * unit), true
}

// onDay reads a time of a day. The zero time is one that the clock passes over.
func onDay(words []string, now time.Time) (time.Time, bool) {
	if len(words) == 1 {
		if date, clock, both := strings.Cut(words[0], "t"); both && len(date) == len(time.DateOnly) {
			words = []string{date, clock}
		}
	}
	year, month, day := now.Date()
	if len(words) > 0 {
		if y, m, d, ok := dayOf(words[0], now); ok {
			year, month, day = y, m, d
			words = words[1:]
		}
	}
	if len(words) > 0 && words[0] == "at" {
		words = words[1:]
	}
	hour, minute, ok := clockOf(strings.Join(words, ""))
	if !ok {
		return time.Time{}, false
	}
	at := time.Date(year, month, day, hour, minute, 0, 0, now.Location())
	if at.Hour() != hour || at.Minute() != minute {
		return time.Time{}, true
	}
	return at, true
}

// dayOf reads "today", "tomorrow", a weekday, which is the next one, or a date.
func dayOf(word string, now time.Time) (year int, month time.Month, day int, ok bool) {
	word = strings.TrimSuffix(word, ",")
	days := -1
	switch word {
	case "today", "tonight":
		days = 0
	case "tomorrow", "tmrw":
		days = 1
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if name := strings.ToLower(d.String()); word == name || word == name[:3] {
			days = int(d-now.Weekday()+6)%7 + 1
		}
	}
	if days >= 0 {
		y, m, d := now.Date()
		year, month, day = time.Date(y, m, d+days, 12, 0, 0, 0, now.Location()).Date()
		return year, month, day, true
	}
	date, err := time.Parse(time.DateOnly, word)
	year, month, day = date.Date()
	return year, month, day, err == nil
}

var clock = regexp.MustCompile(`^([0-9]{1,2})(?:[:.]([0-9]{2})(?::00)?)?(am|pm)?$`)

// clockOf reads "07:00", "7am", "7:30 pm", "noon".
func clockOf(s string) (hour, minute int, ok bool) {
	if s == "noon" {
		return 12, 0, true
	}
	m := clock.FindStringSubmatch(s)
	if m == nil || m[2] == "" && m[3] == "" {
		return 0, 0, false
	}
	hour, _ = strconv.Atoi(m[1])
	minute, _ = strconv.Atoi(m[2])
	if m[3] != "" {
		if hour < 1 || hour > 12 {
			return 0, 0, false
		}
		hour %= 12
		if m[3] == "pm" {
			hour += 12
		}
	}
	return hour, minute, hour < 24 && minute < 60
}
