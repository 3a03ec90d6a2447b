package runner

import (
	"factorbot/bot/reset"
	"factorbot/okta"
)

// dry reports whether the run does everything except the resets: the request
// asks for that, or the policy does by now.
func (b *batch) dry() bool { return b.head.Asked.Options.DryRun || b.Rules().DryRun }

// rehearse brings a target to the outcome of a dry run. It is judged like any
// other; nothing is claimed and nothing is sent. What an earlier, real run left
// in doubt is not a dry run's to judge.
func (b *batch) rehearse(t reset.Target) {
	if _, ok := b.allowed(okta.WithLane(b.taking, b.lane()), t); !ok {
		return
	}
	if p := b.row(t.Row); len(p.Done) > 0 { // begun before the policy asked for a dry run
		b.finish(b.halfDone(t, p, "a dry run since"))
		return
	}
	b.finish(reset.Entry{Step: stepOf(t), Outcome: reset.OutcomeSkipped, Reason: reset.DryRun, Detail: "would have been reset"})
}
