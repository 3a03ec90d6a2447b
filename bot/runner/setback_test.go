package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// Okta's clock is set back after a call whose answer was lost, or ours is set ahead,
// which looks alike: what the user enrolled since bears an earlier time than the
// call, and is left alone anyway. So it is where the call was answered, and
// the factors are listed to prove it.
func TestRunner_clock_set_back_since_the_call(t *testing.T) {
	for name, fault := range map[string]oktasim.Fault{"lost answer": oktasim.DropAfter, "answered": ""} {
		t.Run(name, func(t *testing.T) {
			users, ids := people(1)
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				b.start()
				id := b.open(ids...)
				if fault != "" {
					b.org.FailNext("POST", "/lifecycle/reset_factors", fault, 1)
				}
				b.approve(id)
				for len(b.org.Resets(ids[0])) == 0 {
					pauseFor(context.Background(), 10*time.Millisecond)
				}
				if _, err := b.org.Set(map[string]json.RawMessage{"clock_offset": json.RawMessage(`"-3m"`)}); err != nil {
					t.Fatal(err)
				}
				if err := b.org.Enrol(ids[0], "webauthn"); err != nil {
					t.Fatal(err)
				}
				b.await(id, reset.Done)
				if n := b.org.Books().NewRemoved; n != 0 {
					t.Errorf("%d new factors removed", n)
				}
				if n := len(b.org.Resets(ids[0])); n != 1 {
					t.Errorf("reset %d times: %+v", n, b.results(id)[1])
				}
			})
		})
	}
}

// Okta's clock is set back after a call whose answer was lost, the user enrols, and the
// clock is set right again before anybody looks: only the calls of the meantime tell
// that the new factor may bear an earlier time than the first call.
func TestRunner_clock_set_back_and_forward_since_the_call(t *testing.T) {
	users, ids := people(40)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		clock := func(offset string) {
			if _, err := b.org.Set(map[string]json.RawMessage{"clock_offset": json.RawMessage(offset)}); err != nil {
				t.Error(err)
			}
		}
		var called atomic.Int64
		b.with(func(r *runner.Runner) {
			r.Okta = callerHook{r.Okta, func(_ context.Context, _ *okta.Slot, _ time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				got, err := real()
				if user == ids[0] && err == nil {
					clock(`"-3m"`)
					if err := b.org.Enrol(user, "webauthn"); err != nil {
						t.Error(err)
					}
					got, err = okta.Receipt{}, &okta.Error{Op: "reset factors", Effect: okta.EffectDoubt, Kind: okta.KindNetwork}
				}
				if called.Add(1) == int64(len(ids)) {
					clock(`"0s"`)
				}
				return got, err
			}}
		})
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Done)
		if n := b.org.Books().NewRemoved; n != 0 {
			t.Errorf("%d new factors removed", n)
		}
		if n := len(b.org.Resets(ids[0])); n != 1 {
			t.Errorf("reset %d times: %+v", n, b.results(id)[1])
		}
	})
}

// The same where single factors are deleted: what the user enrolled after the first
// of them went is not one of those that were meant.
func TestRunner_clock_set_back_between_two_deletions(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) { r.Okta = &setBackAfter{Okta: r.Okta, b: b} })
		id := b.ask(reset.Options{Factors: []string{"push", "sms"}}, reset.Source{}, ids...)
		b.approve(id)
		b.await(id, reset.Done)
		u, _ := b.org.User(ids[0])
		if !slices.ContainsFunc(u.Factors, func(f oktasim.Factor) bool { return f.Type == "push" }) {
			t.Errorf("the new factor was removed: %+v", u.Factors)
		}
	})
}

// setBackAfter sets Okta's clock back after the first deletion, and the user enrols.
type setBackAfter struct {
	runner.Okta
	b     *bench
	right bool // and the clock is right again at once
	once  sync.Once
}

func (r *setBackAfter) DeleteFactor(ctx context.Context, s *okta.Slot, asked time.Time, user, factor string, forget bool) (okta.Receipt, error) {
	got, err := r.Okta.DeleteFactor(ctx, s, asked, user, factor, forget)
	r.once.Do(func() {
		_, set := r.b.org.Set(map[string]json.RawMessage{"clock_offset": json.RawMessage(`"-3m"`)})
		if err := errors.Join(set, r.b.org.Enrol(user, "push")); err != nil {
			r.b.t.Error(err)
		}
		if r.right {
			r.b.set("clock_offset", "0s")
		}
	})
	return got, err
}

// Okta's clock is set back between a call that did not arrive and the next one, whose
// answer is lost: what the log tells of it bears a time before the first call.
func TestRunner_clock_set_back_between_two_calls(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		for b.org.Books().Faults[oktasim.DropBefore] == 0 {
			pauseFor(context.Background(), 10*time.Millisecond)
		}
		b.set("clock_offset", "-3m")
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropAfter, 1)
		b.await(id, reset.Done)
		if p := b.results(id)[1]; p.Outcome != reset.OutcomeReset || p.Proof != reset.ProofLog || len(b.org.Resets(ids[0])) != 1 {
			t.Errorf("%s, proof %q, reset %d times", p.Outcome, p.Proof, len(b.org.Resets(ids[0])))
		}
	})
}

