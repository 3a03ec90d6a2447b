package batch

import (
	"slices"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// sessionTries is how often the ending of a user's sessions is tried when its answer never comes.
const sessionTries = 3

// settleStep settles a call in doubt that is no reset of all factors. Deleting
// the same factor again, or ending sessions again, takes nothing that is new.
func (s *settler) settleStep(t reset.Target, p reset.Progress, state reset.State) verdict {
	step := p.Open.Step
	if step.Kind == reset.StepSessions {
		return s.settleSessions(t, p, state)
	}
	if last := s.progress.reading(t.Row); state == reset.Paused && (last.of(p) || last.failed >= readTries) {
		return verdictHold // a paused request has asked before
	}
	factors, err := s.Okta.Factors(s.inLane(s.control.starting), string(t.User))
	if err != nil {
		e := evidence{LogOver: true} // the log has nothing to add
		if !s.unreadFactors(&e, t, err) {
			return s.unread(t.Row, state)
		}
		v := settle(e, state)
		s.conclude(t, p, e, v, "")
		return v
	}
	listed := slices.ContainsFunc(factors, func(f okta.Factor) bool { return f.ID == step.Factor })
	switch {
	case !listed:
		s.sender.stepped(step, "")
		if state == reset.Running {
			s.sender.process(t)
		}
		return verdictTook
	case state == reset.Running:
		s.repeat(t, step, nil)
		return verdictSend
	case state == reset.Stopping && len(p.Done) > 0:
		s.progress.finish(halfDone(t, p, "cancelled"))
		return verdictHalf
	case state == reset.Stopping:
		s.conclude(t, p, evidence{}, verdictNotRun, "")
		return verdictNotRun
	}
	s.progress.noteReading(t.Row, p, evidence{Old: true})
	return verdictHold
}

// settleSessions sends the ending of a user's sessions again, a few times.
func (s *settler) settleSessions(t reset.Target, p reset.Progress, state reset.State) verdict {
	switch {
	case state == reset.Stopping || p.Doubts >= sessionTries:
		s.progress.finish(sessionsLeft(t, "sent, result not known"))
		return verdictUnknown
	case state == reset.Running:
		s.repeat(t, p.Open.Step, nil)
		return verdictSend
	}
	return verdictHold
}
