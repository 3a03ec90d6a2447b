package runner_test

import (
	"context"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/okta/oktasim"
)

// Affected users are told once their reset is proved. In a batch that takes minutes
// that must not wait for its end: who says that it wasn't them can then spare the others.
func TestRunner_proves_resets_while_the_batch_runs(t *testing.T) {
	for _, engine := range []oktasim.Engine{oktasim.Identity, oktasim.Classic} {
		t.Run(string(engine), func(t *testing.T) {
			users, ids := people(400)
			opt := oktasim.Options{Given: users, Engine: engine, Latency: 2 * time.Second, LogLag: 3 * time.Second}
			onBench(t, opt, func(*policy.Rules) {}, func(b *bench) {
				id := b.ask(reset.Options{TellUsers: true}, reset.Source{}, ids...)
				b.approve(id)
				b.await(id, reset.Running)
				pauseFor(context.Background(), time.Minute)
				proved, sent := 0, 0
				for _, p := range b.results(id) {
					if p.Outcome == reset.OutcomeReset {
						sent++
						if p.Proof == reset.ProofLog {
							proved++
						}
					}
				}
				if s := b.get(id).State; s != reset.Running || sent == 0 || sent == len(ids) {
					t.Fatalf("%d of %d are reset in the state %s: the batch is over too soon for this test", sent, len(ids), s)
				}
				if proved == 0 {
					t.Errorf("of %d resets none is proved while the batch runs; %s", sent, time.Now())
				}
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if p.Outcome != reset.OutcomeReset || p.Proof != reset.ProofLog || p.Attempts != 1 {
						t.Errorf("row %d: %s, proof %q, %d attempts", row, p.Outcome, p.Proof, p.Attempts)
					}
				}
			})
		})
	}
}
