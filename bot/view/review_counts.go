package view

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/slack-go/slack"
)

// counts says how many there are of what.
func (v *Review) counts() []slack.Block {
	skipped := sum(v.skips)
	s := fmt.Sprintf("%s to reset, %s skipped.", count(v.resets), count(skipped))
	if v.request.Asked.Options.DryRun {
		s = fmt.Sprintf("Dry run: %s would be reset, %s skipped.", count(v.resets), count(skipped))
	}
	if v.odd > 0 {
		s += fmt.Sprintf(" :warning: %s out, listed first.", stand(v.odd))
	}
	blocks := []slack.Block{section(s)}
	var fields []*slack.TextBlockObject
	add := func(head, text string) {
		if text != "" {
			fields = append(fields, mrkdwn(trim("*"+head+"*\n"+text, 1900)))
		}
	}
	add("By status", top(v.statuses, statusWords, "unknown"))
	add("By department", top(v.departments, func(k string) string { return k }, "none"))
	add("Skipped because", top(v.skips, reasonWords, "no reason given"))
	add("By factor", top(v.factors, func(k string) string { return strings.Join(factorWords([]string{k}), " ") }, "none"))
	if v.unread > 0 && len(v.factors) > 0 {
		add("Factors not read", users(v.unread))
	}
	if len(fields) > 0 {
		blocks = append(blocks, slack.NewSectionBlock(nil, fields, nil))
	}
	return blocks
}

func stand(n int) string {
	if n == 1 {
		return "*1 user* stands"
	}
	return "*" + users(n) + "* stand"
}

// topShown is how many kinds a list of counts names.
const topShown = 8

// top lists the largest counts, a line each; mrkdwn.
func top[K cmp.Ordered](counts map[K]int, words func(K) string, empty string) string {
	var b strings.Builder
	keys := byCount(counts)
	for i, k := range keys {
		if i == topShown && len(keys) > topShown+1 {
			rest := 0
			for _, k := range keys[i:] {
				rest += counts[k]
			}
			fmt.Fprintf(&b, "%s in %d others\n", count(rest), len(keys)-i)
			break
		}
		w := cut(line(words(k)), 40)
		if w == "" {
			w = empty
		}
		fmt.Fprintf(&b, "%s %s\n", count(counts[k]), escape(w))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
