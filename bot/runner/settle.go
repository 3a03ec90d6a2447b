package runner

import (
	"context"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

const (
	// freshRead is how old a reading of a user's factors may be when the reset is sent again.
	freshRead = 2 * time.Second
	// doubtsMost is the number of doubts on one user that pauses a request.
	doubtsMost = 5
	// settleEvery is the time between two rounds over what is in doubt.
	settleEvery = 2 * time.Second
)

// settleAll settles what is in doubt, round after round, until nothing is or the batch is halted.
func (b *batch) settleAll() {
	for b.taking.Err() == nil {
		rows := b.doubtful()
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
	if err := b.book.catchUp(b.taking, oldest); err != nil {
		b.Log.Warn("the System Log cannot be read; what is in doubt waits", "request", b.id, "err", err)
		return lastBackoff
	}
	left := ready
	// Half the places: a call that is sent again may need a second one for a last look.
	b.crew(b.Pace.Concurrency/2, b.shift(&left), func(t reset.Target) { b.settleOne(t, s) })
	return settleEvery
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
	e := b.evidence(t, p)
	readAt := time.Now()
	if !e.Ours {
		factors, err := b.Directory.Factors(okta.WithLane(b.taking, b.lane()), string(t.User))
		if err != nil {
			b.Log.Warn("factors of a user in doubt cannot be read", "request", b.id, "row", t.Row, "err", err)
			return
		}
		look(&e, factors, p.First.OktaAt)
	}
	switch v := settle(e, s); v {
	case verdictSend:
		b.resend(t, p, readAt)
	case verdictWait:
	default:
		b.settled(t, p, v)
	}
}

func (b *batch) evidence(t reset.Target, p reset.Progress) evidence {
	return evidence{
		Ours:    b.book.ours(t.User, p.First.OktaAt),
		LogOver: time.Since(p.Last.At) > b.Pace.LogLag,
	}
}

// settled records the verdict.
func (b *batch) settled(t reset.Target, p reset.Progress, v verdict) {
	e := reset.Entry{Step: &reset.Step{Row: t.Row, User: t.User, Kind: reset.StepReset}, RequestID: p.RequestID, Touched: true}
	switch v {
	case verdictTook:
		e.Outcome, e.Proof = reset.OutcomeReset, reset.ProofLog
		if p.Last.Restart {
			e.Reason = reset.SettledAfterRestart
		}
	case verdictEnrolled:
		e.Outcome, e.Reason = reset.OutcomeFailed, reset.EnrolledMeanwhile
		e.Detail = "the answer was lost and the user has enrolled a factor since: look whether the old ones are gone"
	case verdictNotRun:
		e.Outcome, e.Reason, e.Touched = reset.OutcomeNotRun, reset.NotRunCancelled, false
	case verdictUnknown:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "sent, result not known"
	}
	b.finish(e)
}

// resend sends the reset again, within a moment of a reading of the factors
// that showed nothing enrolled: where the slot came too late, they are read once
// more with the slot in hand.
func (b *batch) resend(t reset.Target, p reset.Progress, readAt time.Time) {
	if p.Doubts >= doubtsMost {
		b.halted(reset.CauseErrors, "Okta has left the same user's reset without an answer five times. Look at the System Log, then resume.")
		return
	}
	still := func() bool {
		if time.Since(readAt) < freshRead {
			return true
		}
		readAt = time.Now()
		return b.clean(t, p) && time.Since(readAt) < freshRead
	}
	for b.taking.Err() == nil {
		if b.attempt(t, still) != tryAgain {
			return
		}
	}
}

// clean reads the user's factors right before a reset is sent again, and
// reports whether nothing was enrolled since the oldest attempt.
func (b *batch) clean(t reset.Target, p reset.Progress) bool {
	ctx, cancel := context.WithTimeout(okta.WithLane(b.taking, okta.Urgent), freshRead)
	defer cancel()
	factors, err := b.Directory.Factors(ctx, string(t.User))
	if err != nil {
		return false
	}
	e := b.evidence(t, p)
	look(&e, factors, p.First.OktaAt)
	return settle(e, reset.Running) == verdictSend
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
	b.settleAll()
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
	if !free && !over && !b.paused(holder) {
		return
	}
	b.mu.Lock()
	delete(b.claimed, row)
	b.mu.Unlock()
	if free {
		b.try(t)
		return
	}
	b.finish(reset.Entry{
		Step:    &reset.Step{Row: row, User: t.User, Kind: reset.StepReset},
		Outcome: reset.OutcomeNotRun, Reason: reset.InOtherRequest, Detail: string(holder),
	})
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

func (b *batch) paused(id reset.ID) bool {
	r, err := b.Heads.Get(b.taking, id)
	return err == nil && r.State == reset.Paused
}
