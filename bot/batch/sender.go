package batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/okta"
)

// ClockMargin is taken off Okta's clock at an attempt: what happened later than
// that moment is surely counted as later (Date headers have whole seconds).
const ClockMargin = 2 * time.Second

// retryMost bounds the wait before a call that never left is tried again.
const retryMost = 30 * time.Second

// sender makes the calls of one target after another: next step, pace, protection,
// journal, call, answer. It is safe for concurrent use.
type sender struct {
	*job
	session *Session
	warned  bool // a person was told before this batch that Okta tells of nobody who is protected
}

// result says what to do with a target after an attempt.
type result int

const (
	resultGoOn  result = iota // nothing stands against the next call
	resultDone                // it has an outcome, is in doubt, or waits for another request
	resultMore                // the step is done, and the target may have another
	resultRetry               // Okta refused the call: the pacer knows when it may leave
	resultLater               // the call never left: the network wants a moment
)

// process carries one target to an outcome or a doubt, step after step, however
// often Okta refuses a call.
func (s *sender) process(t reset.Target) {
	wait := firstBackoff
	for !s.control.Stopped() {
		if s.dryRun() {
			s.finishDryRun(t)
			return
		}
		step, then := s.next(t)
		if step != nil {
			then = s.attempt(t, *step, nil)
		}
		switch then {
		case resultDone:
			return
		case resultMore:
			wait = firstBackoff
		case resultLater:
			pauseFor(s.control.starting, rand.N(wait))
			wait = min(2*wait, retryMost)
		}
	}
}

// stillRight reports, slot in hand, whether a call is still right, and since when that is known.
type stillRight func(*okta.Slot) (asOf time.Time, ok bool)

// attempt makes one call for a target: pace, journal, call, journal. If still
// is given, the call leaves within 2 s of the moment that it returns, or not at all.
func (s *sender) attempt(t reset.Target, step reset.Step, still stillRight) result {
	knownAt, ok := s.allowed(s.inLane(s.control.starting), t)
	if !ok {
		return resultDone
	}
	slot, err := s.Okta.Take(s.control.starting, s.lane(), slots[step.Kind])
	if err != nil {
		return s.noSlot(err)
	}
	defer slot.Release()
	if s.dryRun() { // the policy asks for a dry run since the call began to wait for its turn
		return resultRetry
	}
	if then := s.allowedNow(slot, t, knownAt); then != resultGoOn {
		return then
	}
	asked := time.Now()
	started := s.started(step, asked)
	if still != nil {
		if asked, ok = still(slot); !ok {
			return resultDone
		}
		started = s.started(step, time.Now())
	}
	if then := s.claim(t, started); then != resultGoOn {
		return then
	}
	receipt, err := s.send(slot, asked, step)
	s.control.countLate(okta.IsKind(err, okta.KindLate))
	if err != nil {
		return s.failed(t, step, err)
	}
	return s.succeeded(t, step, receipt)
}

// allowedNow asks again, slot in hand, whether a target may be reset, if what is known has
// grown old while the call waited for its turn. It returns resultGoOn if it may.
func (s *sender) allowedNow(slot *okta.Slot, t reset.Target, knownAt time.Time) result {
	if time.Since(knownAt) >= protection.Stale {
		var ok bool
		if knownAt, ok = s.allowed(slot.Context(s.control.starting), t); !ok {
			return resultDone
		}
	}
	if time.Since(knownAt) >= protection.Stale { // the lists are growing old at this moment
		slot.Release() // the reading needs a place too
		s.Protection.Refresh(s.control.starting, s.scope.BreakGlass, time.Now())
		return resultRetry
	}
	return resultGoOn
}

// claim makes a started entry durable and takes the user's claim. It returns resultGoOn if
// the call may leave now.
func (s *sender) claim(t reset.Target, started reset.Entry) result {
	each, err := s.Record.Start(s.control.lasting, s.head, started)
	if err != nil {
		s.control.halt(err)
		return resultDone
	}
	if refused := errors.Join(each...); refused != nil {
		return s.claimRefused(t, refused)
	}
	s.progress.start(started)
	if s.control.Stopped() { // halted while it was recorded: it has not left and shall not
		s.progress.write(reset.Entry{Kind: reset.EntryNotSent, At: time.Now(), Step: started.Step, Detail: "given up before it was sent"})
		return resultDone
	}
	return resultGoOn
}

