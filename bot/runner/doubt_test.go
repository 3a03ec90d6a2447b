package runner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// halfHook makes the first calls for one user remove one factor only: Okta tells
// the log of it, and answers as the hook says.
type halfHook struct {
	runner.Okta
	b      *bench
	user   string
	answer func() (okta.Receipt, error)

	mu   sync.Mutex
	left int
}

func (h *halfHook) ResetFactors(ctx context.Context, s *okta.Slot, asked time.Time, user string) (okta.Receipt, error) {
	h.mu.Lock()
	half := user == h.user && h.left > 0
	if half {
		h.left--
	}
	h.mu.Unlock()
	if !half {
		return h.Okta.ResetFactors(ctx, s, asked, user)
	}
	factors, _, err := h.b.client.FactorsNow(ctx, s, user)
	if err != nil || len(factors) == 0 {
		h.b.t.Errorf("%v, %v", factors, err)
		return h.answer()
	}
	if _, err := h.b.client.DeleteFactor(ctx, s, asked, user, factors[0].ID, false); err != nil {
		h.b.t.Error(err)
	}
	return h.answer()
}

func serverError() (okta.Receipt, error) {
	return okta.Receipt{}, &okta.Error{Op: "reset factors", Effect: okta.EffectDoubt, Kind: okta.KindServer, Status: 500, Code: "E0000009", Answered: true}
}

func noAnswer() (okta.Receipt, error) {
	return okta.Receipt{}, &okta.Error{Op: "reset factors", Effect: okta.EffectDoubt, Kind: okta.KindNetwork}
}

func answeredDone() (okta.Receipt, error) {
	return okta.Receipt{RequestID: "half", At: time.Now()}, nil
}

// tookAfter asks that the first user is reset after so many attempts, with nothing left.
func (b *bench) tookAfter(id reset.ID, user string, attempts int) {
	b.t.Helper()
	p := b.results(id)[1]
	if left := b.factors(user); p.Outcome != reset.OutcomeReset || p.Attempts != attempts || len(left) != 0 {
		b.t.Errorf("%s %s %q, proof %q, %d attempts, and Okta still has %v", p.Outcome, p.Reason, p.Detail, p.Proof, p.Attempts, left)
	}
}

// Okta removes one of two factors, logs that, and answers 500: the user is never
// called reset while the other one is listed.
func TestRunner_half_a_reset_is_not_a_reset(t *testing.T) {
	for _, n := range []int{3, 30} {
		for _, answer := range []func() (okta.Receipt, error){serverError, noAnswer} {
			_, err := answer()
			t.Run(fmt.Sprintf("%d users, %v", n, err), func(t *testing.T) {
				users, ids := people(n)
				onBench(t, oktasim.Options{Given: users, Engine: oktasim.Identity}, nil, func(b *bench) {
					b.with(func(r *runner.Runner) {
						r.Okta = &halfHook{Okta: r.Okta, b: b, user: ids[0], answer: answer, left: 1}
					})
					id := b.open(ids...)
					b.approve(id)
					b.await(id, reset.Done)
					b.tookAfter(id, ids[0], 2)
					b.noted(ids[0], id)
				})
			})
		}
	}
}

// The same while the request is being cancelled: what is half done says so.
func TestRunner_half_a_reset_when_cancelled(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users, Engine: oktasim.Identity, LogLag: time.Second}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) {
			r.Okta = &halfHook{Okta: r.Okta, b: b, user: ids[0], answer: noAnswer, left: 1}
		})
		id := b.open(ids...)
		b.approve(id)
		for len(b.factors(ids[0])) == 2 {
			pauseFor(context.Background(), 10*time.Millisecond)
		}
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
		b.await(id, reset.Cancelled)
		if p := b.results(id)[1]; p.Outcome != reset.OutcomeFailed || p.Reason != reset.OktaError || !strings.Contains(p.Detail, "half done") {
			t.Errorf("%s %s %q", p.Outcome, p.Reason, p.Detail)
		}
		b.noted(ids[0], id)
	})
}

