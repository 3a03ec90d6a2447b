package view

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// newUser is how young a user is who stands out.
const newUser = 7 * 24 * time.Hour

// strong are the factor types that withstand phishing.
func strong() []string { return []string{"webauthn", "u2f", "signed_nonce"} }

func onlyResistant(t reset.Target) bool {
	return t.Read && len(t.Factors) > 0 && !slices.ContainsFunc(t.Factors, func(f string) bool { return !slices.Contains(strong(), f) })
}

// standsOut says in a few words why an approver should look at a target; "" if
// there is nothing. The moment is when the plan was frozen. Times are RFC 3339;
// see [zonedTimes].
func standsOut(t reset.Target, at time.Time) string {
	if t.Status != "" && t.Status != "ACTIVE" {
		return join(slices.DeleteFunc([]string{statusWords(t.Status), remarks(t, at)}, func(s string) bool { return s == "" }))
	}
	return remarks(t, at)
}

// remarks is what stands out about a target but for its status.
func remarks(t reset.Target, at time.Time) string {
	var words []string
	if t.Created != nil && at.Sub(*t.Created) < newUser {
		words = append(words, fmt.Sprintf("created %s ago", days(at.Sub(*t.Created))))
	}
	if onlyResistant(t) {
		words = append(words, "only phishing-resistant factors")
	}
	if d := line(t.Detail); d != "" && d != "is "+statusWords(t.Status) {
		words = append(words, d)
	}
	return join(words)
}

func days(d time.Duration) string {
	if n := int(d / (24 * time.Hour)); n > 0 {
		return plural(n, "day")
	}
	return "hours"
}

// isoTime is a time as details of the record have it.
var isoTime = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)

// zonedTimes puts Slack dates in the place of the times in mrkdwn.
func zonedTimes(s string) string {
	return isoTime.ReplaceAllStringFunc(s, func(iso string) string {
		t, err := time.Parse(time.RFC3339, iso)
		if err != nil {
			return iso
		}
		return date(t)
	})
}

// zonedCell is a cell of a table with text, whose times are shown in the reader's zone.
func zonedCell(s string) slack.DataTableCell {
	found := isoTime.FindAllStringIndex(s, -1)
	if len(found) == 0 {
		return slack.NewDataTableRawTextCell(s)
	}
	var parts []slack.RichTextSectionElement
	from := 0
	text := func(to int) {
		if to > from {
			parts = append(parts, slack.NewRichTextSectionTextElement(s[from:to], nil))
		}
	}
	for _, at := range found {
		t, err := time.Parse(time.RFC3339, s[at[0]:at[1]])
		if err != nil {
			continue
		}
		text(at[0])
		fallback := plainTimes(s[at[0]:at[1]])
		parts = append(parts, slack.NewRichTextSectionDateElement(t.Unix(), "{date_short_pretty} {time}", nil, &fallback))
		from = at[1]
	}
	text(len(s))
	return slack.NewDataTableRichTextCell(slack.NewRichTextSection(parts...))
}

// plainTimes writes times for people where Slack does not know the reader's zone.
func plainTimes(s string) string {
	return isoTime.ReplaceAllStringFunc(s, func(iso string) string {
		t, err := time.Parse(time.RFC3339, iso)
		if err != nil {
			return iso
		}
		return t.UTC().Format("Jan 2, 15:04 UTC")
	})
}
