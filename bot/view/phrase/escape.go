package phrase

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"factorbot/bot/reset"
)

// Shown bounds one piece of untrusted text; the rest is named, not shown.
const Shown = 600

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Escape makes text safe for a verbatim mrkdwn object: nothing in angle brackets comes alive.
func Escape(s string) string { return escaper.Replace(Clean(s)) }

// joiner is a word joiner: it shows nothing and keeps what is around it from being read as one word.
const joiner = "\u2060"

// Inert makes text safe where Slack may not be told to take it verbatim, as in
// a message's fallback text: besides escaping, a word joiner keeps bare @here,
// #channel and URLs from coming alive.
func Inert(s string) string {
	s = Escape(s)
	s = strings.ReplaceAll(s, "@", "@"+joiner)
	s = strings.ReplaceAll(s, "#", "#"+joiner)
	return strings.ReplaceAll(s, "://", ":"+joiner+"//")
}

// alive is what Slack makes a mention or a link of by itself.
var alive = regexp.MustCompile(`(?i)@(here|channel|everyone|group)|#\pL|://`)

// Calm puts a word joiner into bare mentions and URLs of escaped mrkdwn. Text in
// angle brackets is ours, and stays.
func Calm(s string) string {
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

// Clean takes out what is invisible or turns text around: control characters
// but line breaks, bidirectional overrides, and bytes that are not UTF-8.
func Clean(s string) string {
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

// Cut shortens text to n runes and says how much is missing.
func Cut(s string, n int) string {
	long := utf8.RuneCountInString(s)
	if long <= n {
		return s
	}
	tail := fmt.Sprintf("… (%s characters cut)", reset.Count(long-n))
	return string([]rune(s)[:n]) + tail
}

// Trim shortens mrkdwn to n runes without cutting through a mention, a date or an escaped character.
func Trim(s string, n int) string {
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

// Line puts text on one line.
func Line(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }

// Told is untrusted text for mrkdwn: one line, cut, escaped.
func Told(s string) string { return Escape(Cut(Line(s), Shown)) }

// Ours is a sentence of ours for mrkdwn, which may quote untrusted text: its times
// are shown in the reader's zone.
func Ours(s string) string { return ZonedTimes(Told(s)) }

// Code shows untrusted text as code; a backtick would end it.
func Code(s string) string {
	s = strings.ReplaceAll(Line(s), "`", "'")
	if s == "" {
		return "` `"
	}
	return "`" + Escape(Cut(s, 120)) + "`"
}

var slackID = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,40}$`)

// Mention names a Slack user; what is not an ID is shown as text.
func Mention(p reset.Person) string {
	if !IsID(string(p)) {
		return Told(string(p))
	}
	return "<@" + string(p) + ">"
}

// Channel names a Slack conversation.
func Channel(c reset.Channel) string {
	if !IsID(string(c)) {
		return Told(string(c))
	}
	return "<#" + string(c) + ">"
}

// Shorten cuts text to n characters, the ellipsis among them.
func Shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return strings.TrimSpace(string(runes[:n-1])) + "…"
}

// IsID reports whether text is an ID of Slack's.
func IsID(s string) bool { return slackID.MatchString(s) }
