package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

const (
	// freshRead is how old a reading of a user's factors may be when the reset is sent again.
	freshRead = 2 * time.Second
	// factorsNowMost is how long a slot may be held for that reading.
	factorsNowMost = time.Minute
	// doubtsMost is the number of doubts on one user that pauses a request.
	doubtsMost = 5
	// settleEvery is the time between two rounds over what is in doubt.
	settleEvery = 2 * time.Second
)

// settleAll settles what is in doubt, round after round, until nothing is or the batch is halted.
func (b *batch) settleAll() {
	for b.taking.Err() == nil {
		rows := b.doubtful()
		theirs := b.theirs()
		rows = slices.DeleteFunc(rows, func(row int) bool { _, claimed := theirs[row]; return claimed })
		if len(rows) == 0 {
			return
		}
		if wait := b.settleRound(rows, reset.Running); wait > 0 {
			pauseFor(b.taking, wait)
		}
	}
}

func (b *batch) doubtful() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger.Doubtful()
}

// settleRound looks once at each row in doubt whose call must be over, and
// returns how long to wait before the next round.
func (b *batch) settleRound(rows []int, s reset.State) time.Duration {
	var ready []reset.Target
	var oldest time.Time
	soonest := settleEvery
	for _, row := range rows {
		p := b.row(row)
		if p.Open == nil {
			continue
		}
		if left := b.executing(*p.Open); left > 0 {
			soonest = min(soonest, left)
			continue
		}
		ready = append(ready, b.target(row, p))
		if at := p.First.OktaAt; oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if len(ready) == 0 {
		return soonest
	}
	release := b.book.demand(oldest)
	defer release()
	if err := b.book.catchUp(b.taking, oldest); !b.readable(err, s) {
		return settleEvery
	}
	left := ready
	// Half the places: a call that is sent again may need a second one for a last look.
	newCrew(b.taking, b.Pace.Concurrency/2).work(b.shift(&left), func(t reset.Target) { b.settleOne(t, s) })
	return settleEvery
}

// readable judges whether what is in doubt can be settled after a reading of the
// System Log. One that cannot be read holds a running request up, and says so;
// a cancelled one must come to its end without.
func (b *batch) readable(err error, s reset.State) bool {
	b.mu.Lock()
	if err == nil {
		b.noLog = time.Time{}
	} else if b.noLog.IsZero() {
		b.noLog = time.Now()
	}
	since := b.noLog
	b.mu.Unlock()
	if err == nil || b.taking.Err() != nil {
		return err == nil
	}
	b.Log.Warn("the System Log cannot be read; what is in doubt waits", "request", b.id, "err", err)
	var oe *okta.Error
	hopeless := errors.As(err, &oe) && (oe.Effect == okta.EffectRejected || oe.Kind == okta.KindAuth)
	if !hopeless && time.Since(since) < b.Pace.LogLag {
		return false
	}
	if s == reset.Running {
		b.halted(reset.CauseErrors, "Okta's System Log cannot be read, so nobody can tell what became of a call. "+advice(err))
	}
	return s == reset.Stopping
}

// shift hands out targets one by one.
func (b *batch) shift(left *[]reset.Target) func() (reset.Target, bool) {
	return func() (t reset.Target, ok bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(*left) == 0 {
			return t, false
		}
		t, *left = (*left)[0], (*left)[1:]
		return t, true
	}
}

func (b *batch) row(row int) reset.Progress {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger.Row(row)
}

// target finds the plan's target of a row in doubt; the journal knows enough of it if the plan was not read yet.
func (b *batch) target(row int, p reset.Progress) reset.Target {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t, ok := b.targets[row]; ok {
		return t
	}
	return reset.Target{Row: row, User: p.Open.Step.User, Action: reset.ActionReset}
}

// executing returns how long a call may still be executing at Okta. After a
// restart nobody knows when it was given up, so it counts from our beginning.
func (b *batch) executing(a reset.Attempt) time.Duration {
	if a.Answered {
		return 0
	}
	since := a.DoubtAt
	if a.Restart && since.Before(b.began) {
		since = b.began
	}
	return b.Pace.SettleAfter - time.Since(since)
}

// settleOne looks at one row in doubt and does what the verdict says.
func (b *batch) settleOne(t reset.Target, s reset.State) {
	p := b.row(t.Row)
	if p.Open == nil {
		return
	}
	if s == reset.Running && b.dry() {
		s = reset.Stopping // nothing is sent any more
	}
	if p.Open.Step.Kind != reset.StepReset {
		b.settleStep(t, p, s)
		return
	}
	e := b.evidence(t, p)
	readAt := time.Now()
	if !e.Ours && !b.listed(&e, t, p) {
		return
	}
	protected := ""
	if s == reset.Running && !e.Ours {
		if protected = b.protected(t); protected != "" {
			s = reset.Stopping // nothing is sent for them any more
		}
	}
	switch v := settle(e, s); v {
	case verdictSend:
		b.resend(t, p, readAt)
	case verdictWait:
	default:
		b.settled(t, p, v, protected)
	}
}

// listed reads the user's factors into the evidence, and reports whether that said anything.
func (b *batch) listed(e *evidence, t reset.Target, p reset.Progress) bool {
	factors, err := b.Directory.Factors(okta.WithLane(b.taking, b.lane()), string(t.User))
	var oe *okta.Error
	switch {
	case err == nil:
		look(e, factors, p.First.OktaAt)
		return true
	case errors.As(err, &oe) && (oe.Kind == okta.KindAuth || oe.Kind == okta.KindScope):
		if b.head.State == reset.Running {
			b.halted(reset.CauseErrors, advice(err))
		}
		return false
	case oe != nil && oe.Effect == okta.EffectRejected:
		e.Lost = true
		return true
	}
	b.Log.Warn("factors of a user in doubt cannot be read", "request", b.id, "row", t.Row, "err", err)
	return false
}

// protected says why nothing may be sent for a target any more, "" if it may.
func (b *batch) protected(t reset.Target) string {
	w, _, err := b.guard.allows(okta.WithLane(b.taking, b.lane()), t, b.broken())
	if err != nil || !w.holds(t, b.broken()) {
		return ""
	}
	return string(w.reason)
}

func (b *batch) evidence(t reset.Target, p reset.Progress) evidence {
	return evidence{
		Ours:    b.book.ours(t.User, p.First.OktaAt),
		LogOver: b.toldUntil().Sub(p.Last.At) > b.Pace.LogLag,
	}
}

// toldUntil is the moment until which the log was read; now, where it cannot be read at all.
func (b *batch) toldUntil() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.noLog.IsZero() {
		return time.Now()
	}
	return b.book.until()
}