// slots is what a slot is taken for to make a step's call.
var slots = map[reset.StepKind]okta.Step{
	reset.StepReset: okta.StepReset, reset.StepDelete: okta.StepDelete, reset.StepSessions: okta.StepSessions,
}

// send makes the call of a step.
func (s *sender) send(slot *okta.Slot, asked time.Time, step reset.Step) (okta.Receipt, error) {
	lasting, user := s.control.lasting, string(step.User)
	switch step.Kind {
	case reset.StepDelete:
		return s.Okta.DeleteFactor(lasting, slot, asked, user, step.Factor, s.scope.forgets(step.Type))
	case reset.StepSessions:
		return s.Okta.ClearSessions(lasting, slot, asked, user)
	}
	return s.Okta.ResetFactors(lasting, slot, asked, user)
}

// started is the entry that has to be durable before a step's call may leave.
func (s *sender) started(step reset.Step, now time.Time) reset.Entry {
	return reset.Entry{
		Kind: reset.EntryStarted, At: now, OktaAt: s.clocks.ofOkta(now).Add(-ClockMargin),
		Step: &step, Listed: s.progress.listedFor(step.Row), Term: s.clocks.term,
	}
}

// allowed asks whether a target may be reset, and returns since when the answer is known.
// A target that turns out to be protected is skipped, for protection may shrink an approved
// plan; but a step in doubt is left to its settlement.
func (s *sender) allowed(ctx context.Context, t reset.Target) (knownAt time.Time, ok bool) {
	m, knownAt, err := s.Protection.Check(ctx, t, s.scope.BreakGlass)
	switch {
	case err != nil && s.control.Stopped():
		return knownAt, false
	case isFinal(err) && !s.refusesEverybody(ctx, err):
		if !s.progress.row(t.Row).InDoubt() {
			s.refused(t, err)
		}
		return knownAt, false
	case err != nil:
		s.Log.Error("nothing is known of a target", "request", s.head.ID, "row", t.Row, "err", err)
		s.control.Pause(reset.CauseProtection, "Okta doesn't say who is protected, so nobody is reset. "+Advice(err))
		return knownAt, false
	case m.Blocks(t, s.scope.BreakGlass):
		switch p := s.progress.row(t.Row); {
		case p.InDoubt():
		case len(p.Done) > 0:
			s.progress.finish(halfDone(t, p, m.Words+" since the plan was made"))
		default:
			s.progress.finish(reset.Entry{Step: resetOf(t), Outcome: reset.OutcomeSkipped, Reason: m.Reason, Detail: m.Words + " since the plan was made"})
		}
		return knownAt, false
	}
	return knownAt, true
}

// refusesEverybody reports whether Okta refuses to tell of anybody who is protected, not
// of one user alone: it is asked about the bot's own user, too. That pauses once; a person
// who resumes has seen it, and then it is each user's own answer.
func (s *sender) refusesEverybody(ctx context.Context, err error) bool {
	if !okta.IsKind(err, okta.KindForbidden) || s.warned {
		return false
	}
	self := reset.Target{User: s.Protection.Current().Self}
	if _, _, err = s.Protection.Check(ctx, self, s.scope.BreakGlass); !okta.IsKind(err, okta.KindForbidden) {
		return false
	}
	s.session.warned.Store(true)
	return true
}

func (s *sender) noSlot(err error) result {
	if s.control.Stopped() {
		return resultDone
	}
	s.Log.Warn("no slot", "request", s.head.ID, "err", err)
	if okta.IsKind(err, okta.KindAuth, okta.KindScope) {
		s.control.Pause(reset.CauseErrors, Advice(err))
	}
	return resultLater
}

// claimRefused handles a target whose claim could not be taken.
func (s *sender) claimRefused(t reset.Target, err error) result {
	var since *reset.ResetSinceError
	var other *reset.ClaimedError
	switch {
	case errors.As(err, &since):
		e := reset.Entry{
			Step: resetOf(t), Outcome: reset.OutcomeSkipped, Reason: reset.ResetSincePlan,
			Detail: fmt.Sprintf("reset by %s at %s", since.By, since.At.UTC().Format(time.RFC3339)),
		}
		if s.progress.row(t.Row).InDoubt() {
			e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "sent, result not known; "+e.Detail
		}
		s.progress.finish(e)
	case errors.As(err, &other):
		s.progress.claim(t, other.By)
	default:
		s.control.halt(fmt.Errorf("claim row %d: %w", t.Row, err))
	}
	return resultDone
}
