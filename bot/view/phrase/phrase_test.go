package phrase_test

import (
	"testing"
	"time"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

func TestPhrases(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{phrase.Escape("<!channel> & co\u202e"), "&lt;!channel&gt; &amp; co"},
		{phrase.Inert("@here see https://x"), "@\u2060here see https:\u2060//x"},
		{phrase.Calm("<@U1> and @here"), "<@U1> and @\u2060here"},
		{phrase.Code("a`b\nc"), "`a'b c`"},
		{phrase.Cut("abcdef", 4), "abcd… (2 characters cut)"},
		{phrase.Shorten("abcdef", 4), "abc…"},
		{phrase.Trim("ab <@U1234567>", 12), "ab … (cut)"},
		{phrase.Mention("U1"), "<@U1>"},
		{phrase.Mention("<!channel>"), "&lt;!channel&gt;"},
		{phrase.And([]string{"a", "b", "c"}), "a, b and c"},
		{phrase.Or([]string{"a", "b"}), "a or b"},
		{phrase.Users(1), "1 user"},
		{phrase.Users(12345), "12,345 users"},
		{phrase.Span(3*time.Minute + 20*time.Second), "3 min 20 s"},
		{phrase.About(42 * time.Second), "50 s"},
		{phrase.About(61 * time.Second), "2 min"},
		{phrase.Shortly(90 * time.Hour), "4 d"},
		{phrase.Date(at), "<!date^1777896000^{date_short_pretty} {time}|4 May 2026 12:00 UTC>"},
		{phrase.ZonedTimes("reset 2026-05-04T12:00:00Z"), "reset " + phrase.Date(at)},
		{phrase.PlainTime(at), "May 4, 12:00 UTC"},
		{phrase.ZonedTimes("reset by FR-1 at 2026-05-04T12:00:00Z, on 2026-05-04T14:00:00+02:00; at: 2026"), "reset by FR-1 " + phrase.Date(at) + ", " + phrase.Date(at) + "; at: 2026"},
		{phrase.Status("PASSWORD_EXPIRED"), "password expired"},
		{phrase.Outcome(reset.OutcomeNotRun), "not run"},
		{phrase.Skipped(1, reset.ProtectedAdmin), "1 protected administrator"},
		{phrase.Skipped(5, reset.ProtectedAdmin), "5 protected administrators"},
		{phrase.Skipped(12000, reset.InvalidRow), "12,000 name nobody"},
		{phrase.And(phrase.Factors([]string{"push", "signed_nonce", "token:software:totp@OKTA", "sms"})), "Okta Verify and SMS"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
