package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// votesShown is how many voices a message names.
const votesShown = 20

// voices names who decided, and as which Okta user: "@A (as ana@example.com) and @B"; mrkdwn.
func voices(all []reset.Voice) string {
	names := make([]string, 0, len(all))
	for _, v := range all[:min(len(all), votesShown)] {
		names = append(names, voice(v))
	}
	if n := len(all) - votesShown; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return join(names)
}

func voice(v reset.Voice) string {
	if v.Login == "" {
		return mention(v.By)
	}
	return mention(v.By) + " (as " + code(v.Login) + ")"
}

// wanting says which approvals are still needed: "2 more approvals needed, one of them from @security"; mrkdwn.
func wanting(r *reset.Request) string {
	w := r.Wanting()
	s := plural(w.More, "more approval") + " needed"
	if len(r.Approved) == 0 {
		s = plural(w.More, "approval") + " needed"
	}
	quorums := make([]string, 0, len(w.From))
	for _, q := range w.From[:min(len(w.From), votesShown)] {
		quorums = append(quorums, escape(cut(line(q), 100)))
	}
	switch {
	case w.Groups == 0 || len(quorums) == 0:
		return s
	case w.More == 1:
		return s + " from " + either(quorums)
	case len(quorums) == 1:
		return s + ", one of them from " + quorums[0]
	case w.Groups == len(quorums):
		return s + ", one each from " + join(quorums)
	}
	return fmt.Sprintf("%s, %d of them from %s", s, w.Groups, either(quorums))
}

// votes says who has approved, who is missing, and until when.
func votes(r *reset.Request) slack.Block {
	var b strings.Builder
	if r.Missing() > 0 {
		fmt.Fprintf(&b, "*%s*", wanting(r))
	}
	if len(r.Approved) > 0 {
		fmt.Fprintf(&b, "; approved by %s", voices(r.Approved))
	}
	fmt.Fprintf(&b, ". The request expires %s.", date(r.ExpiresAt))
	for _, s := range bars(r) {
		b.WriteString("\n" + s)
	}
	for _, v := range r.Fallen[max(0, len(r.Fallen)-votesShown):] {
		b.WriteString("\n" + fell(v))
	}
	return section(b.String())
}

func fell(v reset.Voice) string {
	return fmt.Sprintf("The approval by %s fell away: %s.", mention(v.By), strings.TrimSuffix(told(v.Why), "."))
}

// bars says what makes this approval harder than others.
func bars(r *reset.Request) (list []string) {
	t := r.Terms
	if t.Large {
		s := "This is a large batch"
		if t.Recent > 0 {
			s += fmt.Sprintf(": the requester asked for %s more within a day", users(t.Recent))
		}
		list = append(list, s+".")
	}
	if t.Confirm > 0 {
		list = append(list, "Who approves types the number of users.")
	}
	if need := max(t.Approvals, len(t.From)); t.Able > 0 && t.Able < need {
		list = append(list, fmt.Sprintf(":warning: Only %s approve this request and %s needed, so it will expire. Who runs the bot can name more approvers.", mayApprove(t.Able), areNeeded(need)))
	}
	return list
}

func mayApprove(n int) string {
	if n == 1 {
		return "1 person may"
	}
	return count(n) + " people may"
}

func areNeeded(n int) string {
	if n == 1 {
		return "1 is"
	}
	return count(n) + " are"
}

// waits says why an approved request does not start at once, and when it does; "" if nothing keeps it.
func waits(r *reset.Request) string {
	switch {
	case r.Wait != nil && r.Wait.Until.IsZero():
		return "It does not start yet. " + told(r.Wait.Why)
	case r.Wait != nil:
		return "It does not start before " + date(r.Wait.Until) + ". " + told(r.Wait.Why)
	case !r.Asked.NotTill.IsZero():
		return "It starts " + date(r.Asked.NotTill) + "."
	}
	return ""
}
