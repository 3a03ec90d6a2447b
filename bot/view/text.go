package view

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"factorbot/bot/reset"
)

// shownRunes bounds one piece of untrusted text; the rest is named, not shown.
const shownRunes = 600

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes text safe for a verbatim mrkdwn object: nothing in angle brackets comes alive.
func escape(s string) string { return escaper.Replace(clean(s)) }

// joiner is a word joiner: it shows nothing and keeps what is around it from being read as one word.
const joiner = "\u2060"

// inert makes text safe where Slack may not be told to take it verbatim, as in
// a message's fallback text: besides escaping, a word joiner keeps bare @here,
// #channel and URLs from coming alive.
func inert(s string) string {
	s = escape(s)
	s = strings.ReplaceAll(s, "@", "@"+joiner)
	s = strings.ReplaceAll(s, "#", "#"+joiner)
	return strings.ReplaceAll(s, "://", ":"+joiner+"//")
}

// alive is what Slack makes a mention or a link of by itself.
var alive = regexp.MustCompile(`(?i)@(here|channel|everyone|group)|#\pL|://`)

// calm puts a word joiner into bare mentions and URLs of escaped mrkdwn; what
// stands in angle brackets is of our making and stays.
func calm(s string) string {
	var b strings.Builder
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			open = len(s)
		}
		b.WriteString(alive.ReplaceAllStringFunc(s[:open], func(m string) string {
			_, n := utf8.DecodeRuneInString(m)
			return m[:n] + joiner + m[n:]
		}))
		s = s[open:]
		end := strings.IndexByte(s, '>') + 1
		if end == 0 {
			end = len(s)
		}
		b.WriteString(s[:end])
		s = s[end:]
	}
	return b.String()
}

// clean takes out what is invisible or turns text around: control characters
// but line breaks, bidirectional overrides, and bytes that are not UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// cut shortens text to n runes and says how much is missing.
func cut(s string, n int) string {
	long := utf8.RuneCountInString(s)
	if long <= n {
		return s
	}
	tail := fmt.Sprintf("… (%d characters cut)", long-n)
	return string([]rune(s)[:n]) + tail
}

// trim shortens mrkdwn to n runes without cutting through a mention, a date or an escaped character.
func trim(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	const tail = "… (cut)"
	runes := []rune(s)
	end := n - utf8.RuneCountInString(tail)
	for i := end - 1; i >= 0; i-- {
		if runes[i] == '>' || runes[i] == ';' {
			break
		}
		if runes[i] == '<' || runes[i] == '&' {
			end = i
			break
		}
	}
	return string(runes[:end]) + tail
}

// line puts text on one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// told is untrusted text for mrkdwn: one line, cut, escaped.
func told(s string) string { return escape(cut(line(s), shownRunes)) }

// code shows untrusted text as code; a backtick would end it.
func code(s string) string {
	s = strings.ReplaceAll(line(s), "`", "'")
	if s == "" {
		return "` `"
	}
	return "`" + escape(cut(s, 120)) + "`"
}

var slackID = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,40}$`)

// mention names a Slack user; what is not an ID is shown as text.
func mention(p reset.Person) string {
	if !slackID.MatchString(string(p)) {
		return told(string(p))
	}
	return "<@" + string(p) + ">"
}

// channelLink names a Slack conversation.
func channelLink(c reset.Channel) string {
	if !slackID.MatchString(string(c)) {
		return told(string(c))
	}
	return "<#" + string(c) + ">"
}

func join(words []string) string { return list(words, "and") }

// either is for alternatives: "A or B".
func either(words []string) string { return list(words, "or") }

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

// date shows a time in the reader's own zone; the fallback is UTC.
func date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("Jan 2, 2006 15:04 UTC"))
}

// count writes a number with commas from 10,000 on.
func count(n int) string {
	s := strconv.Itoa(n)
	if n < 10000 {
		return s
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// users counts users: "1 user", "12 users".
func users(n int) string { return plural(n, "user") }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// span writes a duration for people: "45 s", "3 min 20 s", "2 h 5 min".
func span(d time.Duration) string {
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

// about writes a duration that is only known roughly: "10 s", "3 min", "2 h 5 min".
func about(d time.Duration) string {
	if d <= time.Minute {
		return span(max(10*time.Second, (d + 5*time.Second).Round(10*time.Second)))
	}
	return span((d + 30*time.Second - 1).Round(time.Minute))
}
