package roster

import (
	"regexp"
	"strings"
	"unicode"
)

// link is what Slack puts between angle brackets: people, channels, groups, dates, addresses.
var link = regexp.MustCompile(`<([^<>]*)>`)

// PlainText reads text that came from Slack as people see it: links are their
// labels, escapes what they stand for, blanks and line breaks one blank, and
// nothing is invisible. The result may hold anything a person typed, so it is
// escaped again wherever it leaves.
func PlainText(text string) string {
	text = unescape.Replace(unlink(text))
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.Join(strings.Fields(text), " ")
}

// unlink replaces links by what Slack shows of them.
func unlink(text string) string {
	return link.ReplaceAllStringFunc(text, func(l string) string { return label(l[1 : len(l)-1]) })
}

// label is what Slack shows of a link.
func label(l string) string {
	target, text, _ := strings.Cut(l, "|")
	switch {
	case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
		if text == "" {
			return target
		}
		return target[:1] + strings.TrimPrefix(text, target[:1])
	case strings.HasPrefix(target, "!"):
		if text == "" {
			text, _, _ = strings.Cut(target[1:], "^")
		}
		return strings.TrimLeft(text, "@!")
	case strings.HasPrefix(target, "mailto:"), strings.HasPrefix(target, "tel:"):
		_, address, _ := strings.Cut(target, ":")
		return address
	case text == "" || strings.Contains(target, text):
		return target
	}
	return text + " (" + target + ")"
}
