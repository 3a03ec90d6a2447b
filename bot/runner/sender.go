package runner

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

// clockMargin is taken off Okta's clock at an attempt: what happened later than
// that moment is surely counted as later (Date headers have whole seconds).
const clockMargin = 2 * time.Second

// retryMost bounds the wait before a call that never left is tried again.
const retryMost = 30 * time.Second

// try carries one target to an outcome or a doubt, step after step, however
// often Okta refuses a call.
func (b *batch) try(t reset.Target) {
	wait := firstBackoff
	for b.taking.Err() == nil {
		if b.dry() {
			b.rehearse(t)
			return
		}
		step, then := b.next(t)
		if step != nil {
			then = b.attempt(t, *step, nil)
		}
		switch then {
		case tryDone:
			return
		case tryNext:
			wait = firstBackoff
		case tryLater:
			pauseFor(b.taking, rand.N(wait))
			wait = min(2*wait, retryMost)
		}
	}
}

// tried says what a worker does with a target after an attempt.
type tried int

const (
	tryDone  tried = iota + 1 // it has an outcome, is in doubt, or waits for another request
	tryNext                   // the step is done, and the target may have another
	tryAgain                  // Okta refused the call: the pacer knows when it may leave
	tryLater                  // the call never left: the network wants a moment
)

// attempt makes one call for a target: pace, journal, call, journal. If still
// is given it is asked, slot in hand, whether the call is still right, and since
// when that is known: the call leaves within 2 s of that moment, or not at all.
func (b *batch) attempt(t reset.Target, step reset.Step, still func(*okta.Slot) (asOf time.Time, ok bool)) tried {
	knownAt, ok := b.allowed(okta.WithLane(b.taking, b.lane()), t)
	if !ok {
		return tryDone
	}
	slot, err := b.Caller.Take(b.taking, b.lane(), bookedAs(step.Kind))
	if err != nil {
		return b.noSlot(err)
	}
	defer slot.Release()
	if b.dry() { // the policy asks for a dry run since the call began to wait for its turn
		return tryAgain
	}
	if time.Since(knownAt) >= protection.Stale { // it grew old while the call waited for its turn
		if knownAt, ok = b.allowed(slot.Context(b.taking), t); !ok {
			return tryDone
		}
	}
	if time.Since(knownAt) >= protection.Stale { // the lists are growing old at this moment
		slot.Release() // the reading needs a place too
		b.protected.Refresh(b.taking, b.broken(), time.Now())
		return tryAgain
	}
	asked := time.Now()
	started := b.started(step, asked)
	if still != nil {
		var ok bool
		if asked, ok = still(slot); !ok {
			return tryDone
		}
		started = b.started(step, time.Now())
	}
	each, err := b.Journal.Start(b.lasting, b.head, started)
	if err != nil {
		b.halt(err)
		return tryDone
	}
	if len(each) > 0 && each[0] != nil {
		return b.unclaimed(t, each[0])
	}
	b.fold(started)
	b.mu.Lock()
	delete(b.meantIDs, step.Row)
	b.mu.Unlock()
	if b.taking.Err() != nil { // halted while it was recorded: it has not left and shall not
		b.write(reset.Entry{Kind: reset.EntryNotSent, At: time.Now(), Step: &step, Detail: "given up before it was sent"})
		return tryDone
	}
	receipt, err := b.send(slot, asked, step)
	b.inTime(&b.late, okta.IsKind(err, okta.KindLate), "The bot's disk is too slow: %s calls in a row couldn't be recorded in time, so none of them was sent. Check the disk, then resume.")
	if err != nil {
		return b.failed(t, step, err)
	}
	return b.took(t, step, receipt)
}

// bookedAs is what a slot is taken for to make a step's call.
func bookedAs(k reset.StepKind) okta.Step {
	switch k {
	case reset.StepDelete:
		return okta.StepDelete
	case reset.StepSessions:
		return okta.StepSessions
	}
	return okta.StepReset
}

// send makes the call of a step.
func (b *batch) send(slot *okta.Slot, asked time.Time, step reset.Step) (okta.Receipt, error) {
	switch step.Kind {
	case reset.StepDelete:
		forget := b.head.Asked.Options.ForgetPhones && (step.Type == "sms" || step.Type == "call")
		return b.Remover.DeleteFactor(b.lasting, slot, asked, string(step.User), step.Factor, forget)
	case reset.StepSessions:
		return b.Remover.ClearSessions(b.lasting, slot, asked, string(step.User))
	}
	return b.Caller.ResetFactors(b.lasting, slot, asked, string(step.User))
}

