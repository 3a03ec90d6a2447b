package runner

import (
	"slices"
	"time"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// sessionTries is how often the ending of a user's sessions is tried when its answer never comes.
const sessionTries = 3

// next returns the target's next step. With none it has recorded the outcome,
// or then says what to do.
func (b *batch) next(t reset.Target) (step *reset.Step, then tried) {
	p, o := b.row(t.Row), b.head.Asked.Options
	switch {
	case len(o.Factors) > 0:
		if step, then := b.nextFactor(t, p); step != nil || then != 0 {
			return step, then
		}
	case !did(p, reset.StepReset):
		return stepOf(t), 0
	}
	if o.RevokeSessions && !did(p, reset.StepSessions) {
		return &reset.Step{Row: t.Row, User: t.User, Kind: reset.StepSessions}, 0
	}
	e := b.wholly(t)
	if len(p.Done) == 0 && p.Attempts == 0 {
		e.Reason, e.Touched, e.Detail = reset.AlreadyClear, false, "no such factor was listed"
	}
	b.finish(e)
	return nil, tryDone
}

func did(p reset.Progress, k reset.StepKind) bool {
	return slices.ContainsFunc(p.Done, func(s reset.Step) bool { return s.Kind == k })
}

// nextFactor looks for a factor that is to be deleted: one that is listed and
// was there before our first call, so that what the user enrols anew stays.
func (b *batch) nextFactor(t reset.Target, p reset.Progress) (*reset.Step, tried) {
	factors, err := b.Directory.Factors(okta.WithLane(b.taking, b.lane()), string(t.User))
	switch {
	case b.taking.Err() != nil:
		return nil, tryDone
	case okta.IsKind(err, okta.KindAuth, okta.KindScope):
		b.halted(reset.CauseErrors, advice(err))
		return nil, tryDone
	case final(err):
		b.refused(t, err)
		return nil, tryDone
	case err != nil:
		b.Log.Warn("factors of a target cannot be read", "request", b.id, "row", t.Row, "err", err)
		b.strike(advice(err))
		return nil, tryLater
	}
	meant := slices.DeleteFunc(factors, func(f okta.Factor) bool { return !b.meant(f, p) })
	if p.Attempts == 0 {
		b.note(t.Row, meant)
	}
	for _, f := range meant {
		if !slices.ContainsFunc(p.Done, func(s reset.Step) bool { return s.Factor == f.ID }) {
			return &reset.Step{Row: t.Row, User: t.User, Kind: reset.StepDelete, Factor: f.ID, Type: f.Type}, 0
		}
	}
	return nil, 0
}

// note keeps which factors a target's first call finds, until its record has them.
func (b *batch) note(row int, meant []okta.Factor) {
	ids := make([]string, len(meant))
	for i, f := range meant {
		ids[i] = f.ID
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.meantIDs[row] = ids
}

// meant reports whether a factor is one of those that the request names and was there
// before our first call. An ID is never used again, so a factor that was not listed then
// is new, whatever time it bears; where that list is not recorded its time has to tell.
func (b *batch) meant(f okta.Factor, p reset.Progress) bool {
	if len(p.Listed) > 0 {
		return slices.Contains(p.Listed, f.ID)
	}
	words := b.head.Asked.Options.Factors
	named := slices.Contains(words, f.Type) || slices.Contains(words, f.Type+"@"+f.Provider)
	began := p.Began
	for _, a := range []*reset.Attempt{p.First, p.Open} {
		if a == nil {
			continue
		}
		if since := b.since(*a); since.Before(began) {
			began = since
		}
	}
	if since, restored := b.restoredFrom(); restored && (began.IsZero() || since.Before(began)) {
		began = since // the bot may have begun with a record that is lost
	}
	return named && (began.IsZero() || !f.Created.After(began))
}

// remains reports whether a factor that should be gone is still listed.
func (b *batch) remains(factors []okta.Factor, p reset.Progress) bool {
	if len(b.head.Asked.Options.Factors) == 0 {
		return old(factors, b.since(*p.Sent))
	}
	return slices.ContainsFunc(factors, func(f okta.Factor) bool { return b.meant(f, p) })
}

// actedAt is the moment of Okta's clock since which the log may tell of what was done for a target.
func (b *batch) actedAt(p reset.Progress) time.Time {
	if len(b.head.Asked.Options.Factors) > 0 {
		return p.Began
	}
	return p.Sent.OktaAt
}

// sessionsLeft is the outcome of a target whose factors are reset and whose sessions go on.
func (b *batch) sessionsLeft(t reset.Target, detail string) reset.Entry {
	return reset.Entry{
		Step: stepOf(t), Outcome: reset.OutcomeReset, Reason: reset.SessionsNotRevoked, Touched: true,
		Detail: "sessions: " + detail,
	}
}

// halfDone is the outcome of a target of which some steps are done and the others will not be.
func (b *batch) halfDone(t reset.Target, p reset.Progress, why string) reset.Entry {
	if did(p, reset.StepReset) {
		return b.sessionsLeft(t, why)
	}
	return reset.Entry{
		Step: stepOf(t), Outcome: reset.OutcomeNotRun, Reason: reset.NotRunCancelled, Touched: true,
		Detail: "after some of the factors were removed: " + why,
	}
}

// settleStep settles a call in doubt that is no reset of all factors. Deleting
// the same factor again, or ending sessions again, takes nothing that is new.
func (b *batch) settleStep(t reset.Target, p reset.Progress, s reset.State) verdict {
	step := p.Open.Step
	if step.Kind == reset.StepSessions {
		switch {
		case s == reset.Stopping || p.Doubts >= sessionTries:
			b.finish(b.sessionsLeft(t, "sent, result not known"))
			return verdictUnknown
		case s == reset.Running:
			b.again(t, step)
			return verdictSend
		}
		return verdictHold
	}
	if b.held(t.Row, p, s) {
		return verdictHold
	}
	factors, err := b.Directory.Factors(okta.WithLane(b.taking, b.lane()), string(t.User))
	if err != nil {
		return b.factorsLost(t, p, s, err)
	}
	listed := slices.ContainsFunc(factors, func(f okta.Factor) bool { return f.ID == step.Factor })
	switch {
	case !listed:
		b.stepped(step, "")
		if s == reset.Running {
			b.try(t)
		}
		return verdictTook
	case s == reset.Running:
		b.again(t, step)
		return verdictSend
	case s == reset.Stopping && len(p.Done) > 0:
		b.finish(b.halfDone(t, p, "cancelled"))
		return verdictHalf
	case s == reset.Stopping:
		b.settled(t, p, evidence{}, verdictNotRun, "")
		return verdictNotRun
	}
	b.saw(t.Row, p, evidence{Old: true})
	return verdictHold
}

// held reports whether a paused request has asked about a factor in doubt before.
func (b *batch) held(row int, p reset.Progress, s reset.State) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.looked[row]
	return s == reset.Paused && (l.of(p) || l.failed >= readTries)
}

// factorsLost ends the doubt on a user whose factors cannot be read for good.
func (b *batch) factorsLost(t reset.Target, p reset.Progress, s reset.State, err error) verdict {
	v := verdictHidden
	switch {
	case okta.IsKind(err, okta.KindNotFound):
		v = verdictGone
	case !final(err):
		b.Log.Warn("factors of a user in doubt cannot be read", "request", b.id, "row", t.Row, "err", err)
		return b.unread(t.Row, s)
	}
	b.settled(t, p, evidence{}, v, "")
	return v
}

// again sends a step again, and goes on with the target where it is done.
func (b *batch) again(t reset.Target, step reset.Step) {
	for b.taking.Err() == nil && !b.dry() {
		switch b.attempt(t, step, nil) {
		case tryDone:
			return
		case tryNext:
			b.try(t)
			return
		case tryLater:
			pauseFor(b.taking, firstBackoff)
		}
	}
}