// Okta answers that it is done, and an older factor is still listed: the event of
// that call proves nothing, the reset goes again, and only a later event counts.
func TestRunner_retaken_reset_is_sent_again(t *testing.T) {
	for _, engine := range []oktasim.Engine{oktasim.Classic, oktasim.Identity} {
		t.Run(string(engine), func(t *testing.T) {
			users, ids := people(3)
			onBench(t, oktasim.Options{Given: users, Engine: engine}, nil, func(b *bench) {
				b.with(func(r *runner.Runner) {
					r.Okta = &halfHook{Okta: r.Okta, b: b, user: ids[0], answer: answeredDone, left: 1}
				})
				id := b.open(ids...)
				b.approve(id)
				b.await(id, reset.Done)
				b.tookAfter(id, ids[0], 2)
			})
		})
	}
}

// In a large batch, too: once a call did not take, the log's word for the next is
// not enough, for that one may have been done by half.
func TestRunner_retaken_reset_is_listed(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users, Engine: oktasim.Identity, LogLag: time.Second}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) {
			half := &halfHook{Okta: r.Okta, b: b, user: ids[0], answer: answeredDone}
			first := true
			r.Okta = callerHook{half, func(_ context.Context, s *okta.Slot, _ time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				if user == ids[0] && first { // Okta does nothing, and says that it did
					first, half.left = false, 1
					s.Release()
					return answeredDone()
				}
				return real()
			}}
		})
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Done)
		b.tookAfter(id, ids[0], 3)
	})
}

// The old factor vanishes from the list after all, and the log tells of the first
// call, which a reading had refuted: it does not count, and the user who has
// enrolled since is left alone.
func TestRunner_refuted_call_proves_nothing(t *testing.T) {
	users, ids := people(3)
	onBench(t, oktasim.Options{Given: users, Engine: oktasim.Identity}, nil, func(b *bench) {
		lists := 0
		b.with(func(r *runner.Runner) {
			r.Okta = &halfHook{Okta: r.Okta, b: b, user: ids[0], answer: answeredDone, left: 1}
			r.Okta = dirHook{Okta: r.Okta, factors: func(_ context.Context, user string, real func() ([]okta.Factor, error)) ([]okta.Factor, error) {
				factors, err := real()
				if user != ids[0] {
					return factors, err
				}
				if lists++; lists <= 2 { // of the plan, and the reading back
					return factors, err
				}
				if len(factors) == 1 {
					if err := b.org.Enrol(user, "push"); err != nil {
						t.Error(err)
					}
					factors, err = real()
				}
				return factors[1:], err // the enrolment policy hides the old one by now
			}}
		})
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Done)
		if p := b.results(id)[1]; p.Outcome != reset.OutcomeFailed || p.Reason != reset.EnrolledMeanwhile {
			t.Errorf("%s %s %q, proof %q", p.Outcome, p.Reason, p.Detail, p.Proof)
		}
		if n := b.org.Books().NewRemoved; n != 0 {
			t.Errorf("%d new factors removed", n)
		}
	})
}

// An old factor is there and the user has enrolled another since: nothing is sent,
// whatever the log tells, and nobody waits for it.
func TestRunner_old_and_new_factors(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), 5*time.Second)
		if err := b.org.Enrol(ids[0], "webauthn"); err != nil {
			t.Fatal(err)
		}
		b.await(id, reset.Done)
		p := b.results(id)[1]
		if p.Outcome != reset.OutcomeFailed || p.Reason != reset.EnrolledMeanwhile || len(b.org.Resets(ids[0])) != 0 {
			t.Errorf("%s %s %q, reset %d times", p.Outcome, p.Reason, p.Detail, len(b.org.Resets(ids[0])))
		}
		b.noted(ids[0], id)
	})
}

