package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// counts says how many there are of what.
func (v *Review) counts() []slack.Block {
	skipped := phrase.Sum(v.skips)
	s := fmt.Sprintf("%s to reset, %s skipped.", reset.Count(v.resets), reset.Count(skipped))
	if v.request.Asked.Options.DryRun {
		s = fmt.Sprintf("Dry run: %s would be reset, %s skipped.", reset.Count(v.resets), reset.Count(skipped))
	}
	if v.odd > 0 {
		s += fmt.Sprintf(" :warning: *%s* %s out, listed first.", phrase.Users(v.odd), phrase.Agree(v.odd, "stands", "stand"))
	}
	return []slack.Block{section(s)}
}

// kinds says in a line each of which departments, statuses and factors they are.
func (v *Review) kinds() []slack.Block {
	var lines []string
	add := func(head, text string) {
		if text != "" {
			lines = append(lines, phrase.Trim("*"+head+":* "+text, 900))
		}
	}
	add("Departments", top(v.departments, func(k string) string { return k }, "none"))
	if len(v.statuses) > 1 || v.statuses["ACTIVE"] == 0 {
		add("Status", top(v.statuses, phrase.Status, "unknown"))
	}
	add("Factors", top(v.factors, func(k string) string { return strings.Join(phrase.Factors([]string{k}), " ") }, "none"))
	if v.unread > 0 && len(v.factors) > 0 {
		add("Factors not read", phrase.Users(v.unread))
	}
	add("Skipped", top(v.skips, phrase.Reason, "no reason given"))
	if len(lines) == 0 {
		return nil
	}
	return []slack.Block{section(strings.Join(lines, "\n"))}
}

// topShown is how many kinds a list of counts names.
const topShown = 8

// top lists the largest counts: "35 Engineering, 29 Legal, 12 in 3 others"; mrkdwn.
func top[K cmp.Ordered](counts map[K]int, words func(K) string, empty string) string {
	keys := phrase.ByCount(counts)
	shown := len(keys)
	if shown > topShown+1 { // a single other one is named, too
		shown = topShown
	}
	rest := phrase.Sum(counts)
	parts := phrase.Each(keys[:shown], func(k K) string {
		rest -= counts[k]
		return reset.Count(counts[k]) + " " + phrase.Escape(cmp.Or(phrase.Cut(phrase.Line(words(k)), 40), empty))
	})
	if shown < len(keys) {
		parts = append(parts, fmt.Sprintf("%s in %s others", reset.Count(rest), reset.Count(len(keys)-shown)))
	}
	return strings.Join(parts, ", ")
}
