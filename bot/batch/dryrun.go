package batch

import "factorbot/bot/reset"

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