// Okta enrols an e-mail by itself after a lost call: the user has enrolled nothing,
// and the reset is sent again. An e-mail that the user enrolled is theirs, though
// Okta's clock was set back before.
func TestRunner_email_enrolled_since(t *testing.T) {
	for _, self := range []bool{false, true} {
		for _, clock := range []string{"0s", "-3m"} {
			t.Run(map[bool]string{false: "by Okta", true: "by the user"}[self]+", clock at "+clock, func(t *testing.T) {
				users, ids := people(1)
				onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
					id := b.open(ids...)
					b.await(id, reset.Pending)
					b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 1)
					b.approve(id)
					b.await(id, reset.Running)
					pauseFor(context.Background(), 5*time.Second)
					b.set("clock_offset", clock)
					enrol := b.org.EnrolByOkta
					if self {
						enrol = func(user string) error { return b.org.Enrol(user, "email") }
					}
					if err := enrol(ids[0]); err != nil {
						t.Fatal(err)
					}
					b.await(id, reset.Done)
					p := b.results(id)[1]
					if self && p.Reason != reset.EnrolledMeanwhile || !self && (p.Outcome != reset.OutcomeReset || len(b.org.Resets(ids[0])) != 1) {
						t.Errorf("%s %s %q, reset %d times", p.Outcome, p.Reason, p.Detail, len(b.org.Resets(ids[0])))
					}
				})
			})
		}
	}
}

// What a cancelled request leaves in doubt leaves a note, even where nothing
// happened: nobody can know.
func TestRunner_every_doubt_leaves_a_note(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), time.Second)
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
		b.await(id, reset.Cancelled)
		if p := b.results(id)[1]; p.Outcome != reset.OutcomeNotRun || p.Reason != reset.NotRunCancelled {
			t.Errorf("%s %s %q", p.Outcome, p.Reason, p.Detail)
		}
		b.noted(ids[0], id)
	})
}

// One factor is deleted, then Okta refuses the rest: another request must know.
func TestRunner_done_in_part_leaves_a_note(t *testing.T) {
	for code, want := range map[string]reset.Reason{"E0000006": reset.Forbidden, "E0000007": reset.OktaError} {
		t.Run(code, func(t *testing.T) {
			users, ids := people(1)
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				b.with(func(r *runner.Runner) { r.Okta = &refuseAfter{Okta: r.Okta, b: b, code: code} })
				id := b.ask(reset.Options{Factors: []string{"push", "sms"}}, reset.Source{}, ids...)
				b.approve(id)
				b.await(id, reset.Done)
				if p := b.results(id)[1]; p.Outcome != reset.OutcomeFailed || p.Reason != want || len(p.Done) != 1 {
					t.Errorf("%s %s %q, %d steps done", p.Outcome, p.Reason, p.Detail, len(p.Done))
				}
				b.noted(ids[0], id)
			})
		})
	}
}

// refuseAfter lets the first deletion through; from then on Okta refuses the user.
type refuseAfter struct {
	runner.Okta
	b    *bench
	code string
}

func (r *refuseAfter) DeleteFactor(ctx context.Context, s *okta.Slot, asked time.Time, user, factor string, forget bool) (okta.Receipt, error) {
	got, err := r.Okta.DeleteFactor(ctx, s, asked, user, factor, forget)
	if err == nil {
		if err := r.b.org.Refuse(user, r.code); err != nil {
			r.b.t.Error(err)
		}
	}
	return got, err
}

