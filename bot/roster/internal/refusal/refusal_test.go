package refusal_test

import (
	"errors"
	"strings"
	"testing"

	"factorbot/bot/roster/internal/refusal"
)

func TestError(t *testing.T) {
	broken := errors.New("connection reset")
	for want, e := range map[string]*refusal.Error{
		"roster: empty: no users":                 refusal.New(refusal.Empty, 0, "no %s", "users"),
		"roster: empty at line 1: no users":       refusal.New(refusal.Empty, 1, "no users"),
		"roster: unreadable: drop the file again": {Code: refusal.Unreadable, Words: "drop the file again", Err: broken},
	} {
		if e.Error() != want || errors.Is(e, broken) != (e.Err != nil) {
			t.Errorf("%q, want %q", e.Error(), want)
		}
	}
}

// What somebody wrote is repeated short, on one line, and with nothing invisible.
func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"ana":                        `"ana"`,
		"a\nb\u200b":                 "\"a\ufffdb\ufffd\"",
		strings.Repeat("\u00fc", 40): `"` + strings.Repeat("\u00fc", 40) + `"`,
		strings.Repeat("\u00fc", 41): `"` + strings.Repeat("\u00fc", 39) + "\u2026\"",
	} {
		if got := refusal.Quote(text); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestQuoteList(t *testing.T) {
	for list, want := range map[string]string{
		"":                    `""`,
		"a b":                 `"a", "b"`,
		"a b c d e f g h":     `"a", "b", "c", "d", "e", "f", "g", "h"`,
		"a b c d e f g h i j": `"a", "b", "c", "d", "e", "f", "g", "h" and 2 more`,
	} {
		if got := refusal.QuoteList(strings.Split(list, " ")); got != want {
			t.Errorf("%q: %s", list, got)
		}
	}
}
