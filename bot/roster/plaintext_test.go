package roster_test

import (
	"testing"

	"factorbot/bot/roster"
)

func TestPlainText(t *testing.T) {
	for text, want := range map[string]string{
		"lost phone":                             "lost phone",
		"  two\n\tlines\u00a0and a blank ":       "two lines and a blank",
		"R&amp;D &lt;b&gt;":                      "R&D <b>",
		"&amp;lt;":                               "&lt;",
		"&lt;!channel&gt;":                       "<!channel>",
		"<!channel> <!here|here> <!everyone>":    "channel here everyone",
		"<!subteam^S1|@security> <!subteam^S1>":  "security subteam",
		"<!date^1392734382^{date}|Feb 18, 2014>": "Feb 18, 2014",
		"<@U1> <@U1|ana> <#C1|general> <#C1>":    "@U1 @ana #general #C1",
		"<mailto:a@b.co|a@b.co> <tel:+4930|x>":   "a@b.co +4930",
		"<https://x.example/a|x.example/a>":      "https://x.example/a",
		"<https://evil.example|your bank>":       "your bank (https://evil.example)",
		"a\u202eb\u200bc\x00d":                   "abc d",
		"a\xffb":                                 "a\ufffdb",
		"<":                                      "<",
	} {
		if got := roster.PlainText(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
