package view

import (
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
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
// see [phrase.ZonedTimes].
func standsOut(t reset.Target, at time.Time) string {
	if t.Status != "" && t.Status != "ACTIVE" {
		return phrase.And(slices.DeleteFunc([]string{phrase.Status(t.Status), remarks(t, at)}, func(s string) bool { return s == "" }))
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
	if d := phrase.Line(t.Detail); d != "" && d != "is "+phrase.Status(t.Status) {
		words = append(words, d)
	}
	return phrase.And(words)
}

func days(d time.Duration) string {
	if n := int(d / (24 * time.Hour)); n > 0 {
		return phrase.Plural(n, "day")
	}
	return "hours"
}

// zonedCell is a cell of a table with text, whose times are shown in the reader's zone.
func zonedCell(s string) slack.DataTableCell {
	found := phrase.TimesIn(s)
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
	for _, t := range found {
		text(t.From)
		fallback := phrase.PlainTime(t.At)
		parts = append(parts, slack.NewRichTextSectionDateElement(t.At.Unix(), "{date_short_pretty} {time}", nil, &fallback))
		from = t.To
	}
	text(len(s))
	return slack.NewDataTableRichTextCell(slack.NewRichTextSection(parts...))
}