// The lists of administrators cannot be read, so everybody is asked; one user has
// gone, another is out of reach: that is their outcome, and stops nobody else.
func TestRunner_one_users_trouble_is_that_users(t *testing.T) {
	for code, want := range map[string]reset.Reason{"E0000007": reset.NotFound, "E0000006": reset.Forbidden} {
		for _, groups := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, groups %t", code, groups), func(t *testing.T) {
				users, ids := people(6)
				users = append(users, oktasim.User{Login: "head@example.com", Groups: []string{"Executives"}})
				onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
					group := b.group("Executives")
					if groups {
						b.change(func(r *policy.Rules) {
							r.Protect.OktaGroups, r.Protect.Admins = []string{group}, policy.AdminsOff
						})
					}
					b.set("forbidden", []string{seeAdmins, seeMembers})
					id := b.open(ids...)
					b.await(id, reset.Pending)
					if err := b.org.Refuse(ids[2], code); err != nil {
						t.Fatal(err)
					}
					b.approve(id)
					r := b.await(id, reset.Done)
					if p := b.results(id)[3]; p.Outcome != want.Outcome() || p.Reason != want {
						t.Errorf("%s %s %q", p.Outcome, p.Reason, p.Detail)
					}
					if n := r.Totals.ByOutcome[reset.OutcomeReset]; n != 5 {
						t.Errorf("%+v", r.Totals)
					}
				})
			})
		}
	}
}

// restore marks a request as one of a restored backup, as the record does at a start.
func (b *bench) restore(id reset.ID, taken, okta time.Time) {
	b.t.Helper()
	b.reopen(func(record) {
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Restore(taken, okta, time.Now()), nil })
	})
}

// lostFuture approves and starts a request, stops the bot, lets what the record
// does not know of happen, and restores the record.
func (b *bench) lostFuture(id reset.ID, future func()) {
	b.t.Helper()
	b.await(id, reset.Pending)
	b.stop()
	b.reopen(func(record) {
		b.update(id, func(r *reset.Request) (reset.Fact, error) {
			return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
		})
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
	})
	taken := time.Now()
	pauseFor(context.Background(), 2*time.Second)
	future()
	pauseFor(context.Background(), time.Minute)
	b.restore(id, taken, time.Time{})
}

// A restored backup of a run in waves: what may have been sent is settled wave by
// wave, each of which is looked at before the next, and every user comes to an end.
func TestRunner_restored_with_a_ramp(t *testing.T) {
	users, ids := people(12)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.Ramp = []int{2, 4} }, func(b *bench) {
		id := b.open(ids...)
		b.lostFuture(id, func() {
			for _, user := range ids[:3] { // the wave that was let through, and one user more
				b.call(user)
			}
		})
		b.change(func(r *policy.Rules) { r.Protect.Users = []string{"user7@example.com"} }) // beyond the first wave, by login
		b.start()
		b.await(id, reset.Done)
		for row, p := range b.results(id) {
			want := reset.OutcomeReset
			if row == 8 {
				want = reset.OutcomeSkipped
			}
			if n := len(b.org.Resets(ids[row-1])); p.Outcome != want || n > 1 {
				t.Errorf("row %d: %s %s %q, reset %d times", row, p.Outcome, p.Reason, p.Detail, n)
			}
		}
		through := 2 // rows that the waves let through, by the log
		for e := range b.rec.Log(context.Background(), id, 1) {
			switch {
			case e.Fact != nil && e.Fact.Name == "wave":
				through = map[string]int{"1": 6, "2": 12}[e.Fact.Detail["wave"]]
			case e.Step != nil && e.Step.Row > through:
				t.Errorf("row %d: %s before its wave was let through", e.Step.Row, e.Kind)
			}
		}
		if looks := b.waves(id); len(looks) != 2 || looks[0]["tried"] != "2" || looks[1]["tried"] != "4" {
			t.Errorf("waves %v", looks)
		}
	})
}