// settled records the verdict; protected is why nothing was sent any more, if that is the reason.
func (b *batch) settled(t reset.Target, p reset.Progress, v verdict, protected string) {
	e := reset.Entry{Step: stepOf(t), RequestID: p.RequestID, Touched: true}
	switch v {
	case verdictTook:
		e.Outcome, e.Proof = reset.OutcomeReset, reset.ProofLog
		e.Factors, _ = b.gone(t, p.First.OktaAt)
		if p.Last.Restart {
			e.Reason = reset.SettledAfterRestart
		}
	case verdictEnrolled:
		e.Outcome, e.Reason = reset.OutcomeFailed, reset.EnrolledMeanwhile
		e.Detail = "the answer was lost and the user has enrolled a factor since: look whether the old ones are gone"
	case verdictNotRun:
		e.Outcome, e.Reason, e.Touched = reset.OutcomeNotRun, reset.NotRunCancelled, false
		if protected != "" {
			e.Outcome, e.Reason = reset.OutcomeSkipped, reset.Reason(protected)
			e.Detail = protection(e.Reason) + " since the plan was made"
		}
	case verdictUnknown:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "sent, result not known"
	}
	if v == verdictTook && b.head.Asked.Options.RevokeSessions {
		b.stepped(*e.Step, "")
		if b.head.State == reset.Running {
			b.try(t)
		}
		return
	}
	b.finish(e)
}

