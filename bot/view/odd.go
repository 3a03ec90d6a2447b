package view

import (
	"fmt"
	"slices"
	"time"

	"factorbot/bot/reset"
)

// newUser is how young a user is who stands out.
const newUser = 7 * 24 * time.Hour

// strong are the factor types that withstand phishing.
func strong() []string { return []string{"webauthn", "u2f", "signed_nonce"} }

// standsOut says in a few words why an approver should look at a target; "" if
// there is nothing. The moment is when the plan was frozen.
func standsOut(t reset.Target, at time.Time) string {
	var words []string
	if t.Status != "" && t.Status != "ACTIVE" {
		words = append(words, t.Status)
	}
	if t.Created != nil && at.Sub(*t.Created) < newUser {
		words = append(words, fmt.Sprintf("created %s ago", days(at.Sub(*t.Created))))
	}
	if t.Read && len(t.Factors) > 0 && !slices.ContainsFunc(t.Factors, func(f string) bool { return !slices.Contains(strong(), f) }) {
		words = append(words, "only phishing-resistant factors")
	}
	if t.Detail != "" {
		words = append(words, line(t.Detail))
	}
	return join(words)
}

func days(d time.Duration) string {
	if n := int(d / (24 * time.Hour)); n > 0 {
		return plural(n, "day")
	}
	return "hours"
}