// A record of the version before has rows in doubt, or settled, beyond the wave.
func TestRunner_doubts_beyond_the_wave(t *testing.T) {
	users, ids := people(6)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.Ramp = []int{2, 2} }, func(b *bench) {
		id := b.open(ids...)
		b.lostFuture(id, func() { b.call(ids[5]) })
		b.reopen(func(rec record) {
			now := time.Now()
			for row := 1; row <= 6; row++ {
				step := &reset.Step{Row: row, User: reset.UserID(ids[row-1]), Kind: reset.StepReset}
				e := reset.Entry{Kind: reset.EntryDoubt, At: now, OktaAt: now.Add(-10 * time.Minute), Step: step, Reason: reset.SettledAfterRestart}
				if err := rec.Append(context.Background(), id, e); err != nil {
					t.Fatal(err)
				}
				if row == 6 {
					e = reset.Entry{Kind: reset.EntryOutcome, At: now, Step: step, Outcome: reset.OutcomeReset, Proof: reset.ProofLog, Touched: true}
					if err := rec.Append(context.Background(), id, e); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
		b.start()
		b.await(id, reset.Done)
		for user, n := range b.resets(ids) {
			if n != 1 {
				t.Errorf("%s was reset %d times", user, n)
			}
		}
	})
}

// Our clock and Okta's differ by minutes, either way: what was sent after the backup
// is found, and who has enrolled since is left alone.
func TestRunner_restored_with_clocks_apart(t *testing.T) {
	for _, apart := range []time.Duration{-3 * time.Minute, -30 * time.Second, 30 * time.Second, 3 * time.Minute} {
		t.Run(apart.String(), func(t *testing.T) {
			users, ids := people(4)
			opt := oktasim.Options{Given: users, ClockOffset: apart}
			onBench(t, opt, nil, func(b *bench) {
				id := b.open(ids...)
				b.lostFuture(id, func() {
					for _, user := range ids[:2] {
						b.call(user)
					}
					pauseFor(context.Background(), 10*time.Second)
					for _, user := range ids[:2] {
						if err := b.org.Enrol(user, "webauthn"); err != nil {
							t.Fatal(err)
						}
					}
				})
				b.start()
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if n := len(b.org.Resets(ids[row-1])); n != 1 || p.Outcome != reset.OutcomeReset {
						t.Errorf("row %d: %s %s %q, reset %d times", row, p.Outcome, p.Reason, p.Detail, n)
					}
				}
				if n := b.org.Books().NewRemoved; n != 0 {
					t.Errorf("%d new factors removed", n)
				}
			})
		})
	}
}

// Deletions of single factors go by Okta's clock, too.
func TestRunner_restored_deletions_with_clocks_apart(t *testing.T) {
	users, ids := people(2)
	opt := oktasim.Options{Given: users, ClockOffset: -3 * time.Minute}
	onBench(t, opt, nil, func(b *bench) {
		id := b.ask(reset.Options{Factors: []string{"push"}}, reset.Source{}, ids...)
		b.lostFuture(id, func() {
			for _, user := range ids {
				b.delete(user, "push")
			}
			pauseFor(context.Background(), 10*time.Second)
			if err := b.org.Enrol(ids[0], "push"); err != nil {
				t.Fatal(err)
			}
		})
		b.start()
		b.await(id, reset.Done)
		if n := b.org.Books().NewRemoved; n != 0 || !slices.Contains(b.factors(ids[0]), "push") {
			t.Errorf("%d new factors removed, the user has %v", n, b.factors(ids[0]))
		}
	})
}

// delete deletes one factor as the bot does, past the journal.
func (b *bench) delete(user, kind string) {
	b.t.Helper()
	ctx := context.Background()
	factors, err := b.client.Factors(ctx, user)
	if err != nil {
		b.t.Fatal(err)
	}
	slot, err := b.client.Take(ctx, okta.Urgent, okta.StepDelete)
	if err != nil {
		b.t.Fatal(err)
	}
	i := slices.IndexFunc(factors, func(f okta.Factor) bool { return f.Type == kind })
	if _, err := b.client.DeleteFactor(ctx, slot, time.Now(), user, factors[i].ID, false); err != nil {
		b.t.Fatal(err)
	}
}

// A restored request is paused (here by a person): each user is asked about once,
// then nothing is, and who presses Resume or Cancel is heard at once.
func TestRunner_paused_and_restored_is_quiet(t *testing.T) {
	const n = 40
	for _, cancel := range []bool{false, true} {
		t.Run(map[bool]string{false: "resume", true: "cancel"}[cancel], func(t *testing.T) {
			users, ids := people(n)
			onBench(t, oktasim.Options{Given: users, Latency: 200 * time.Millisecond, LogLag: time.Second}, nil, func(b *bench) {
				id := b.open(ids...)
				b.lostFuture(id, func() { b.call(ids[0]) })
				b.reopen(func(record) {
					b.update(id, func(r *reset.Request) (reset.Fact, error) {
						return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
					})
				})
				b.start()
				before := b.factorCalls()
				pauseFor(context.Background(), 3*time.Minute)
				if got := b.factorCalls() - before; got != n {
					t.Errorf("%d listings of factors, want one for each of %d users", got, n)
				}
				if p := b.results(id)[1]; p.Outcome != reset.OutcomeReset || p.Proof != reset.ProofLog {
					t.Errorf("row 1 is %s while paused, with proof %q", p.Outcome, p.Proof)
				}
				calls := len(b.org.Calls())
				pauseFor(context.Background(), 6*time.Hour)
				if got := len(b.org.Calls()) - calls; got != 0 {
					t.Errorf("%d calls in six hours of pause", got)
				}
				if cancel {
					b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
					b.await(id, reset.Cancelled)
					return
				}
				b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
				pauseFor(context.Background(), 2*time.Second)
				if got := len(b.org.Calls()) - calls; got == 0 {
					t.Error("nothing has happened 2 s after Resume")
				}
				b.await(id, reset.Done)
			})
		})
	}
}

// The first round over a paused request's doubts is long; Cancel is heard in its middle.
func TestRunner_paused_hears_a_click_at_once(t *testing.T) {
	users, ids := people(60)
	onBench(t, oktasim.Options{Given: users, RateLimit: 30, Window: time.Minute}, nil, func(b *bench) {
		id := b.open(ids...)
		b.lostFuture(id, func() {})
		b.reopen(func(record) {
			b.update(id, func(r *reset.Request) (reset.Fact, error) {
				return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
			})
		})
		b.start()
		pauseFor(context.Background(), 20*time.Second)
		before := b.factorCalls()
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
		pauseFor(context.Background(), 2*time.Second)
		if r := b.get(id); r.Restarted == nil && b.forgotten(id) {
			t.Errorf("2 s after Resume the runner has not taken notice; %d listings before", before)
		}
	})
}

// forgotten reports whether the protected were not read since the last resume.
func (b *bench) forgotten(id reset.ID) bool {
	b.t.Helper()
	resumed := b.get(id).ResumedAt
	for _, c := range b.org.Calls() {
		if strings.HasPrefix(c.Path, "/api/v1/iam/assignees/users") && !c.At.Before(resumed) {
			return false
		}
	}
	return true
}

// factorCalls counts the listings of users' factors.
func (b *bench) factorCalls() int {
	n := 0
	for _, c := range b.org.Calls() {
		if c.Method == "GET" && strings.HasSuffix(c.Path, "/factors") {
			n++
		}
	}
	return n
}

// A resend leaves within 2 s of the reading that allows it, however long its
// record takes to write; and where the record always takes too long, it pauses.
func TestRunner_resend_follows_its_reading(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users, Latency: 100 * time.Millisecond}, nil, func(b *bench) {
		var mu sync.Mutex
		var read time.Time
		b.with(func(r *runner.Runner) {
			r.Record = slowJournal{r.Record, 1950 * time.Millisecond}
			r.Okta = &lookHook{Okta: r.Okta, looked: func() { mu.Lock(); read = time.Now(); mu.Unlock() }, sent: func() {
				mu.Lock()
				defer mu.Unlock()
				if !read.IsZero() && time.Since(read) > 2*time.Second {
					t.Errorf("sent %s after the reading", time.Since(read))
				}
			}}
		})
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", ids[0]+"/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		r := b.await(id, reset.Paused)
		if r.Pause.Cause != reset.CauseErrors || !strings.Contains(r.Pause.Detail, "disk is too slow") {
			t.Errorf("%+v", r.Pause)
		}
	})
}

