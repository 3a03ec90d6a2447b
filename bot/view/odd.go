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

// onlyResistant reports whether all of a target's factors are of types that withstand phishing.
func onlyResistant(t reset.Target) bool {
	return t.Read && len(t.Factors) > 0 && !slices.ContainsFunc(t.Factors, func(f string) bool {
		return f != "webauthn" && f != "u2f" && f != "signed_nonce"
	})
}

// standsOut says in a few words why an approver should look at a target; "" if
// there is nothing. The moment is when the plan was frozen. Times are RFC 3339;
// see [phrase.ZonedTimes].
func standsOut(t reset.Target, at time.Time) string {
	return phrase.And(phrase.Filled(unusual(t), remarks(t, at)))
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
		return reset.Plural(n, "day")
	}
	return "hours"
}

// zonedCell is a cell of a table with text, whose times are shown in the reader's zone.
func zonedCell(s string) slack.DataTableCell {
	var parts []slack.RichTextSectionElement
	zoned := false
	for text, at := range phrase.SplitTimes(s) {
		if text != "" {
			parts = append(parts, slack.NewRichTextSectionTextElement(text, nil))
		}
		if !at.IsZero() {
			zoned = true
			fallback := phrase.PlainTime(at)
			parts = append(parts, slack.NewRichTextSectionDateElement(at.Unix(), "{date_short_pretty} {time}", nil, &fallback))
		}
	}
	if !zoned {
		return slack.NewDataTableRawTextCell(s)
	}
	return slack.NewDataTableRichTextCell(slack.NewRichTextSection(parts...))
}