// allowed asks the guard, and says since when its answer is known. Who turns out
// to be protected is skipped, for protection may shrink an approved plan; but a
// step in doubt is left to its settlement.
func (b *batch) allowed(ctx context.Context, t reset.Target) (knownAt time.Time, ok bool) {
	w, knownAt, err := b.protected.Check(ctx, t, b.broken())
	switch {
	case err != nil && b.taking.Err() != nil:
		return knownAt, false
	case final(err) && !b.tellsNobody(ctx, err):
		if !b.row(t.Row).InDoubt() {
			b.refused(t, err)
		}
		return knownAt, false
	case err != nil:
		b.Log.Error("nothing is known of a target", "request", b.id, "row", t.Row, "err", err)
		b.halted(reset.CauseProtection, "Okta doesn't say who is protected, so nobody is reset. "+advice(err))
		return knownAt, false
	case w.Blocks(t, b.broken()):
		switch p := b.row(t.Row); {
		case p.InDoubt():
		case len(p.Done) > 0:
			b.finish(b.halfDone(t, p, w.Words+" since the plan was made"))
		default:
			b.finish(reset.Entry{Step: stepOf(t), Outcome: reset.OutcomeSkipped, Reason: w.Reason, Detail: w.Words + " since the plan was made"})
		}
		return knownAt, false
	}
	return knownAt, true
}

// tellsNobody reports whether Okta refuses to tell of anybody who is protected, not
// of one user alone: it is asked about the bot's own user, too. That pauses once;
// whoever resumes has seen it, and then it is each user's own answer.
func (b *batch) tellsNobody(ctx context.Context, err error) bool {
	b.mu.Lock()
	warned := b.warned && !b.warns
	b.mu.Unlock()
	if !okta.IsKind(err, okta.KindForbidden) || warned {
		return false
	}
	if _, _, err = b.protected.Check(ctx, reset.Target{User: b.protected.Current().Self}, b.broken()); !okta.IsKind(err, okta.KindForbidden) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.warned, b.warns = true, true
	return true
}

// broken reports whether the request includes protected users.
func (b *batch) broken() bool { return b.head.Asked.Options.BreakGlass }

func stepOf(t reset.Target) *reset.Step {
	return &reset.Step{Row: t.Row, User: t.User, Kind: reset.StepReset}
}

func (b *batch) noSlot(err error) tried {
	if b.taking.Err() != nil {
		return tryDone
	}
	b.Log.Warn("no slot", "request", b.id, "err", err)
	if okta.IsKind(err, okta.KindAuth, okta.KindScope) {
		b.halted(reset.CauseErrors, advice(err))
	}
	return tryLater
}

func (b *batch) started(step reset.Step, now time.Time) reset.Entry {
	offset, _ := b.Caller.Clock()
	b.mu.Lock()
	listed := b.meantIDs[step.Row]
	b.mu.Unlock()
	return reset.Entry{
		Kind: reset.EntryStarted, At: now, OktaAt: now.Add(offset - clockMargin),
		Step: &step, Listed: listed, Term: b.Pace.Term,
	}
}

// unclaimed handles a target whose claim could not be taken.
func (b *batch) unclaimed(t reset.Target, err error) tried {
	var since *reset.ResetSinceError
	var other *reset.ClaimedError
	switch {
	case errors.As(err, &since):
		e := reset.Entry{
			Step: stepOf(t), Outcome: reset.OutcomeSkipped, Reason: reset.ResetSincePlan,
			Detail: fmt.Sprintf("reset by %s at %s", since.By, since.At.UTC().Format(time.RFC3339)),
		}
		if b.row(t.Row).InDoubt() {
			e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "sent, result not known; "+e.Detail
		}
		b.finish(e)
	case errors.As(err, &other):
		b.mu.Lock()
		b.claimed[t.Row], b.targets[t.Row] = other.By, t
		b.mu.Unlock()
	default:
		b.halt(fmt.Errorf("claim row %d: %w", t.Row, err))
	}
	return tryDone
}

// took records that Okta answered that the step was done.
func (b *batch) took(t reset.Target, step reset.Step, receipt okta.Receipt) tried {
	b.mu.Lock()
	b.failing = 0
	b.mu.Unlock()
	if step.Kind == reset.StepDelete || step.Kind == reset.StepReset && b.head.Asked.Options.RevokeSessions {
		return b.stepped(step, receipt.RequestID)
	}
	e := b.wholly(t)
	if e.Step = &step; step.Kind == reset.StepReset {
		e.RequestID = receipt.RequestID
	}
	b.finish(e)
	return tryDone
}

// wholly is the outcome of a target whose steps are all done.
func (b *batch) wholly(t reset.Target) reset.Entry {
	e := reset.Entry{Step: stepOf(t), Outcome: reset.OutcomeReset, Touched: true}
	if t.Read && len(t.Factors) == 0 {
		e.Reason = reset.AlreadyClear
	}
	return e
}

// stepped records that a step is done while its target may have another.
func (b *batch) stepped(step reset.Step, requestID string) tried {
	e := reset.Entry{Kind: reset.EntryStepped, At: time.Now(), Step: &step, RequestID: requestID}
	if step.Kind == reset.StepDelete {
		e.Factors = []string{step.Type}
	}
	b.write(e)
	return tryNext
}