// lookHook tells when the factors are read with a slot in hand, and when a reset leaves after it.
type lookHook struct {
	runner.Okta
	looked, sent func()
}

func (l *lookHook) FactorsNow(ctx context.Context, s *okta.Slot, user string) ([]okta.Factor, time.Time, error) {
	l.looked()
	return l.Okta.FactorsNow(ctx, s, user)
}

func (l *lookHook) ResetFactors(ctx context.Context, s *okta.Slot, asked time.Time, user string) (okta.Receipt, error) {
	got, err := l.Okta.ResetFactors(ctx, s, asked, user)
	if err == nil || !okta.IsKind(err, okta.KindLate) {
		l.sent()
	}
	return got, err
}

// slowJournal takes its time to write started entries.
type slowJournal struct {
	runner.Record
	takes time.Duration
}

func (s slowJournal) Start(ctx context.Context, r *reset.Request, started ...reset.Entry) ([]error, error) {
	each, err := s.Record.Start(ctx, r, started...)
	pauseFor(ctx, s.takes)
	return each, err
}

// Commits that take over 2 s send nobody: the request pauses and says why, instead
// of writing entries for hours.
func TestRunner_slow_disk_pauses(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) { r.Record = slowJournal{r.Record, 3 * time.Second} })
		id := b.open(ids...)
		b.approve(id)
		r := b.await(id, reset.Paused)
		if r.Pause.Cause != reset.CauseErrors || !strings.Contains(r.Pause.Detail, "disk is too slow") {
			t.Errorf("%+v", r.Pause)
		}
		entries := 0
		for range b.rec.Log(context.Background(), id, 1) {
			entries++
		}
		if entries > 200 {
			t.Errorf("%d entries before it paused", entries)
		}
		for user, n := range b.resets(ids) {
			if n != 0 {
				t.Errorf("%s was reset %d times", user, n)
			}
		}
	})
}

