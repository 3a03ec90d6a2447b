package roster

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// scanner takes words off a folded text.
type scanner struct {
	s string // what is left
}

func isSeparator(r rune) bool { return r == ' ' || r == ',' || r == ';' }

// next takes one word off, "" at the end. A link of Slack's is a word, and
// what is in quotation marks is not divided.
func (s *scanner) next() string {
	s.skip()
	word := s.s[:wordEnd(s.s)]
	s.s = s.s[len(word):]
	return word
}

// wordEnd returns where the word at the start of a text ends.
func wordEnd(s string) int {
	if link, _, ok := strings.Cut(s, ">"); ok && strings.HasPrefix(link, "<") {
		return len(link) + 1
	}
	quoted := false
	for i, r := range s {
		switch {
		case r == '"':
			quoted = !quoted && strings.Contains(s[i+1:], `"`)
		case quoted:
		case isSeparator(r), r == '<' && i > 0:
			return i
		}
	}
	return len(s)
}

// peek returns the next word and leaves it.
func (s *scanner) peek() string {
	ahead := *s
	return ahead.next()
}

// skip takes off what stands between words.
func (s *scanner) skip() { s.s = strings.TrimLeftFunc(s.s, isSeparator) }

// until takes off the text before the first word for which stop holds.
func (s *scanner) until(stop func(string) bool) string {
	ahead := *s
	for {
		word := ahead.next()
		if word == "" || stop(word) {
			text := s.s[:len(s.s)-len(ahead.s)-len(word)]
			s.s = s.s[len(text):]
			return strings.Trim(text, " ,;")
		}
	}
}

// phrase takes off what is in quotation marks, else all words up to a user or an option.
func (s *scanner) phrase() string {
	s.s = strings.TrimLeft(s.s, " ")
	if rest, ok := strings.CutPrefix(s.s, `"`); ok {
		text, after, closed := strings.Cut(rest, `"`)
		if closed {
			s.s = after
			return strings.TrimSpace(text)
		}
		s.s = rest
	}
	return strings.Join(strings.Fields(s.until(isOptionOrUser)), " ")
}

// splitReason divides a command at the first word "because" that is not quoted.
func splitReason(text string) (before, reason string) {
	for _, quotes := range []bool{true, false} { // perhaps a quotation mark was left open
		if before, reason, found := cutBecause(text, quotes); found {
			return before, reason
		}
	}
	return text, ""
}

func cutBecause(text string, quotes bool) (before, reason string, found bool) {
	quoted, start, startQuoted := false, -1, false
	for i, r := range text + " " {
		if unicode.IsSpace(r) || strings.ContainsRune(",;、，；", r) {
			if start >= 0 && !startQuoted && isBecause(text[start:i]) {
				return text[:start], text[i:], true
			}
			start = -1
			continue
		}
		if start < 0 {
			start, startQuoted = i, quoted
		}
		if quotes && foldRune(r) == '"' {
			quoted = !quoted
		}
	}
	return text, "", false
}

func isBecause(word string) bool {
	return strings.EqualFold(strings.Trim(fold(word), "-:."), "because")
}

// fold gives a text the plain characters that were meant: straight quotes, plain
// dashes and blanks, half-width letters, nothing invisible, and Slack's three
// escapes as what they stand for (docs.slack.dev, formatting message text).
func fold(text string) string {
	text = strings.Map(foldRune, text)
	return unescape.Replace(text)
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

func foldRune(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return -1
	case unicode.IsControl(r):
		return ' '
	}
	switch r {
	case '\u201c', '\u201d', '\u201e', '\u201f', '\u00ab', '\u00bb', '\u2033', '\uff02':
		return '"'
	case '\u2018', '\u2019', '\u201a', '\u201b', '\u2032', '\uff07':
		return '\''
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212', '\ufe58', '\ufe63', '\uff0d':
		return '-'
	case '\u3001', '\uff64', '\u060c':
		return ','
	case '\u061b':
		return ';'
	}
	if narrow := width.LookupRune(r).Narrow(); narrow != 0 && utf8.RuneLen(narrow) == 1 {
		return narrow
	}
	return r
}
