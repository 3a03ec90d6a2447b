package view

import (
	"fmt"
	"strings"

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
	var how []string
	if v.Login != "" {
		how = append(how, "as "+code(v.Login))
	}
	if v.StepUp != nil {
		how = append(how, "confirmed with Okta Verify")
	}
	if len(how) == 0 {
		return mention(v.By)
	}
	return mention(v.By) + " (" + strings.Join(how, ", ") + ")"
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

func fell(v reset.Voice) string {
	return fmt.Sprintf("%s's approval no longer counts: %s", mention(v.By), told(v.Why))
}

// bars says what makes this approval harder than others.
func bars(r *reset.Request) (list []string) {
	t := r.Terms
	if t.Large {
		s := "Large batch"
		if t.Recent > 0 {
			s += fmt.Sprintf(": %s asked for %s more in the last day", mention(r.Asked.By), users(t.Recent))
		}
		list = append(list, s+".")
	}
	if t.Confirm > 0 {
		list = append(list, "Approvers type the number of users.")
	}
	return list
}

// waits says why an approved request does not start at once, and when it does; "" if nothing keeps it.
func waits(r *reset.Request) string {
	switch {
	case r.Wait != nil && r.Wait.Until.IsZero():
		return "It can't start yet. " + told(r.Wait.Why)
	case r.Wait != nil:
		return "Starts " + date(r.Wait.Until) + " at the earliest. " + told(r.Wait.Why)
	case !r.Asked.NotTill.IsZero():
		return "Starts " + date(r.Asked.NotTill) + "."
	}
	return ""
}
