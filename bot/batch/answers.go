package batch

import (
	"errors"
	"fmt"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// resetOf is the step that resets all of a target's factors.
func resetOf(t reset.Target) *reset.Step {
	return &reset.Step{Row: t.Row, User: t.User, Kind: reset.StepReset}
}

// succeeded records that Okta answered that a step was done.
func (s *sender) succeeded(t reset.Target, step reset.Step, receipt okta.Receipt) result {
	s.control.succeeded()
	if step.Kind == reset.StepDelete || step.Kind == reset.StepReset && s.scope.RevokeSessions {
		return s.stepped(step, receipt.RequestID)
	}
	e := s.scope.whole(t)
	if e.Step = &step; step.Kind == reset.StepReset {
		e.RequestID = receipt.RequestID
	}
	s.progress.finish(e)
	return resultDone
}

// stepped records that a step is done while its target may have another.
func (s *sender) stepped(step reset.Step, requestID string) result {
	e := reset.Entry{Kind: reset.EntryStepped, At: time.Now(), Step: &step, RequestID: requestID}
	if step.Kind == reset.StepDelete {
		e.Factors = []string{step.Type}
	}
	s.progress.write(e)
	return resultMore
}

// failed records a call that was not answered with success.
func (s *sender) failed(t reset.Target, step reset.Step, err error) result {
	e := reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &step, Detail: "no answer"}
	oe, ok := errors.AsType[*okta.Error](err)
	if ok {
		e.RequestID, e.Answered, e.RetryAt, e.Detail = oe.RequestID, oe.Answered, oe.RetryAt, detail(oe)
	}
	s.Log.Warn("a call was not answered with success", "request", s.head.ID, "row", t.Row, "step", step.Kind, "okta_request_id", e.RequestID, "err", err)
	switch {
	case !ok || oe.Effect == okta.EffectDoubt:
		return s.unanswered(t, e, Advice(err))
	case oe.Effect == okta.EffectNone:
		e.Kind = reset.EntryNotSent
		s.progress.write(e)
		if oe.Kind != okta.KindLate && oe.Kind != okta.KindCanceled {
			s.control.countFailure(Advice(err))
		}
		return resultLater
	case oe.Effect == okta.EffectRefused || oe.Kind == okta.KindScope:
		e.Kind = reset.EntryRefused
		s.progress.write(e)
		if oe.Kind == okta.KindAuth || oe.Kind == okta.KindScope {
			s.control.Pause(reset.CauseErrors, Advice(err))
		}
		return resultRetry
	case step.Kind == reset.StepDelete && oe.Kind == okta.KindNotFound:
		return s.stepped(step, oe.RequestID) // gone, with its sibling or by itself
	case step.Kind == reset.StepSessions:
		s.progress.finish(sessionsLeft(t, e.Detail))
		return resultDone
	}
	s.rejected(e, oe)
	return resultDone
}

// unanswered records a call whose answer never came.
func (s *sender) unanswered(t reset.Target, e reset.Entry, advice string) result {
	s.progress.write(e)
	if s.progress.row(t.Row).Doubts >= doubtsMost {
		s.control.Pause(reset.CauseErrors, "Okta has left the same user's call without an answer five times. Look at the System Log, then resume.")
	}
	s.control.countFailure(advice)
	return resultDone
}

// refused records a final error: Okta does not answer a question about this user, and never will.
func (s *sender) refused(t reset.Target, err error) {
	oe, _ := errors.AsType[*okta.Error](err)
	s.Log.Warn("Okta does not tell of a user what has to be known", "request", s.head.ID, "row", t.Row, "op", oe.Op, "okta_request_id", oe.RequestID, "err", err)
	s.rejected(reset.Entry{Step: resetOf(t), RequestID: oe.RequestID, Detail: oe.Op + ": " + detail(oe)}, oe)
}

// rejected records an answer that is final for this user. A user who is gone after a
// call that may have taken effect is not skipped.
func (s *sender) rejected(e reset.Entry, oe *okta.Error) {
	e.Outcome, e.Reason = meaning(oe.Kind)
	if e.Outcome == reset.OutcomeSkipped && s.progress.row(e.Step.Row).Touched() {
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "the user is gone"
	}
	s.progress.finish(e)
	if e.Outcome == reset.OutcomeFailed {
		s.control.countFailure(oe.Advice)
	}
}

// isFinal reports whether asking Okta about the same user again would change nothing.
func isFinal(err error) bool {
	oe, ok := errors.AsType[*okta.Error](err)
	return ok && oe.Effect == okta.EffectRejected && !okta.IsKind(err, okta.KindScope, okta.KindAuth, okta.KindRedirect)
}

// meaning maps what Okta's answer means to an outcome and its reason.
func meaning(k okta.Kind) (reset.Outcome, reset.Reason) {
	switch k {
	case okta.KindNotFound:
		return reset.OutcomeSkipped, reset.NotFound
	case okta.KindForbidden, okta.KindStatus:
		return reset.OutcomeFailed, reset.Forbidden
	}
	return reset.OutcomeFailed, reset.OktaError
}

// sessionsLeft is the outcome of a target whose factors are reset and whose sessions go on.
func sessionsLeft(t reset.Target, detail string) reset.Entry {
	return reset.Entry{
		Step: resetOf(t), Outcome: reset.OutcomeReset, Reason: reset.SessionsNotRevoked, Touched: true,
		Detail: "sessions: " + detail,
	}
}

// halfDone is the outcome of a target of which some steps are done and the others will not be.
func halfDone(t reset.Target, p reset.Progress, why string) reset.Entry {
	if did(p, reset.StepReset) {
		return sessionsLeft(t, why)
	}
	return reset.Entry{
		Step: resetOf(t), Outcome: reset.OutcomeNotRun, Reason: reset.NotRunCancelled, Touched: true,
		Detail: "after some of the factors were removed: " + why,
	}
}

// detail says in a few words what Okta answered.
func detail(e *okta.Error) string {
	switch {
	case e.Code != "" && e.Summary != "":
		return fmt.Sprintf("%s: %s", e.Code, e.Summary)
	case e.Summary != "":
		return e.Summary
	case e.Status != 0:
		return fmt.Sprintf("HTTP %d", e.Status)
	}
	return string(e.Kind)
}

// Advice says what a person should do about an error.
func Advice(err error) string {
	if oe, ok := errors.AsType[*okta.Error](err); ok && oe.Advice != "" {
		return oe.Advice
	}
	return "See the log of the bot, then resume."
}
