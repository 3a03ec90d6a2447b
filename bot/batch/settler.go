package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"factorbot/bot/protection"
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
	// pausedEvery is the time between two tries at what could not be read while a request is paused.
	pausedEvery = 15 * time.Second
	// readTries is how often a paused request asks for the factors of a user in doubt that do not come.
	readTries = 3
)

// settler decides about calls whose answer never came, from what Okta shows of them. It
// looks at all of them in rounds; the loop over rounds is Batch's.
type settler struct {
	*job
	sender *sender
}

// round looks once at each row in doubt whose call must be over, and
// returns how long to wait before the next round; 0: another would show nothing new.
func (s *settler) round(rows []int, state reset.State) time.Duration {
	ready, oldest, soonest := s.callsOver(rows)
	if len(ready) == 0 {
		return soonest
	}
	s.logView.follow(oldest)
	if err := s.logView.catchUp(s.control.starting, oldest); !s.readable(err, state) {
		return s.unreadable(err, state)
	}
	targets, err := s.known(ready)
	if err != nil {
		s.control.halt(err)
		return settleEvery
	}
	var held atomic.Int64
	// Half the places: a call that is sent again needs a second one for a last look.
	atOnce := func() int { return s.Pace.Concurrency / 2 }
	runEach(s.control.starting, slices.Values(targets), atOnce, func(t reset.Target) {
		if s.settle(t, state) == verdictHold {
			held.Add(1)
		}
	})
	switch {
	case int(held.Load()) < len(rows):
		return settleEvery
	case state == reset.Paused:
		s.logView.unfollow()
		return 0
	}
	return settleEvery
}

// callsOver returns the rows whose calls cannot be executing any more, since when the
// log may tell of them, and how long the next of the others may take.
func (s *settler) callsOver(rows []int) (ready []int, oldest time.Time, soonest time.Duration) {
	soonest = settleEvery
	for _, row := range rows {
		p := s.progress.row(row)
		if left := s.executing(*p.Open); left > 0 {
			soonest = min(soonest, left)
			continue
		}
		ready = append(ready, row)
		for _, a := range []*reset.Attempt{p.First, p.Last} { // the last is earlier where Okta's clock was set back
			if a != nil && (oldest.IsZero() || a.OktaAt.Before(oldest)) {
				oldest = a.OktaAt
			}
		}
	}
	return ready, oldest, soonest
}

// executing returns how long a call may still be executing at Okta. Of a call
// from before this run nobody knows when it was given up, so it counts from our
// beginning; so does one that was read from the log while the clock was set. One of a
// process that did not end its term may be on its way still.
func (s *settler) executing(a reset.Attempt) time.Duration {
	if a.Answered {
		return 0
	}
	left := s.Pace.SettleAfter - s.clocks.elapsed(a.DoubtAt)
	if a.Restart && a.Term != s.clocks.term {
		left = max(left, s.Pace.Earlier+s.Pace.SettleAfter-time.Since(s.clocks.began))
	}
	return left
}

// readable judges whether what is in doubt can be settled after a reading of the
// System Log. One that cannot be read holds a running request up, and says so;
// a cancelled one must come to its end without.
func (s *settler) readable(err error, state reset.State) bool {
	if err == nil || s.control.Stopped() {
		return err == nil
	}
	s.Log.Warn("the System Log cannot be read; what is in doubt waits", "request", s.head.ID, "err", err)
	if !s.logGivenUp(err) {
		return false
	}
	if state == reset.Running {
		s.control.Pause(reset.CauseErrors, "Okta's System Log can't be read, so nobody can tell what became of a call. "+Advice(err))
	}
	return state == reset.Stopping
}

// logGivenUp reports whether the System Log will not be read in time.
func (s *settler) logGivenUp(err error) bool {
	oe, ok := errors.AsType[*okta.Error](err)
	hopeless := ok && (oe.Effect == okta.EffectRejected || oe.Kind == okta.KindAuth)
	return hopeless || time.Since(s.logView.downSince) >= s.Pace.LogLag
}

// unreadable returns how long to wait after the System Log could not be read. A
// paused request asks again only for a while.
func (s *settler) unreadable(err error, state reset.State) time.Duration {
	switch {
	case state != reset.Paused:
		return settleEvery
	case s.logGivenUp(err):
		s.logView.unfollow()
		return 0
	}
	return pausedEvery
}