// The log's time is over when it has passed, not when a clock that was set back has
// come to where it was.
func TestRunner_clock_set_back_while_the_log_is_awaited(t *testing.T) {
	users, ids := people(1)
	users[0].Factors = nil
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.start()
		id := b.open(ids...)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		for b.org.Books().Faults[oktasim.DropBefore] == 0 {
			pauseFor(context.Background(), 10*time.Millisecond)
		}
		if _, err := b.org.Set(map[string]json.RawMessage{"clock_offset": json.RawMessage(`"-10m"`)}); err != nil {
			t.Fatal(err)
		}
		if err := b.org.Enrol(ids[0], "webauthn"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		b.await(id, reset.Done)
		if took := time.Since(began); took > 6*time.Minute { // the log may lag by two
			t.Errorf("it took %s", took)
		}
		if p := b.results(id)[1]; p.Reason != reset.EnrolledMeanwhile || b.org.Books().NewRemoved != 0 {
			t.Errorf("%s %s", p.Outcome, p.Reason)
		}
	})
}

// Okta's clock is set back after a call whose answer was lost, the user enrols, and the
// clock is set right again, all of it while nobody asks Okta anything, as when the bot
// is away: no clock tells that the new factor, which bears an earlier time than the
// call, is new. Okta's log of enrolments does.
func TestRunner_clock_was_low_while_nobody_looked(t *testing.T) {
	for _, n := range []int{1, 40} {
		for name, answer := range map[string]func() (okta.Receipt, error){"lost answer": noAnswer, "half and 500": serverError, "answered": answeredDone} {
			t.Run(fmt.Sprintf("%d users, %s", n, name), func(t *testing.T) {
				users, ids := people(n)
				onBench(t, oktasim.Options{Given: users, LogLag: time.Minute}, func(r *policy.Rules) { r.Verify = "each" }, func(b *bench) {
					var once sync.Once
					b.with(func(r *runner.Runner) {
						r.Okta = callerHook{r.Okta, func(_ context.Context, _ *okta.Slot, _ time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
							got, err := real()
							if user != ids[0] || err != nil {
								return got, err
							}
							once.Do(func() {
								b.set("clock_offset", "-3m")
								if err := b.org.Enrol(user, "webauthn"); err != nil {
									t.Error(err)
								}
								b.set("clock_offset", "0s")
								got, err = answer()
							})
							return got, err
						}}
					})
					id := b.open(ids...)
					b.approve(id)
					b.await(id, reset.Done)
					if removed, resets := b.org.Books().NewRemoved, len(b.org.Resets(ids[0])); removed != 0 || resets != 1 {
						t.Errorf("%d new factors removed, reset %d times: %+v", removed, resets, b.results(id)[1])
					}
				})
			})
		}
	}
}

// The same between two deletions of single factors.
func TestRunner_clock_was_low_between_two_deletions(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) { r.Okta = &setBackAfter{Okta: r.Okta, b: b, right: true} })
		id := b.ask(reset.Options{Factors: []string{"push", "sms"}}, reset.Source{}, ids...)
		b.approve(id)
		b.await(id, reset.Done)
		u, _ := b.org.User(ids[0])
		if len(u.Factors) != 1 || u.Factors[0].Type != "push" {
			t.Errorf("the new factor was removed, or an old one left: %+v", u.Factors)
		}
	})
}

// A factor that the user enrolled minutes before the first call is old anyway
// where the plan has it, and where the log tells of no enrolment.
func TestRunner_factor_enrolled_right_before_the_call(t *testing.T) {
	for _, n := range []int{1, 40} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			users, ids := people(n)
			for i := range users {
				for f := range users[i].Factors {
					users[i].Factors[f].Created = time.Date(1999, 12, 31, 23, 59, 0, 0, time.UTC) // a minute ago in a bubble
				}
			}
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				id := b.open(ids...)
				b.await(id, reset.Pending)
				b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 1)
				b.approve(id)
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if p.Outcome != reset.OutcomeReset {
						t.Errorf("row %d: %s %s", row, p.Outcome, p.Reason)
					}
				}
			})
		})
	}
}

// The machine's clock was wrong by a quarter of an hour when the backup was made, and
// has been set right since: the backup names its moment by Okta's clock, too, and whoever
// was reset and enrolled after it keeps the new factor.
func TestRunner_clock_wrong_at_the_backup(t *testing.T) {
	users, ids := people(40)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		taken := time.Now()
		b.lostFuture(id, func() {
			b.call(ids[0])
			if err := b.org.Enrol(ids[0], "webauthn"); err != nil {
				t.Error(err)
			}
		})
		b.reopen(func(record) {
			b.update(id, func(r *reset.Request) (reset.Fact, error) {
				r.RestoredFrom = time.Time{}
				return r.Restore(taken.Add(15*time.Minute), taken, time.Now()), nil
			})
		})
		pauseFor(context.Background(), 12*time.Minute) // longer than a clock is looked after
		b.start()
		b.await(id, reset.Done)
		if removed, n := b.org.Books().NewRemoved, len(b.org.Resets(ids[0])); removed != 0 || n != 1 {
			t.Errorf("%d new factors removed, reset %d times: %+v", removed, n, b.results(id)[1])
		}
	})
}
