package handler

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"factorbot/bot/desk"
	"factorbot/bot/event"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/view"
)

// errorMessage turns any error of a person's intent into a private answer: what is
// wrong, then what to do. What it does not know becomes a reference, and a log line.
func (h *Handler) errorMessage(ctx context.Context, e *event.Event, err error) view.Message {
	if errors.Is(err, event.ErrForeignValue) {
		h.Log.Warn("a button or form with a foreign value was used and is passed over", "action", e.Action, "callback", e.Callback, "error", slackapi.LogText(err))
	}
	if late, ok := errors.AsType[*reset.TransitionError](err); ok {
		return view.TooLate(late)
	}
	if _, proof := errors.AsType[*reset.StepUpError](err); proof {
		return view.Refused("That takes a confirmation in Okta Verify. Press again.")
	}
	if hasCode(err, wrongChannel) {
		return view.AskElsewhere(h.Channels())
	}
	if words, known := desk.RefusalWords(err); known {
		if hasCode(err, forApprovers()...) {
			return view.RefusedFor(words, h.deciders(ctx, e))
		}
		return view.Refused(words)
	}
	if away, ok := errors.AsType[*desk.AwayError](err); ok {
		h.Log.Warn("an intent waits for a service that does not answer", "service", away.Service, "kind", e.Kind, "user", e.By, "error", slackapi.LogText(away.Err))
		return view.Refused(away.Service + notAnswering)
	}
	for known, words := range knownErrors() {
		switch {
		case !errors.Is(err, known):
		case slices.Contains(forDeciders(), known):
			return view.RefusedFor(words, h.deciders(ctx, e))
		default:
			return view.Refused(words)
		}
	}
	return h.unexpected(e, err)
}

// forApprovers are the codes of refusals that approvers can help with.
func forApprovers() []string {
	return []string{"own_request", "not_an_approver", "not_theirs", "own_target", "same_person"}
}

// forDeciders are the errors that approvers can help with.
func forDeciders() []error {
	return []error{reset.ErrOwnRequest, reset.ErrNotTheirs, reset.ErrAlreadyCounted, reset.ErrFrozen}
}

// deciders returns the people who can do what the person of an event can't: the approvers,
// and if a request is to be stopped, its requester. A requester decides nothing else about it.
func (h *Handler) deciders(ctx context.Context, e *event.Event) view.Helpers {
	can := h.Deciders()
	can.People = slices.DeleteFunc(slices.Clone(can.People), func(p reset.Person) bool { return p == e.By })
	id, move := about(e)
	if id == "" {
		return can
	}
	r, err := h.Requests.Get(ctx, id)
	if err != nil {
		return can
	}
	can.People = slices.DeleteFunc(can.People, func(p reset.Person) bool { return p == r.Asked.By })
	if stops := move == view.ActionPause || move == view.ActionCancel; stops && r.Asked.By != e.By {
		can.People = append([]reset.Person{r.Asked.By}, can.People...)
	}
	return can
}

// about returns the request that an event names, and what is to be done with it: the action
// of a button, or the verb of a command, which has the same name.
func about(e *event.Event) (id reset.ID, move string) {
	if in, err := buttonIntent(e); err == nil {
		return in.Request, e.Action
	}
	if e.Kind == event.KindSubmission {
		if in, _, err := modalIntent(e); err == nil {
			return in.Request, e.Callback
		}
	}
	if e.Kind == event.KindCommand {
		if c, err := roster.ParseCommand(e.Text); err == nil {
			if id, err := requestNamed(c); err == nil {
				return id, string(c.Verb)
			}
		}
	}
	return "", ""
}

// notAnswering follows the name of a service that is away.
const notAnswering = " isn't answering, so nothing was done. Try again in a minute."

// knownErrors has the words for errors that carry none.
func knownErrors() map[error]string {
	return map[error]string{
		event.ErrForeignValue:    formerButton,
		reset.ErrOwnRequest:      "You can't approve your own request.",
		reset.ErrAlreadyCounted:  "Your approval already counts. Somebody else must approve too.",
		reset.ErrOtherPlan:       "The plan has changed. Decide in the newest message of the request.",
		reset.ErrExpired:         "The request has expired. Ask again if it's still needed.",
		reset.ErrNotTheirs:       "Only another approver can resume this.",
		reset.ErrProof:           "What you confirmed has changed meanwhile, so nothing was done. Look again, then press again.",
		reset.ErrNotYet:          "It's too early for that.",
		desk.ErrStale:            "That took too long to reach me, so nothing was done. Please press again.",
		desk.ErrOvertaken:        "It was stopped after you pressed, so nothing was done. Press again if it should go on.",
		desk.ErrNotFrozen:        "Nothing is frozen.",
		desk.ErrFrozenAlready:    "Everything is already frozen. Two approvers can run `/factor-reset thaw`.",
		desk.ErrOldKnowledge:     "Slack (or Okta)" + notAnswering,
		reset.ErrNoRow:           "That user isn't in the plan any more. Open the review again.",
		reset.ErrFrozen:          "Everything is frozen. Two approvers must run `/factor-reset thaw`.",
		reset.ErrNotFound:        "There's no such request. `/factor-reset status` lists yours.",
		context.DeadlineExceeded: "Slack (or Okta)" + notAnswering,
	}
}

// Codes of refusals by the policy that are answered in a special way.
const (
	wrongChannel  = "wrong_channel"
	noReason      = "no_reason"
	reasonPattern = "reason_pattern"
	reasonTooLong = "reason_too_long"
)

func lacksReason(err error) bool { return hasCode(err, noReason) }

// isAboutReason reports whether the reason is refused, and not the person or the channel.
func isAboutReason(err error) bool { return hasCode(err, noReason, reasonPattern, reasonTooLong) }

func hasCode(err error, codes ...string) bool {
	refusal, ok := errors.AsType[*desk.Refusal](err)
	return ok && slices.Contains(codes, refusal.Code)
}

// unexpected logs an error without words under a reference, and answers with the reference.
func (h *Handler) unexpected(e *event.Event, err error) view.Message {
	ref := rand.Text()[:8]
	h.Log.Error("an intent failed", "ref", ref, "kind", e.Kind, "key", e.Key, "user", e.By, "error", slackapi.LogText(err))
	return view.InternalError(ref)
}