// known returns the plan's targets of some rows, which are in order. Those that
// were not met yet are read: only the plan knows a login and what was approved.
func (s *settler) known(rows []int) ([]reset.Target, error) {
	unmet := slices.DeleteFunc(slices.Clone(rows), func(row int) bool { _, met := s.progress.target(row); return met })
	for t, err := range s.targets.rows(s.control.starting, unmet) {
		if err != nil {
			return nil, err
		}
		s.progress.remember(t)
	}
	targets := make([]reset.Target, 0, len(rows))
	for _, row := range rows {
		t, met := s.progress.target(row)
		if !met {
			return nil, fmt.Errorf("the plan of %s has no row %d, which is in doubt", s.head.ID, row)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// settle looks at one row in doubt and does what the verdict says.
func (s *settler) settle(t reset.Target, state reset.State) verdict {
	p := s.progress.row(t.Row)
	if state == reset.Running && s.dryRun() {
		state = reset.Stopping // nothing is sent any more
	}
	if p.Open.Step.Kind != reset.StepReset {
		return s.settleStep(t, p, state)
	}
	e, ok := s.evidence(t, p, state)
	if !ok {
		return s.unread(t.Row, state)
	}
	var protected reset.Reason
	v := settle(e, state)
	if v == verdictSend {
		if protected = s.blocked(t); protected != "" {
			v = settle(e, reset.Stopping) // nothing is sent for them any more
		}
	}
	switch v {
	case verdictSend:
		still := func(slot *okta.Slot) (asOf time.Time, ok bool) { return s.stillClean(slot, t, p, e.Cleared) }
		s.repeat(t, *resetOf(t), still)
	case verdictWait, verdictHold:
	default:
		s.conclude(t, p, e, v, protected)
	}
	return v
}

// unread counts readings of a user's factors that failed: a paused request does
// not ask without end.
func (s *settler) unread(row int, state reset.State) verdict {
	if failed := s.progress.countFailedReading(row); state == reset.Paused && failed >= readTries {
		return verdictHold
	}
	return verdictWait
}

// blocked says why nothing may be sent for a target any more, "" if it may, or if that is
// not known: the sender asks again and pauses.
func (s *settler) blocked(t reset.Target) reset.Reason {
	m, _, err := s.Protection.Check(s.inLane(s.control.starting), t, s.scope.BreakGlass)
	if err == nil && m.Blocks(t, s.scope.BreakGlass) {
		return m.Reason
	}
	return ""
}

// conclude records the verdict; protected is why nothing was sent any more, if that is the reason.
func (s *settler) conclude(t reset.Target, p reset.Progress, ev evidence, v verdict, protected reset.Reason) {
	e := reset.Entry{Step: resetOf(t), RequestID: p.RequestID}
	switch v {
	case verdictTook:
		e.Outcome, e.Proof = reset.OutcomeReset, reset.ProofLog
		e.Factors, _ = s.logView.removed(s.scope, t, s.clocks.since(*p.First))
		if p.Last.Restart {
			e.Reason = reset.SettledAfterRestart
		}
	case verdictEnrolled:
		e.Outcome, e.Reason = reset.OutcomeFailed, reset.EnrolledMeanwhile
		e.Detail = "the answer was lost and the user has enrolled a factor since: look whether the old ones are gone"
		if ev.Old {
			e.Detail = "the answer was lost, the user has enrolled a factor since, and an older one is still there"
		}
	case verdictHalf:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "half done: the System Log tells of our call, and an older factor is still there"
	case verdictNotRun:
		e.Outcome, e.Reason = reset.OutcomeNotRun, reset.NotRunCancelled
		if protected != "" {
			e.Outcome, e.Reason = reset.OutcomeSkipped, protected
			e.Detail = protection.Words(e.Reason) + " since the plan was made"
		}
	case verdictGone:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "the user is gone"
	case verdictHidden:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.Forbidden, "sent, result not known: the user's factors can't be read"
	default:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "sent, result not known"
	}
	if v == verdictTook && s.scope.RevokeSessions {
		s.sender.stepped(*e.Step, "")
		if s.head.State == reset.Running {
			s.sender.process(t)
		}
		return
	}
	s.progress.finish(e)
}

// repeat sends a step again, however often Okta refuses it, and goes on with the target
// where it is done. A call that never left is for another round to judge.
func (s *settler) repeat(t reset.Target, step reset.Step, still stillRight) {
	for !s.control.Stopped() && !s.dryRun() {
		switch s.sender.attempt(t, step, still) {
		case resultRetry:
		case resultMore:
			s.sender.process(t)
			return
		default:
			return
		}
	}
}

// stillClean looks at the user's factors once more, slot in hand, and reports whether
// the reset is still to be sent, and since when that is known. Factors that are cleared
// are no new ones.
func (s *settler) stillClean(slot *okta.Slot, t reset.Target, p reset.Progress, cleared []string) (asOf time.Time, ok bool) {
	ctx, cancel := context.WithTimeout(s.control.starting, factorsNowMost)
	defer cancel()
	factors, asOf, err := s.Okta.FactorsNow(ctx, slot, string(t.User))
	if err != nil {
		return asOf, false
	}
	e := evidence{Cleared: cleared}
	s.compare(&e, factors, t, p)
	e.Ours, e.LogOver = s.logTells(t, p)
	if settle(e, reset.Running) != verdictSend {
		return asOf, false
	}
	fresh := time.Since(asOf) < freshRead
	s.control.countStale(!fresh)
	return asOf, fresh
}
