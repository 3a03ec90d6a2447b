package runner

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
	// readTries is how often a paused request asks for the factors of a user in doubt that do not come.
	readTries = 3
)

// settleAll settles what is in doubt, round after round, until nothing is or the batch is halted.
func (b *batch) settleAll() {
	for b.taking.Err() == nil {
		theirs := b.theirs()
		rows := slices.DeleteFunc(b.doubtful(), func(row int) bool { _, claimed := theirs[row]; return claimed })
		if len(rows) == 0 {
			return
		}
		pauseFor(b.taking, max(b.settleRound(rows, reset.Running), time.Millisecond))
	}
}

// doubtful returns the rows in doubt that may be settled by now.
func (b *batch) doubtful() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	rows := b.ledger.Doubtful()
	if b.lastRow == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(row int) bool { return row > b.lastRow })
}

// settleRound looks once at each row in doubt whose call must be over, and
// returns how long to wait before the next round; 0: another would show nothing new.
func (b *batch) settleRound(rows []int, s reset.State) time.Duration {
	ready, oldest, soonest := b.over(rows)
	if len(ready) == 0 {
		return soonest
	}
	b.follow(oldest)
	if err := b.log.CatchUp(b.taking, oldest); !b.readable(err, s) {
		return b.unreadable(err, s)
	}
	targets, err := b.known(ready)
	if err != nil {
		b.halt(err)
		return settleEvery
	}
	var held atomic.Int64
	// Half the places: a call that is sent again needs a second one for a last look.
	newCrew(b.taking, b.Pace.Concurrency/2).work(b.shift(&targets), func(t reset.Target) {
		if b.settleOne(t, s) == verdictHold {
			held.Add(1)
		}
	})
	switch {
	case int(held.Load()) < len(rows):
		return settleEvery
	case s == reset.Paused:
		b.unfollow()
		return 0
	}
	return settleEvery
}

