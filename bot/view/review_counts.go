package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/view/phrase"
)

// counts says how many there are of what.
func (v *Review) counts() []slack.Block {
	skipped := phrase.Sum(v.skips)
	s := fmt.Sprintf("%s to reset, %s skipped.", phrase.Count(v.resets), phrase.Count(skipped))
	if v.request.Asked.Options.DryRun {
		s = fmt.Sprintf("Dry run: %s would be reset, %s skipped.", phrase.Count(v.resets), phrase.Count(skipped))
	}
	if v.odd > 0 {
		s += fmt.Sprintf(" :warning: %s out, listed first.", stand(v.odd))
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

func stand(n int) string {
	if n == 1 {
		return "*1 user* stands"
	}
	return "*" + phrase.Users(n) + "* stand"
}

// topShown is how many kinds a list of counts names.
const topShown = 8

// top lists the largest counts: "35 Engineering, 29 Legal, 12 in 3 others"; mrkdwn.
func top[K cmp.Ordered](counts map[K]int, words func(K) string, empty string) string {
	var parts []string
	keys := phrase.ByCount(counts)
	for i, k := range keys {
		if i == topShown && len(keys) > topShown+1 {
			rest := 0
			for _, k := range keys[i:] {
				rest += counts[k]
			}
			parts = append(parts, fmt.Sprintf("%s in %s others", phrase.Count(rest), phrase.Count(len(keys)-i)))
			break
		}
		w := phrase.Cut(phrase.Line(words(k)), 40)
		if w == "" {
			w = empty
		}
		parts = append(parts, phrase.Count(counts[k])+" "+phrase.Escape(w))
	}
	return strings.Join(parts, ", ")
}