// resend sends the reset again, within a moment of a reading of the factors
// that showed nothing enrolled: where the slot came too late, they are read once
// more with the slot in hand.
func (b *batch) resend(t reset.Target, p reset.Progress, readAt time.Time) {
	still := func(slot *okta.Slot) bool {
		return time.Since(readAt) < freshRead || b.clean(slot, t, p)
	}
	for b.taking.Err() == nil && !b.dry() {
		switch b.attempt(t, *stepOf(t), still) {
		case tryAgain:
		case tryNext:
			b.try(t)
			return
		default:
			return
		}
	}
}

// clean looks at the user's factors once more, slot in hand, and reports whether
// nothing was enrolled since the oldest attempt.
func (b *batch) clean(slot *okta.Slot, t reset.Target, p reset.Progress) bool {
	ctx, cancel := context.WithTimeout(b.taking, factorsNowMost)
	defer cancel()
	factors, asOf, err := b.Caller.FactorsNow(ctx, slot, string(t.User))
	if err != nil {
		return false
	}
	e := b.evidence(t, p)
	look(&e, factors, p.First.OktaAt)
	return settle(e, reset.Running) == verdictSend && time.Since(asOf) < freshRead
}

// waitForOthers waits for users whom another request has claimed: until it lets
// go, for as long as the log may lag, and not at all where it is paused.
func (b *batch) waitForOthers() {
	until := time.Now().Add(b.Pace.LogLag)
	for b.taking.Err() == nil {
		rows := b.theirs()
		if len(rows) == 0 {
			return
		}
		over := time.Now().After(until)
		for row, holder := range rows {
			b.waitForOne(row, holder, over)
		}
		if len(b.theirs()) > 0 {
			pauseFor(b.taking, time.Second)
		}
	}
}

func (b *batch) theirs() map[int]reset.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := make(map[int]reset.ID, len(b.claimed))
	for row, holder := range b.claimed {
		rows[row] = holder
	}
	return rows
}

func (b *batch) waitForOne(row int, holder reset.ID, over bool) {
	b.mu.Lock()
	t := b.targets[row]
	b.mu.Unlock()
	free, err := b.free(t.User)
	if err != nil {
		b.halt(err)
		return
	}
	if !free && !over && !b.resting(holder) {
		return
	}
	b.mu.Lock()
	delete(b.claimed, row)
	b.mu.Unlock()
	doubt := b.row(row).InDoubt()
	switch {
	case free && doubt: // settled like the others
	case free:
		b.try(t)
	case doubt:
		b.finish(reset.Entry{
			Step: stepOf(t), Outcome: reset.OutcomeFailed, Reason: reset.OktaError, Touched: true,
			Detail: "sent, result not known; " + string(holder) + " has the user",
		})
	default:
		b.finish(reset.Entry{Step: stepOf(t), Outcome: reset.OutcomeNotRun, Reason: reset.InOtherRequest, Detail: string(holder)})
	}
}

// free reports whether nobody else has the claim on a user now.
func (b *batch) free(user reset.UserID) (bool, error) {
	for u, err := range b.Journal.Users(b.taking, user) {
		if err != nil {
			return false, err
		}
		if u.Claim != nil && u.Claim.Request != b.id {
			return false, nil
		}
	}
	return true, nil
}

// resting reports whether a request is paused, so that waiting for it is in vain.
func (b *batch) resting(id reset.ID) bool {
	r, err := b.Heads.Get(b.taking, id)
	return err == nil && r.State == reset.Paused
}