// Okta takes over 2 s to list factors: nothing could ever be sent again in time.
func TestRunner_slow_readings_pause(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.set("latency", "3s")
		b.org.FailNext("POST", ids[0]+"/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		r := b.await(id, reset.Paused)
		if r.Pause.Cause != reset.CauseErrors || !strings.Contains(r.Pause.Detail, "Okta takes over 2 seconds") {
			t.Errorf("%+v", r.Pause)
		}
	})
}

// However many requests run, the lists of the protected are read about once a minute.
func TestRunner_protected_are_read_once_for_all(t *testing.T) {
	const requests = 6
	users, ids := people(30 * requests)
	onBench(t, oktasim.Options{Given: users, RateLimit: 60, Window: time.Minute}, nil, func(b *bench) {
		var open []reset.ID
		for i := range requests {
			open = append(open, b.open(ids[30*i:30*(i+1)]...))
		}
		for _, id := range open {
			b.approve(id)
		}
		for _, id := range open {
			b.await(id, reset.Running)
		}
		count := func() (n int) {
			for _, c := range b.org.Calls() {
				if strings.HasPrefix(c.Path, "/api/v1/iam/assignees/users") {
					n++
				}
			}
			return n
		}
		before := count()
		pauseFor(context.Background(), 3*time.Minute)
		if got := count() - before; got < 2 || got > 6 {
			t.Errorf("the administrators were listed %d times in 3 minutes by %d requests", got, requests)
		}
	})
}