// over returns the rows whose calls cannot be executing any more, since when the
// log may tell of them, and how long the next of the others may take.
func (b *batch) over(rows []int) (ready []int, oldest time.Time, soonest time.Duration) {
	soonest = settleEvery
	for _, row := range rows {
		p := b.row(row)
		if p.Open == nil {
			continue
		}
		if left := b.executing(*p.Open); left > 0 {
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

// follow has the System Log read from a moment of Okta's clock on until the batch ends.
func (b *batch) follow(since time.Time) {
	if b.following != nil && !since.Before(b.followed) {
		return
	}
	release := b.log.Follow(since)
	b.unfollow()
	b.following, b.followed = release, since
}

func (b *batch) unfollow() {
	if b.following != nil {
		b.following()
		b.following = nil
	}
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
	b.mu.Unlock()
	if err == nil || b.taking.Err() != nil {
		return err == nil
	}
	b.Log.Warn("the System Log cannot be read; what is in doubt waits", "request", b.id, "err", err)
	if !b.logGivenUp(err) {
		return false
	}
	if s == reset.Running {
		b.halted(reset.CauseErrors, "Okta's System Log can't be read, so nobody can tell what became of a call. "+advice(err))
	}
	return s == reset.Stopping
}

// logGivenUp reports whether the System Log will not be read in time.
func (b *batch) logGivenUp(err error) bool {
	b.mu.Lock()
	since := b.noLog
	b.mu.Unlock()
	var oe *okta.Error
	hopeless := errors.As(err, &oe) && (oe.Effect == okta.EffectRejected || oe.Kind == okta.KindAuth)
	return hopeless || time.Since(since) >= b.Pace.LogLag
}

// unreadable returns how long to wait after the System Log could not be read. A
// paused request asks again only for a while.
func (b *batch) unreadable(err error, s reset.State) time.Duration {
	switch {
	case s != reset.Paused:
		return settleEvery
	case b.logGivenUp(err):
		b.unfollow()
		return 0
	}
	return restEvery
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

// known returns the plan's targets of some rows, which are in order. Those that
// were not met yet are read: only the plan knows a login and what was approved.
func (b *batch) known(rows []int) ([]reset.Target, error) {
	b.mu.Lock()
	unmet := slices.DeleteFunc(slices.Clone(rows), func(row int) bool { _, met := b.targets[row]; return met })
	b.mu.Unlock()
	for t, err := range b.targetsOf(unmet) {
		if err != nil {
			return nil, err
		}
		b.mu.Lock()
		b.targets[t.Row] = t
		b.mu.Unlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	targets := make([]reset.Target, 0, len(rows))
	for _, row := range rows {
		t, met := b.targets[row]
		if !met {
			return nil, fmt.Errorf("the plan of %s has no row %d, which is in doubt", b.id, row)
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// executing returns how long a call may still be executing at Okta. Of a call
// from before this run nobody knows when it was given up, so it counts from our
// beginning; so does one that was read from the log while the clock was set. One of a
// process that did not end its term may be on its way still.
func (b *batch) executing(a reset.Attempt) time.Duration {
	if a.Answered {
		return 0
	}
	left := b.Pace.SettleAfter - b.elapsed(a.DoubtAt)
	if a.Restart && a.Term != b.Pace.Term {
		left = max(left, b.Pace.Earlier+b.Pace.SettleAfter-time.Since(b.began))
	}
	return left
}

// settleOne looks at one row in doubt and does what the verdict says.
func (b *batch) settleOne(t reset.Target, s reset.State) verdict {
	p := b.row(t.Row)
	if p.Open == nil {
		return verdictTook
	}
	if s == reset.Running && b.dry() {
		s = reset.Stopping // nothing is sent any more
	}
	if p.Open.Step.Kind != reset.StepReset {
		return b.settleStep(t, p, s)
	}
	e, ok := b.evidence(t, p, s)
	if !ok {
		return b.unread(t.Row, s)
	}
	protected := ""
	if s == reset.Running && settle(e, s) == verdictSend {
		if protected = b.blocked(t); protected != "" {
			s = reset.Stopping // nothing is sent for them any more
		}
	}
	switch v := settle(e, s); v {
	case verdictSend:
		b.resend(t, p, e.Cleared)
		return v
	case verdictWait, verdictHold:
		return v
	default:
		b.settled(t, p, e, v, protected)
		return v
	}
}

// unread counts readings of a user's factors that failed: a paused request does
// not ask without end.
func (b *batch) unread(row int, s reset.State) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.looked[row]
	l.failed++
	b.looked[row] = l
	if s == reset.Paused && l.failed >= readTries {
		return verdictHold
	}
	return verdictWait
}

// looked is what a reading of a user's factors showed after some attempts.
type looked struct {
	attempts, doubts int
	read             bool
	failed           int       // readings that did not come
	at               time.Time // of the reading
	evidence
}

// of reports whether the reading was made after the last attempt.
func (l looked) of(p reset.Progress) bool {
	return l.read && l.attempts == p.Attempts && l.doubts == p.Doubts
}

// saw keeps what a reading showed.
func (b *batch) saw(row int, p reset.Progress, e evidence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked[row] = looked{attempts: p.Attempts, doubts: p.Doubts, read: true, at: time.Now(), evidence: e}
}

// evidence puts together what Okta shows of a row in doubt. The factors are
// listed once for each doubt, unless something is to be sent: what was enrolled
// since stays enrolled, and what a paused or cancelled request has seen is enough.
func (b *batch) evidence(t reset.Target, p reset.Progress, s reset.State) (e evidence, ok bool) {
	b.mu.Lock()
	l := b.looked[t.Row]
	b.mu.Unlock()
	if l.of(p) {
		e = l.evidence
		e.Ours, e.LogOver = b.told(t, p)
		e.ReadOver = b.tellsOf(l.at)
		e = b.enrolled(t, p, e)
		if settle(e, s) != verdictSend {
			return e, true
		}
	}
	if s == reset.Paused && l.failed >= readTries {
		return e, false
	}
	e = evidence{Cleared: e.Cleared}
	if !b.listed(&e, t, p) {
		return e, false
	}
	b.saw(t.Row, p, e)
	e.Ours, e.LogOver = b.told(t, p)
	return e, true
}

// tellsOf reports whether the log has had its time to tell of what was so at a moment.
func (b *batch) tellsOf(at time.Time) bool {
	until := b.log.Until()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.noLog.IsZero() {
		until = time.Now() // it cannot be read at all
	}
	return until.Sub(at) > b.Pace.LogLag
}

// told is what the System Log says of the last call. What was said of a call that
// a reading of the factors has refuted does not count.
func (b *batch) told(t reset.Target, p reset.Progress) (ours, over bool) {
	return !p.Last.Refuted && b.log.Tells(t.User, p.Last.OktaAt), b.logOver(*p.Last)
}

// logOver reports whether the log has had its time to tell of a call. Of one that
// the record lost nobody knows when it was sent, so it counts from our beginning.
func (b *batch) logOver(a reset.Attempt) bool {
	until := b.log.Until()
	b.mu.Lock()
	if !b.noLog.IsZero() {
		until = time.Now() // it cannot be read at all
	}
	b.mu.Unlock()
	if a.Restart && until.Sub(b.began) <= b.Pace.LogLag {
		return false
	}
	called := a.OktaAt
	if ahead, known := b.Caller.Clock(); known && a.Term == b.Pace.Term {
		called = sinceAt(a, ahead)
	}
	return b.oktaTime(until).Sub(called.Add(clockMargin)) > b.Pace.LogLag
}

// enrolled decides, once the log had its time, whether the user has enrolled what is
// not clear. What Okta enrolled by itself is nobody's new factor, and what nobody
// enrolled of late is as old as it seems. The times of the log's events are by the
// same clock as those of the factors: its enrolments of the last minutes count.
func (b *batch) enrolled(t reset.Target, p reset.Progress, e evidence) evidence {
	if len(e.Unclear) == 0 || e.New || !e.ReadOver {
		return e
	}
	own, err := b.log.Enrolled(b.taking, t.User, b.since(*p.First).Add(-clockSteps))
	if err != nil {
		b.Log.Warn("who enrolled a factor is not known; it counts as new", "request", b.id, "row", t.Row, "err", err)
	}
	if e.New = own || err != nil; !e.New {
		e.Cleared, e.Unclear = append(slices.Clip(e.Cleared), e.Unclear...), nil
	}
	return e
}

// look compares a user's factors with the first call, but for those that are cleared.
func (b *batch) look(e *evidence, factors []okta.Factor, t reset.Target, p reset.Progress) {
	look(e, factors, b.since(*p.First), t.FactorIDs...)
	e.Unclear = slices.DeleteFunc(e.Unclear, func(id string) bool { return slices.Contains(e.Cleared, id) })
}

// listed reads the user's factors into the evidence, and reports whether that said anything.
func (b *batch) listed(e *evidence, t reset.Target, p reset.Progress) bool {
	factors, err := b.Directory.Factors(okta.WithLane(b.taking, b.lane()), string(t.User))
	switch {
	case err == nil:
		b.look(e, factors, t, p)
		return true
	case okta.IsKind(err, okta.KindAuth, okta.KindScope):
		if b.head.State == reset.Running {
			b.halted(reset.CauseErrors, advice(err))
		}
		return false
	case okta.IsKind(err, okta.KindNotFound):
		e.Gone = true
		return true
	case final(err):
		e.Hidden = true
		return true
	}
	b.Log.Warn("factors of a user in doubt cannot be read", "request", b.id, "row", t.Row, "err", err)
	return false
}

// blocked says why nothing may be sent for a target any more, "" if it may.
func (b *batch) blocked(t reset.Target) string {
	w, _, err := b.protected.Check(okta.WithLane(b.taking, b.lane()), t, b.broken())
	if err != nil || !w.Blocks(t, b.broken()) {
		return ""
	}
	return string(w.Reason)
}

// settled records the verdict; protected is why nothing was sent any more, if that is the reason.
func (b *batch) settled(t reset.Target, p reset.Progress, ev evidence, v verdict, protected string) {
	e := reset.Entry{Step: stepOf(t), RequestID: p.RequestID}
	switch v {
	case verdictTook:
		e.Outcome, e.Proof = reset.OutcomeReset, reset.ProofLog
		e.Factors, _ = b.gone(t, b.since(*p.First))
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
			e.Outcome, e.Reason = reset.OutcomeSkipped, reset.Reason(protected)
			e.Detail = protection.Words(e.Reason) + " since the plan was made"
		}
	case verdictGone:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.OktaError, "the user is gone"
	case verdictHidden:
		e.Outcome, e.Reason, e.Detail = reset.OutcomeFailed, reset.Forbidden, "sent, result not known: the user's factors can't be read"
	default:
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

// resend sends the reset again, right after a last reading of the factors with
// the slot in hand. Factors that are cleared are no new ones.
func (b *batch) resend(t reset.Target, p reset.Progress, cleared []string) {
	still := func(slot *okta.Slot) (asOf time.Time, ok bool) { return b.clean(slot, t, p, cleared) }
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
// the reset is still to be sent, and since when that is known.
func (b *batch) clean(slot *okta.Slot, t reset.Target, p reset.Progress, cleared []string) (asOf time.Time, ok bool) {
	ctx, cancel := context.WithTimeout(b.taking, factorsNowMost)
	defer cancel()
	factors, asOf, err := b.Caller.FactorsNow(ctx, slot, string(t.User))
	if err != nil {
		return asOf, false
	}
	e := evidence{Cleared: cleared}
	b.look(&e, factors, t, p)
	e.Ours, e.LogOver = b.told(t, p)
	if settle(e, reset.Running) != verdictSend {
		return asOf, false
	}
	fresh := time.Since(asOf) < freshRead
	b.inTime(&b.stale, !fresh, "Okta takes over 2 seconds to list a user's factors, so %s interrupted resets couldn't be sent again in time. Resume when Okta answers faster.")
	return asOf, fresh
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
