package batch

import (
	"slices"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// evidence puts together what Okta shows of a row in doubt. The factors are
// listed once for each doubt, unless something is to be sent: what was enrolled
// since stays enrolled, and what a paused or cancelled request has seen is enough.
func (s *settler) evidence(t reset.Target, p reset.Progress, state reset.State) (e evidence, ok bool) {
	last := s.progress.reading(t.Row)
	if last.of(p) {
		e = last.evidence
		e.Ours, e.LogOver = s.logTells(t, p)
		e.ReadOver = s.logView.coversMoment(last.at)
		e = s.whoEnrolled(t, p, e)
		if settle(e, state) != verdictSend {
			return e, true
		}
	}
	if state == reset.Paused && last.failed >= readTries {
		return e, false
	}
	e = evidence{Cleared: e.Cleared}
	if !s.readFactors(&e, t, p) {
		return e, false
	}
	s.progress.noteReading(t.Row, p, e)
	e.Ours, e.LogOver = s.logTells(t, p)
	return e, true
}

// logTells is what the System Log says of the last call. What was said of a call that
// a reading of the factors has refuted does not count.
func (s *settler) logTells(t reset.Target, p reset.Progress) (ours, over bool) {
	return !p.Last.Refuted && s.logView.reader.Tells(t.User, p.Last.OktaAt), s.logView.covers(*p.Last)
}

// whoEnrolled decides, once the log had its time, whether the user has enrolled what is
// not clear. What Okta enrolled by itself is nobody's new factor, and what nobody
// enrolled of late is as old as it seems. The times of the log's events are by the
// same clock as those of the factors: its enrolments of the last minutes count.
func (s *settler) whoEnrolled(t reset.Target, p reset.Progress, e evidence) evidence {
	if len(e.Unclear) == 0 || e.New || !e.ReadOver {
		return e
	}
	own, err := s.logView.reader.Enrolled(s.control.starting, t.User, s.clocks.since(*p.First).Add(-clockSteps))
	if err != nil {
		s.Log.Warn("who enrolled a factor is not known; it counts as new", "request", s.head.ID, "row", t.Row, "err", err)
	}
	if e.New = own || err != nil; !e.New {
		e.Cleared, e.Unclear = append(slices.Clip(e.Cleared), e.Unclear...), nil
	}
	return e
}

// compare compares a user's factors with the first call, but for those that are cleared.
func (s *settler) compare(e *evidence, factors []okta.Factor, t reset.Target, p reset.Progress) {
	compareFactors(e, factors, s.clocks.since(*p.First), t.FactorIDs...)
	e.Unclear = slices.DeleteFunc(e.Unclear, func(id string) bool { return slices.Contains(e.Cleared, id) })
}

// readFactors reads the user's factors into the evidence, and reports whether that said anything.
func (s *settler) readFactors(e *evidence, t reset.Target, p reset.Progress) bool {
	factors, err := s.Okta.Factors(s.inLane(s.control.starting), string(t.User))
	if err != nil {
		return s.unreadFactors(e, t, err)
	}
	s.compare(e, factors, t, p)
	return true
}

// unreadFactors puts into the evidence why factors could not be read, and reports whether
// that is final; else they are read again.
func (s *settler) unreadFactors(e *evidence, t reset.Target, err error) (final bool) {
	s.Log.Warn("factors of a user in doubt cannot be read", "request", s.head.ID, "row", t.Row, "err", err)
	switch {
	case okta.IsKind(err, okta.KindAuth, okta.KindScope):
		if s.head.State == reset.Running {
			s.control.Pause(reset.CauseErrors, Advice(err))
		}
		return false
	case okta.IsKind(err, okta.KindNotFound):
		e.Gone = true
		return true
	case isFinal(err):
		e.Hidden = true
		return true
	}
	return false
}