// failed records what a call came to that did not answer with success.
func (b *batch) failed(t reset.Target, step reset.Step, err error) tried {
	e := reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &step, Detail: "no answer"}
	var oe *okta.Error
	if errors.As(err, &oe) {
		e.RequestID, e.Answered, e.RetryAt, e.Detail = oe.RequestID, oe.Answered, oe.RetryAt, detail(oe)
	}
	b.Log.Warn("a call was not answered with success", "request", b.id, "row", t.Row, "step", step.Kind, "okta_request_id", e.RequestID, "err", err)
	switch {
	case oe == nil || oe.Effect == okta.EffectDoubt:
		return b.doubted(t, e, advice(err))
	case oe.Effect == okta.EffectNone:
		e.Kind = reset.EntryNotSent
		b.write(e)
		if oe.Kind != okta.KindLate && oe.Kind != okta.KindCanceled {
			b.strike(advice(err))
		}
		return tryLater
	case oe.Effect == okta.EffectRefused || oe.Kind == okta.KindScope:
		e.Kind = reset.EntryRefused
		b.write(e)
		if oe.Kind == okta.KindAuth || oe.Kind == okta.KindScope {
			b.halted(reset.CauseErrors, advice(err))
		}
		return tryAgain
	case step.Kind == reset.StepDelete && oe.Kind == okta.KindNotFound:
		return b.stepped(step, oe.RequestID) // gone, with its sibling or by itself
	case step.Kind == reset.StepSessions:
		b.finish(b.sessionsLeft(t, e.Detail))
		return tryDone
	}
	b.rejected(e, oe)
	return tryDone
}

// doubted records a call whose answer never came.
func (b *batch) doubted(t reset.Target, e reset.Entry, advice string) tried {
	b.write(e)
	if b.row(t.Row).Doubts >= doubtsMost {
		b.halted(reset.CauseErrors, "Okta has left the same user's call without an answer five times. Look at the System Log, then resume.")
	}
	b.strike(advice)
	return tryDone
}

// refused records that Okta does not answer a question about this user, and never will.
func (b *batch) refused(t reset.Target, err error) {
	var oe *okta.Error
	if !errors.As(err, &oe) {
		return
	}
	b.Log.Warn("Okta does not tell of a user what has to be known", "request", b.id, "row", t.Row, "op", oe.Op, "okta_request_id", oe.RequestID, "err", err)
	b.rejected(reset.Entry{Step: stepOf(t), RequestID: oe.RequestID, Detail: oe.Op + ": " + detail(oe)}, oe)
}

// final reports whether asking Okta about the same user again would change nothing.
func final(err error) bool {
	var oe *okta.Error
	return errors.As(err, &oe) && oe.Effect == okta.EffectRejected && !okta.IsKind(err, okta.KindScope, okta.KindAuth, okta.KindRedirect)
}

// rejected records an answer that is final for this user. Who is gone after a
// call that may have taken effect is not skipped.
func (b *batch) rejected(e reset.Entry, oe *okta.Error) {
	e.Outcome, e.Reason = meaning(oe.Kind)
	if e.Outcome == reset.OutcomeSkipped && b.row(e.Step.Row).Touched() {
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "the user is gone"
	}
	b.finish(e)
	if e.Outcome == reset.OutcomeFailed {
		b.strike(oe.Advice)
	}
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

func (b *batch) write(e reset.Entry) {
	if err := b.append(e); err != nil {
		b.Log.Error("what came of a step is not recorded; it will be settled", "request", b.id, "row", e.Step.Row, "err", err)
	}
}

// strike counts a failure; too many in a row pause the request.
func (b *batch) strike(advice string) {
	limit := b.Rules().PauseAfter
	b.mu.Lock()
	b.failing++
	many := limit > 0 && b.failing >= limit
	n := b.failing
	if many {
		b.failing = 0
	}
	b.mu.Unlock()
	if many && b.taking.Err() == nil {
		b.halted(reset.CauseErrors, fmt.Sprintf("%s calls to Okta in a row failed. %s", reset.Count(n), advice))
	}
}

const (
	// latesMost and latesLasting bound how many calls in a row, over how long, may
	// come too late to be sent before somebody is asked. A clock that was set makes
	// several late at once, and a machine or a disk that stalls for some seconds
	// recovers by itself.
	latesMost    = 10
	latesLasting = time.Minute
)

// inTime counts calls in a row that were not sent because something took too long;
// too many pause the request, which would go on like that for ever. why has a place
// for their number.
func (b *batch) inTime(row *streak, late bool, why string) {
	b.mu.Lock()
	var n int
	var lasting time.Duration
	if late {
		n, lasting = row.add(time.Now())
	}
	many := n >= latesMost && lasting >= latesLasting
	if many || !late {
		*row = streak{}
	}
	b.mu.Unlock()
	if many && b.taking.Err() == nil {
		b.halted(reset.CauseErrors, fmt.Sprintf(why, reset.Count(n)))
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

// advice says what a person should do about an error.
func advice(err error) string {
	var oe *okta.Error
	if errors.As(err, &oe) && oe.Advice != "" {
		return oe.Advice
	}
	return "See the log of the bot, then resume."
}

// pauseFor waits, unless ctx ends before.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
