package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
)

// Reply is the one reply in the thread of an upload: a link to the approval
// message, or the refusal. The link is Slack's permalink; "" before there is one.
func Reply(r *reset.Request, link string) Message {
	var s string
	switch {
	case r.State == reset.Rejected:
		s = fmt.Sprintf(":no_entry: *%s is not possible:* %s", named(r), told(r.Refusal))
		if todo := rejectedAdvice(r); todo != "" {
			s += "\n" + todo
		}
	case r.Plan.Digest == "" && r.State == reset.Cancelled:
		s = fmt.Sprintf(":octagonal_sign: *%s* was cancelled by %s before it was planned.", named(r), mention(r.MovedBy))
	case link == "":
		s = fmt.Sprintf("*%s*: the request is in this channel.", named(r))
	default:
		s = fmt.Sprintf("*<%s|%s>*: %s to reset, %s skipped. The decision is made there.", escape(link), named(r),
			users(r.Plan.Resets), plural(sum(r.Plan.Skips), "row"))
	}
	blocks := []slack.Block{section(s)}
	if sum(r.Plan.Skips) > 0 && r.State == reset.Rejected {
		blocks = append(blocks, reasonTable("Rows", "Skipped because", r.Plan.Skips))
	}
	return Message{Text: texted(s), Blocks: blocks}
}

// rejectedAdvice says what to do after a refusal, where its sentence does not say it.
func rejectedAdvice(r *reset.Request) string {
	if r.Plan.Digest != "" {
		return "The plan file says for each row why it is skipped."
	}
	return ""
}

// PlanNote stands with the plan file in the thread of the approval message.
func PlanNote(r *reset.Request) string {
	s := fmt.Sprintf("The plan of %s: %s to reset, %s skipped. Its SHA-256 is `%s…`; approvals are for exactly this file.",
		named(r), users(r.Plan.Resets), plural(sum(r.Plan.Skips), "row"), r.Plan.FileSHA.Short())
	if r.Plan.Revision > 1 {
		s += fmt.Sprintf(" This is revision %d; earlier ones do not count.", r.Plan.Revision)
	}
	return s
}

// ResultNote stands with the result file in the thread of the approval message.
func ResultNote(r *reset.Request) string {
	var b strings.Builder
	if r.State == reset.Cancelled {
		fmt.Fprintf(&b, "*%s was cancelled.* %s", named(r), totals(r))
	} else {
		fmt.Fprintf(&b, "*%s is done.* %s", named(r), totals(r))
	}
	if r.Totals == nil {
		return b.String()
	}
	if p := proofs(r.Totals.Proofs); p != "" {
		b.WriteString("\nRead back: " + p + ".")
	}
	if s := todo(r); s != "" {
		b.WriteString("\n" + s)
	}
	if r.Anchor != "" {
		b.WriteString("\nAudit trail up to here: " + code(r.Anchor))
	}
	return trim(b.String(), maxSection)
}

// proofs says what showed that the resets took.
func proofs(n map[reset.Proof]int) string {
	var parts []string
	for _, p := range []struct {
		proof reset.Proof
		words string
	}{
		{reset.ProofLog, "shown by Okta's log"}, {reset.ProofFactors, "shown by the users' factors"}, {reset.ProofNone, "answered by Okta, but shown by nothing"},
	} {
		if c := n[p.proof]; c > 0 {
			parts = append(parts, count(c)+" "+p.words)
		}
	}
	return join(parts)
}

// Decision says in the thread who decided. It is edited as decisions come.
func Decision(r *reset.Request) Message {
	var lines []string
	if marked(r) {
		lines = append(lines, "*"+named(r)+"*")
	}
	for _, v := range r.Fallen {
		lines = append(lines, fell(v))
	}
	for _, v := range r.Approved {
		lines = append(lines, fmt.Sprintf(":white_check_mark: %s approved %s %s.", voice(v), named(r), date(v.At)))
	}
	if r.Missing() > 0 && r.State == reset.Pending {
		lines = append(lines, wanting(r)+".")
	}
	if w := waits(r); w != "" && r.State == reset.Approved {
		lines = append(lines, ":alarm_clock: "+w)
	}
	switch r.State {
	case reset.Denied:
		lines = append(lines, ":x: "+deniedBy(r))
	case reset.Expired, reset.Lapsed:
		lines = append(lines, standing(r))
	case reset.Cancelled:
		if !r.HasRun() {
			lines = append(lines, standing(r))
		}
	}
	s := trim(strings.Join(lines, "\n"), maxSection)
	return Message{Text: texted(s), Blocks: []slack.Block{section(s)}}
}

// HasDecision reports whether there is anything that Decision would tell.
func HasDecision(r *reset.Request) bool {
	switch r.State {
	case reset.Denied, reset.Expired, reset.Lapsed:
		return true
	case reset.Cancelled:
		return r.Plan.Digest != ""
	}
	return len(r.Approved)+len(r.Fallen) > 0
}

// Paused says in the thread why a request is paused and who may lift it.
func Paused(r *reset.Request) Message {
	s := fmt.Sprintf(":double_vertical_bar: *%s is paused* since %s: %s\n%s", named(r), date(r.Pause.At), causeWords(r), lifters(r.Pause))
	return Message{Text: texted(s), Blocks: []slack.Block{section(s), pauseButtons(r)}}
}

// pauseButtons lift a pause, or end what is paused. A freeze is lifted by its own command.
func pauseButtons(r *reset.Request) slack.Block {
	if orEmpty(r.Pause).Cause == reset.CauseFreeze {
		return actions(r, cancelButton(r))
	}
	return actions(r, resumeButton(r), cancelButton(r))
}

func orEmpty(p *reset.Pause) *reset.Pause {
	if p == nil {
		return &reset.Pause{}
	}
	return p
}

// PauseOver replaces the message of a pause that is over; at is when it began.
func PauseOver(r *reset.Request, at time.Time) Message {
	s := fmt.Sprintf("The pause of %s that began %s is over.", named(r), date(at))
	return Message{Text: s, Blocks: []slack.Block{section(s)}}
}

func resumeButton(r *reset.Request) *slack.ButtonBlockElement {
	return button(ActionResume, Value(r), "Resume", slack.StylePrimary)
}

// Restarted says in the thread that the bot was away, and what became of the users whose calls it left.
func Restarted(r *reset.Request, a reset.Aftermath) Message {
	s := fmt.Sprintf(":arrows_counterclockwise: *%s goes on.* %s", named(r), restarted(r.Restarted, a))
	return Message{Text: texted(s), Blocks: []slack.Block{section(s)}}
}

// restarted is a restart in a line: "Restarted after 42 s; 3 users were in doubt: 2 had been reset, 1 is reset now."
func restarted(b *reset.Restart, a reset.Aftermath) string {
	s := "Restarted after " + span(b.Away)
	if b.InDoubt == 0 {
		return s + "; nobody was in doubt."
	}
	s += "; " + users(b.InDoubt) + " " + were(b.InDoubt) + " in doubt: "
	var parts []string
	for _, p := range []struct {
		n         int
		one, many string
	}{
		{a.Had, "had been reset", "had been reset"}, {a.Now, "is reset now", "are reset now"},
		{a.Other, "is in the result file", "are in the result file"}, {a.Left(), "is looked at", "are looked at"},
	} {
		switch {
		case p.n == 1:
			parts = append(parts, "1 "+p.one)
		case p.n > 1:
			parts = append(parts, count(p.n)+" "+p.many)
		}
	}
	return s + strings.Join(parts, ", ") + "."
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
