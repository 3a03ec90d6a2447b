package runner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// chaos makes some resets take effect in part, whatever is answered then.
type chaos struct {
	runner.Okta
	b   *bench
	mu  sync.Mutex
	rng *rand.Rand
}

func (c *chaos) draw(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rng.IntN(n)
}

func (c *chaos) ResetFactors(ctx context.Context, s *okta.Slot, asked time.Time, user string) (okta.Receipt, error) {
	if c.draw(5) > 0 {
		return c.Okta.ResetFactors(ctx, s, asked, user)
	}
	factors, _, err := c.b.client.FactorsNow(ctx, s, user)
	if err != nil || len(factors) < 2 {
		return c.Okta.ResetFactors(ctx, s, asked, user)
	}
	got, err := c.b.client.DeleteFactor(ctx, s, asked, user, factors[0].ID, false)
	if err != nil {
		return got, err
	}
	return [...]func() (okta.Receipt, error){serverError, noAnswer}[c.draw(2)]()
}

// Effects in part, crashes at any write, users who go or enrol in the middle,
// pauses, restored backups, ramps, and clocks that are apart: nobody is left out, no
// new factor is removed, and nobody is called reset while an old factor that a
// reset removes is listed.
func TestRunner_attacked(t *testing.T) {
	const n, rounds = 16, 24
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			users, ids := people(n)
			opt := oktasim.Options{
				Given: users, LogLag: 5 * time.Second, EnrolAgain: 0.5, EnrolAfter: 3 * time.Second, Faults: 0.15, Seed: seed, Latency: 20 * time.Millisecond,
				ClockOffset: time.Duration(rng.IntN(600)-300) * time.Second, Engine: [...]oktasim.Engine{oktasim.Classic, oktasim.Identity}[seed%2],
			}
			onBench(t, opt, func(r *policy.Rules) { r.PauseAfter = 0 }, func(b *bench) {
				b.set("faults_on", "writes")
				b.change(func(r *policy.Rules) {
					if seed%3 == 0 {
						r.Ramp = []int{3, 5}
					}
				})
				before := b.factorIDs(ids)
				id := b.open(ids...)
				b.approve(id)
				b.await(id, reset.Approved)
				b.stop()
				var backup []byte
				var taken time.Time
				for range 4 {
					b.dies(rng, int64(1+rng.IntN(40)))
					switch rng.IntN(5) {
					case 2:
						backup, taken = b.file(), time.Now()
						pauseFor(context.Background(), 10*time.Second)
					case 3:
						if backup == nil {
							break
						}
						if err := os.WriteFile(b.path, backup, 0o600); err != nil {
							t.Fatal(err)
						}
						b.restore(id, taken, time.Time{})
					case 0:
						if err := b.org.Refuse(ids[rng.IntN(n)], "E0000007"); err != nil {
							t.Fatal(err)
						}
					case 1:
						b.reopen(func(record) {
							if r := b.get(id); r.State == reset.Running {
								b.update(id, func(r *reset.Request) (reset.Fact, error) {
									return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
								})
							}
						})
					}
				}
				b.with(func(r *runner.Runner) { r.Okta = &chaos{Okta: r.Okta, b: b, rng: rng} })
				s := b.within(id, reset.Done, 10*time.Minute)
				for range 6 {
					if s != reset.Paused {
						break
					}
					b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
					s = b.within(id, reset.Done, time.Hour)
				}
				b.judge(id, s, ids, before)
			})
		})
	}
}

// factorIDs are the factors that users have now.
func (b *bench) factorIDs(ids []string) map[string]bool {
	have := map[string]bool{}
	for _, id := range ids {
		u, _ := b.org.User(id)
		for _, f := range u.Factors {
			have[f.ID] = true
		}
	}
	return have
}

// file returns the bytes of the record, as a backup has them.
func (b *bench) file() []byte {
	b.t.Helper()
	bytes, err := os.ReadFile(b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	return bytes
}

// dies runs a runner until its record dies at some write.
func (b *bench) dies(rng *rand.Rand, write int64) {
	b.t.Helper()
	left := &atomic.Int64{}
	left.Store(write)
	file, rec := b.lead()
	r := b.runner(crashing{rec, left})
	r.Okta = &chaos{Okta: r.Okta, b: b, rng: rng}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	_ = r.Run(ctx)
	cancel()
	if err := file.Close(); err != nil {
		b.t.Error(err)
	}
	pauseFor(context.Background(), time.Second)
}

// judge holds a finished request to the promise.
func (b *bench) judge(id reset.ID, s reset.State, ids []string, before map[string]bool) {
	b.t.Helper()
	if s != reset.Done {
		b.t.Fatalf("%s: %+v", s, b.get(id).Pause)
	}
	for _, user := range b.newRemoved(ids) {
		b.t.Errorf("a new factor of %s was removed", user)
	}
	for row, p := range b.results(id) {
		u, _ := b.org.User(ids[row-1])
		old := false
		for _, f := range u.Factors {
			old = old || before[f.ID]
		}
		times := len(b.org.Resets(ids[row-1]))
		switch {
		case p.Outcome == reset.OutcomeReset && (old || times == 0):
			b.t.Errorf("row %d: reset, proof %q, %d attempts, and Okta has %v (reset %d times)", row, p.Proof, p.Attempts, u.Factors, times)
		case p.Outcome == reset.OutcomeNotRun, p.Outcome == "", p.Outcome == reset.OutcomeSkipped && p.Reason != reset.NotFound:
			b.t.Errorf("row %d: %s %s %q", row, p.Outcome, p.Reason, p.Detail)
		}
		for known := range b.rec.Users(context.Background(), reset.UserID(ids[row-1])) {
			if known.Claim != nil {
				b.t.Errorf("row %d: a claim is left", row)
			}
		}
	}
}
