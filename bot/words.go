package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"github.com/slack-go/slack"

	"factorbot/bot/desk"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// words turns any error of a person's intent into a private answer: what is
// wrong, then what to do. What it does not know becomes a reference, and a log line.
func (l *listening) words(a *arrival, err error) view.Message {
	if a.waits(err) {
		return view.Message{}
	}
	var late *reset.TransitionError
	if errors.As(err, &late) {
		return view.TooLate(late)
	}
	if hasCode(err, wrongChannel) {
		return view.AskElsewhere(l.Channels())
	}
	if words, known := refusalWords(err); known {
		return view.Refused(words)
	}
	if away := (*desk.AwayError)(nil); errors.As(err, &away) {
		l.Log.Warn("an intent waits for a service that does not answer", "service", away.Service, "kind", a.Kind, "user", a.By, "error", slackapi.LogText(away.Err))
		return view.Refused(away.Service + notAnswering)
	}
	for known, words := range sentences() {
		if errors.Is(err, known) {
			return view.Refused(words)
		}
	}
	return l.puzzled(a, err)
}

// waits reports whether Slack asked for patience: then the arrival is served later, and nobody is answered now.
func (a *arrival) waits(err error) bool {
	limited := (*slack.RateLimitedError)(nil)
	if !errors.As(err, &limited) {
		return false
	}
	a.retryIn = slackapi.RetryDelay(err, 0)
	return true
}

// notAnswering follows the name of a service that is away.
const notAnswering = " isn't answering, so nothing was done. Try again in a minute."

// sentences are the words for errors that carry none.
func sentences() map[error]string {
	return map[error]string{
		errForeignValue:          formerButton,
		reset.ErrOwnRequest:      "You asked for this, so somebody else decides. You may cancel it.",
		reset.ErrAlreadyCounted:  "Your approval counts already; somebody else has to approve, too.",
		reset.ErrOtherPlan:       "The plan has changed since this message was shown. Look at the newest message of the request and decide there.",
		reset.ErrExpired:         "The request has expired. Ask again if it is still needed.",
		reset.ErrNotTheirs:       "You cannot lift this pause. Ask an approver who is not the requester.",
		reset.ErrNotYet:          "It is not time for that yet.",
		desk.ErrStale:            "That took too long to reach me, so nothing was done. Please press again.",
		desk.ErrOvertaken:        "It was stopped after you pressed, so nothing was done. Press again if it should go on.",
		desk.ErrNotFrozen:        "Nothing is frozen, so there is nothing to lift.",
		desk.ErrFrozenAlready:    "Everything is frozen already. `/factor-reset thaw` asks for the freeze to be lifted.",
		desk.ErrOldKnowledge:     "Slack (or Okta)" + notAnswering,
		reset.ErrNoRow:           "The plan has no such row to take out. Open the review again.",
		reset.ErrFrozen:          "Everything is frozen: nothing starts until approvers lift the freeze.",
		reset.ErrNotFound:        "There is no such request. `/factor-reset status` lists yours.",
		context.DeadlineExceeded: "Slack (or Okta)" + notAnswering,
	}
}

// Codes of refusals by the policy that are answered in a way of their own.
const (
	wrongChannel  = "wrong_channel"
	noReason      = "no_reason"
	reasonPattern = "reason_pattern"
	reasonTooLong = "reason_too_long"
)

// refusalWords are the words of an error that has its own.
func refusalWords(err error) (words string, known bool) {
	var refusal *desk.Refusal
	if errors.As(err, &refusal) {
		return refusal.Words, true
	}
	var unreadable *roster.Error
	if errors.As(err, &unreadable) {
		return unreadable.Words, true
	}
	return "", false
}

func lacksReason(err error) bool { return hasCode(err, noReason) }

// isAboutReason reports whether a refusal is of the reason, and not of the person or place.
func isAboutReason(err error) bool { return hasCode(err, noReason, reasonPattern, reasonTooLong) }

func hasCode(err error, codes ...string) bool {
	var refusal *desk.Refusal
	return errors.As(err, &refusal) && slices.Contains(codes, refusal.Code)
}

// puzzled logs an error that nobody foresaw under a reference, and answers with that.
func (l *listening) puzzled(a *arrival, err error) view.Message {
	if a.waits(err) {
		return view.Message{}
	}
	ref := rand.Text()[:8]
	l.Log.Error("an intent failed", "ref", ref, "kind", a.Kind, "key", a.key, "user", a.By, "error", slackapi.LogText(err))
	return view.Puzzled(ref)
}
