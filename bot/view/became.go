package view

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"factorbot/bot/reset"
	"factorbot/bot/view/phrase"
)

// becameHeard is how many requests a notification or a screen reader tells of.
const becameHeard = 5

// UserStatus answers what became of a user, newest first. More says that older
// requests were not looked through.
func UserStatus(user string, all []reset.UserResult, more bool) Message {
	name := phrase.Cut(phrase.Line(user), 100)
	if len(all) == 0 {
		s := fmt.Sprintf("%s isn't in any request that you can see.", phrase.Code(name))
		if more {
			s = fmt.Sprintf("%s isn't in any of the latest requests that you can see.", phrase.Code(name))
		}
		return Answer(s)
	}
	head := fmt.Sprintf("*%s:* %s", phrase.Escape(name), lastReset(all))
	blocks, text := []slack.Block{section(head)}, []string{head}
	for _, b := range all {
		at := b.Request.Asked.At
		if !b.Step.FinishedAt.IsZero() {
			at = b.Step.FinishedAt
		}
		s := fmt.Sprintf("*%s* · %s · %s · requested by %s", b.Request.ID, outcomeText(b), phrase.Date(at), phrase.Mention(b.Request.Asked.By))
		if len(b.Request.Approved) > 0 {
			s += ", approved by " + approvers(b.Request)
		}
		if todo := phrase.Advice(b.Step.Reason); todo != "" && (b.Request.HasRun() || b.Step.Outcome != reset.OutcomeNotRun) {
			s += "\n" + todo + "."
		}
		blocks = append(blocks, section(s))
		if len(text) <= becameHeard {
			text = append(text, s)
		}
	}
	if more {
		blocks = append(blocks, note("Older requests weren't looked through. See `/factor-reset history`."))
	}
	return Message{Text: texted(strings.Join(text, "\n")), Blocks: blocks}
}

// lastReset answers the question behind the question: was this user reset?
func lastReset(all []reset.UserResult) string {
	s := "not reset by any request"
	for _, b := range all {
		if b.Step.Outcome == reset.OutcomeReset {
			s = fmt.Sprintf("MFA last reset %s by %s", phrase.Date(b.Step.FinishedAt), b.Request.ID)
			break
		}
	}
	if n := len(all); n > 1 {
		return s + fmt.Sprintf(". In %s, newest first:", reset.Plural(n, "request"))
	}
	return s + "."
}

// outcomeText is the outcome of a user; while there is none, how their request goes.
func outcomeText(b reset.UserResult) string {
	why := ""
	if b.Step.Reason != "" {
		why = ": " + phrase.Reason(b.Step.Reason)
	}
	switch b.Step.Outcome {
	case reset.OutcomeReset:
		if b.Step.Reason == reset.AlreadyClear {
			return phrase.Reason(b.Step.Reason)
		}
		return "MFA was reset" + strings.Replace(why, ": reset, ", ", ", 1)
	case reset.OutcomeSkipped:
		if b.Step.Reason == reset.DryRun {
			return "not reset: a dry run"
		}
		return "skipped" + why
	case reset.OutcomeFailed:
		return "*not reset*" + why
	case reset.OutcomeNotRun:
		if !b.Request.HasRun() {
			return "not reset: " + phrase.State(b.Request)
		}
		return "*not reset*" + why
	}
	return "not reset yet: " + phrase.State(b.Request)
}
