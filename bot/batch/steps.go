package batch

import (
	"slices"

	"factorbot/bot/reset"
	"factorbot/okta"
)

// next returns the target's next step. With none it has recorded the outcome,
// or then says what to do.
func (s *sender) next(t reset.Target) (step *reset.Step, then result) {
	p := s.progress.row(t.Row)
	switch {
	case s.scope.some():
		if step, then := s.nextFactor(t, p); step != nil || then != resultGoOn {
			return step, then
		}
	case !did(p, reset.StepReset):
		return resetOf(t), resultGoOn
	}
	if s.scope.RevokeSessions { // that is the last step, and its end the outcome
		return &reset.Step{Row: t.Row, User: t.User, Kind: reset.StepSessions}, resultGoOn
	}
	e := s.scope.whole(t)
	if len(p.Done) == 0 && p.Attempts == 0 {
		e.Reason, e.Touched, e.Detail = reset.AlreadyClear, false, "no such factor was listed"
	}
	s.progress.finish(e)
	return nil, resultDone
}

// did reports whether a step of the kind is done.
func did(p reset.Progress, k reset.StepKind) bool {
	return slices.ContainsFunc(p.Done, func(s reset.Step) bool { return s.Kind == k })
}

// nextFactor looks for a factor that is to be deleted: one that is listed and
// was there before our first call, so that what the user enrols again stays.
func (s *sender) nextFactor(t reset.Target, p reset.Progress) (*reset.Step, result) {
	factors, err := s.Okta.Factors(s.inLane(s.control.starting), string(t.User))
	switch {
	case s.control.Stopped():
		return nil, resultDone
	case okta.IsKind(err, okta.KindAuth, okta.KindScope):
		s.control.Pause(reset.CauseErrors, Advice(err))
		return nil, resultDone
	case isFinal(err):
		s.refused(t, err)
		return nil, resultDone
	case err != nil:
		s.Log.Warn("factors of a target cannot be read", "request", s.head.ID, "row", t.Row, "err", err)
		s.control.countFailure(Advice(err))
		return nil, resultLater
	}
	first := s.clocks.firstCall(p)
	meant := slices.DeleteFunc(factors, func(f okta.Factor) bool { return !s.scope.means(f, p.Listed, first) })
	if p.Attempts == 0 {
		ids := make([]string, len(meant))
		for i, f := range meant {
			ids[i] = f.ID
		}
		s.progress.noteListed(t.Row, ids)
	}
	for _, f := range meant {
		if !slices.ContainsFunc(p.Done[p.Before:], func(d reset.Step) bool { return d.Factor == f.ID }) {
			return &reset.Step{Row: t.Row, User: t.User, Kind: reset.StepDelete, Factor: f.ID, Type: f.Type}, resultGoOn
		}
	}
	return nil, resultGoOn
}

// finishDryRun brings a target to the outcome of a dry run. It is judged like any
// other; nothing is claimed and nothing is sent. What an earlier, real run left
// in doubt is not a dry run's to judge.
func (s *sender) finishDryRun(t reset.Target) {
	if _, ok := s.allowed(s.inLane(s.control.starting), t); !ok {
		return
	}
	if p := s.progress.row(t.Row); len(p.Done) > 0 { // begun before the policy asked for a dry run
		s.progress.finish(halfDone(t, p, "a dry run since"))
		return
	}
	s.progress.finish(reset.Entry{Step: resetOf(t), Outcome: reset.OutcomeSkipped, Reason: reset.DryRun, Detail: "would have been reset"})
}
