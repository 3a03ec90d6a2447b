package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// The cache of the Okta SDK has a goroutine that only a finalizer ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/patrickmn/go-cache.(*janitor).Run"))
}

func TestRunner_whole_job(t *testing.T) {
	for _, engine := range []oktasim.Engine{oktasim.Classic, oktasim.Identity} {
		for _, n := range []int{3, 30} {
			t.Run(string(engine)+"/"+time.Duration(n).String(), func(t *testing.T) {
				users, ids := people(n)
				opt := oktasim.Options{Given: users, Engine: engine, LogLag: 5 * time.Second, RateLimit: 600, Window: time.Minute}
				onBench(t, opt, nil, func(b *bench) {
					id := b.open(ids...)
					b.approve(id)
					done := b.await(id, reset.Done)
					if done.Totals.ByOutcome[reset.OutcomeReset] != n || done.Totals.Rows() != n {
						t.Fatalf("totals %+v", done.Totals)
					}
					for user, times := range b.resets(ids) {
						if times != 1 {
							t.Errorf("%s was reset %d times", user, times)
						}
					}
					want := reset.ProofLog
					if n <= policy.Few {
						want = reset.ProofFactors
					}
					for row, p := range b.results(id) {
						if p.Proof != want || p.RequestID == "" {
							t.Errorf("row %d: %+v", row, p)
						}
					}
				})
			})
		}
	}
}

func TestRunner_plan_skips(t *testing.T) {
	users, _ := people(3)
	users[1].Status = "DEPROVISIONED"
	users[2].Roles = []string{"SUPER_ADMIN"}
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.Protect.Users = []string{"vip@example.com"} }, func(b *bench) {
		if _, err := b.org.Add(oktasim.User{Login: "vip@example.com", Factors: []oktasim.Factor{{Type: "push"}}}); err != nil {
			t.Fatal(err)
		}
		id := b.open("user0@example.com", "USER0@example.com", "user1@example.com", "user2@example.com", "nobody@example.com", "vip@example.com")
		r := b.await(id, reset.Pending)
		want := map[reset.Reason]int{reset.Duplicate: 1, reset.Deprovisioned: 1, reset.ProtectedAdmin: 1, reset.NotFound: 1, reset.ProtectedUser: 1}
		for reason, n := range want {
			if r.Plan.Skips[reason] != n {
				t.Errorf("%s: %d, want %d (%v)", reason, r.Plan.Skips[reason], n, r.Plan.Skips)
			}
		}
		if r.Plan.Resets != 1 || r.Plan.Targets != 6 || r.Plan.Digest == "" || r.Plan.FileSHA == "" {
			t.Errorf("plan %+v", r.Plan)
		}
	})
}

func TestRunner_nothing_left_is_rejected(t *testing.T) {
	onBench(t, oktasim.Options{}, nil, func(b *bench) {
		r := b.await(b.open("nobody@example.com"), reset.Rejected)
		if r.Code != "nothing_to_reset" || r.Refusal != `Nobody to reset: "nobody@example.com" isn't in Okta. Check the spelling and ask again.` {
			t.Fatalf("%+v", r)
		}
	})
}

func TestRunner_expires_and_lapses(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.ExpiresAfter = time.Minute }, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Expired)
		if n := len(b.org.Resets(ids[0])); n != 0 {
			t.Fatalf("reset %d times", n)
		}
	})
}

// Every way in which the first try can go wrong: no user is left out, and none loses a factor enrolled after the reset.
func TestRunner_faults(t *testing.T) {
	const n = 30
	for _, fault := range []oktasim.Fault{oktasim.ErrorBefore, oktasim.ErrorAfter, oktasim.DropBefore, oktasim.DropAfter, oktasim.CutOff, oktasim.Gateway, oktasim.Unavailable, oktasim.Nothing, oktasim.Late} {
		for _, again := range []float64{0, 1} {
			name := string(fault)
			if again > 0 {
				name += ", enrolling again"
			}
			t.Run(name, func(t *testing.T) {
				users, ids := people(n)
				opt := oktasim.Options{Given: users, LogLag: 5 * time.Second, EnrolAgain: again, EnrolAfter: 2 * time.Second}
				onBench(t, opt, nil, func(b *bench) {
					id := b.open(ids...)
					b.await(id, reset.Pending)
					b.org.FailNext("POST", "/lifecycle/reset_factors", fault, 5)
					b.approve(id)
					b.await(id, reset.Done)
					for row, p := range b.results(id) {
						times := len(b.org.Resets(ids[row-1]))
						if p.Outcome != reset.OutcomeReset || times < 1 {
							t.Errorf("row %d: %s %s %s, reset %d times", row, p.Outcome, p.Reason, p.Detail, times)
						}
						if fault == oktasim.Nothing && times == 0 && p.Proof != reset.ProofNone {
							t.Errorf("row %d: proof %s of nothing", row, p.Proof)
						}
					}
					if books := b.org.Books(); books.NewRemoved != 0 {
						t.Errorf("%d new factors removed", books.NewRemoved)
					}
				})
			})
		}
	}
}

// Users who have only what may outlive a reset: that nothing happened is never taken for a proof.
func TestRunner_nothing_happened_to_leftovers(t *testing.T) {
	for _, kind := range []string{"question", "email"} {
		for _, n := range []int{3, 30} {
			users, ids := people(n)
			for i := range users {
				users[i].Factors = []oktasim.Factor{{Type: kind}}
			}
			onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
				id := b.open(ids...)
				b.await(id, reset.Pending)
				b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.Nothing, 3)
				b.approve(id)
				b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if len(b.org.Resets(ids[row-1])) == 0 && (p.Proof == reset.ProofLog || p.Proof == reset.ProofFactors) {
						t.Errorf("%s, row %d: proof %s of nothing", kind, row, p.Proof)
					}
				}
			})
		}
	}
}

// Where the System Log stays silent and only what may outlive a reset is listed, the
// reset is sent once more: nobody is forgotten, and what is enrolled since stays.
func TestRunner_nothing_shows_that_it_took(t *testing.T) {
	const n = 30
	for _, kind := range []string{"question", "email"} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, enrolling again %t", kind, again), func(t *testing.T) {
				users, ids := people(n)
				for i := range users {
					users[i].Factors = []oktasim.Factor{{Type: kind}}
				}
				onBench(t, oktasim.Options{Given: users, LogLag: 5 * time.Second}, nil, func(b *bench) {
					id := b.open(ids...)
					b.await(id, reset.Pending)
					b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.Nothing, 3)
					b.approve(id)
					if again {
						b.await(id, reset.Verifying)
						for _, user := range ids {
							if err := b.org.Enrol(user, "push"); err != nil {
								t.Fatal(err)
							}
						}
					}
					b.await(id, reset.Done)
					for row, p := range b.results(id) {
						times := len(b.org.Resets(ids[row-1]))
						if p.Outcome != reset.OutcomeReset || !again && (times != 1 || p.Proof != reset.ProofLog) {
							t.Errorf("row %d: %s %s %s, proof %s, reset %d times", row, p.Outcome, p.Reason, p.Detail, p.Proof, times)
						}
						if again && times == 0 && p.Proof != reset.ProofNone {
							t.Errorf("row %d: proof %s of nothing", row, p.Proof)
						}
					}
					if books := b.org.Books(); books.NewRemoved != 0 {
						t.Errorf("%d new factors removed", books.NewRemoved)
					}
				})
			})
		}
	}
}

// A reset of what outlives it leaves no trace on Identity Engine: it is sent once
// more, no oftener, and nothing is proven.
func TestRunner_nothing_can_show_that_it_took(t *testing.T) {
	users, ids := people(30)
	for i := range users {
		users[i].Factors = []oktasim.Factor{{Type: "email"}}
	}
	onBench(t, oktasim.Options{Given: users, Engine: oktasim.Identity}, nil, func(b *bench) {
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Done)
		for row, p := range b.results(id) {
			if times := len(b.org.Resets(ids[row-1])); times != 2 || p.Outcome != reset.OutcomeReset || p.Proof != reset.ProofNone {
				t.Errorf("row %d: %s, proof %s, reset %d times", row, p.Outcome, p.Proof, times)
			}
		}
	})
}

// A lost answer that no log ever tells of, and a user who has enrolled since: a person has to decide.
func TestRunner_enrolled_meanwhile(t *testing.T) {
	users, ids := people(1)
	opt := oktasim.Options{Given: users, LogLag: time.Hour, EnrolAgain: 1, EnrolAfter: time.Second}
	onBench(t, opt, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropAfter, 1)
		b.approve(id)
		b.await(id, reset.Done)
		if p := b.results(id)[1]; p.Reason != reset.EnrolledMeanwhile {
			t.Fatalf("%+v", p)
		}
		if books := b.org.Books(); books.NewRemoved != 0 || len(b.org.Resets(ids[0])) != 1 {
			t.Fatalf("%+v", books)
		}
	})
}

func TestRunner_goes_on_after_a_crash(t *testing.T) {
	for _, sent := range []bool{false, true} {
		t.Run(map[bool]string{false: "before the call", true: "after the call"}[sent], func(t *testing.T) {
			users, ids := people(2)
			onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.ExecuteWithin = time.Hour }, func(b *bench) {
				id := b.open(ids...)
				b.await(id, reset.Pending)
				b.stop()
				b.crashAfterStart(id, ids[0], sent)
				pauseFor(context.Background(), 42*time.Second)
				b.start()
				r := b.await(id, reset.Done)
				for row, p := range b.results(id) {
					if p.Outcome != reset.OutcomeReset || len(b.org.Resets(ids[row-1])) != 1 {
						t.Errorf("row %d: %+v, reset %d times", row, p, len(b.org.Resets(ids[row-1])))
					}
				}
				if r.Restarted == nil || r.Restarted.InDoubt != 1 || r.Restarted.Away.Round(time.Second) != 42*time.Second {
					t.Errorf("of the restart is noted %+v", r.Restarted)
				}
				if p := b.results(id)[1]; sent && p.Reason != reset.SettledAfterRestart {
					t.Errorf("row 1: reason %q", p.Reason)
				}
			})
		})
	}
}

// crashAfterStart leaves the record as a process leaves it that dies between the journal and the answer.
func (b *bench) crashAfterStart(id reset.ID, user string, sent bool) {
	b.t.Helper()
	b.reopen(func(rec record) {
		ctx := context.Background()
		b.update(id, func(r *reset.Request) (reset.Fact, error) {
			return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
		})
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Start(time.Now()) })
		r, err := rec.Get(ctx, id)
		if err != nil {
			b.t.Fatal(err)
		}
		now := time.Now()
		started := reset.Entry{Kind: reset.EntryStarted, At: now, OktaAt: now.Add(-clockMargin), Step: &reset.Step{Row: 1, User: reset.UserID(user), Kind: reset.StepReset}}
		if each, err := rec.Start(ctx, r, started); err != nil || each[0] != nil {
			b.t.Fatal(each, err)
		}
		if sent {
			b.call(user)
		}
	})
}

func TestRunner_pauses(t *testing.T) {
	t.Run("a revoked token", func(t *testing.T) {
		users, ids := people(30)
		onBench(t, oktasim.Options{Given: users, Latency: 100 * time.Millisecond}, nil, func(b *bench) {
			id := b.open(ids...)
			b.await(id, reset.Pending)
			b.set("token_revoked", true)
			b.approve(id)
			r := b.await(id, reset.Paused)
			if r.Pause.Cause != reset.CauseErrors && r.Pause.Cause != reset.CauseProtection || r.Pause.Detail == "" {
				t.Fatalf("%+v", r.Pause)
			}
			b.set("token_revoked", false)
			b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
			b.await(id, reset.Done)
			for user, n := range b.resets(ids) {
				if n != 1 {
					t.Errorf("%s was reset %d times", user, n)
				}
			}
		})
	})
	t.Run("ten failures in a row", func(t *testing.T) {
		users, ids := people(40)
		onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
			id := b.open(ids...)
			b.await(id, reset.Pending)
			for _, id := range ids {
				if err := b.org.Refuse(id, "E0000006"); err != nil {
					t.Fatal(err)
				}
			}
			b.approve(id)
			r := b.await(id, reset.Paused)
			if r.Pause.Cause != reset.CauseErrors || !strings.Contains(r.Pause.Detail, "in a row") {
				t.Fatalf("%+v", r.Pause)
			}
		})
	})
}

func TestRunner_one_failure_stops_nobody(t *testing.T) {
	users, ids := people(12)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		if err := b.org.Refuse(ids[4], "E0000006"); err != nil {
			t.Fatal(err)
		}
		b.approve(id)
		r := b.await(id, reset.Done)
		if p := b.results(id)[5]; p.Outcome != reset.OutcomeFailed || p.Reason != reset.Forbidden || !strings.Contains(p.Detail, "E0000006") {
			t.Errorf("row 5: %+v", p)
		}
		if r.Totals.ByOutcome[reset.OutcomeReset] != 11 {
			t.Errorf("%+v", r.Totals)
		}
	})
}

func TestRunner_cancel_adds_up(t *testing.T) {
	const n = 80
	users, ids := people(n)
	onBench(t, oktasim.Options{Given: users, Latency: time.Second}, nil, func(b *bench) {
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), 8*time.Second)
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
		r := b.await(id, reset.Cancelled)
		reached := 0
		for _, times := range b.resets(ids) {
			reached += times
		}
		if r.Totals.Rows() != n || r.Totals.ByOutcome[reset.OutcomeReset] != reached || r.Totals.ByReason[reset.NotRunCancelled] != n-reached || reached == 0 || reached == n {
			t.Fatalf("%d resets, totals %+v", reached, r.Totals)
		}
	})
}

func TestRunner_overlapping_requests(t *testing.T) {
	const n = 30
	users, ids := people(n)
	onBench(t, oktasim.Options{Given: users, Latency: 50 * time.Millisecond}, nil, func(b *bench) {
		one, two := b.open(ids...), b.open(ids...)
		b.approve(one)
		b.approve(two)
		b.await(one, reset.Done)
		b.await(two, reset.Done)
		for user, times := range b.resets(ids) {
			if times != 1 {
				t.Errorf("%s was reset %d times", user, times)
			}
		}
		first, second := b.results(one), b.results(two)
		for row := 1; row <= n; row++ {
			a, z := first[row], second[row]
			if a.Outcome == z.Outcome || a.Outcome != reset.OutcomeReset && z.Outcome != reset.OutcomeReset {
				t.Errorf("row %d: %s %s and %s %s", row, a.Outcome, a.Reason, z.Outcome, z.Reason)
			}
		}
	})
}

func TestRunner_becomes_administrator_meanwhile(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		if err := b.org.SetRoles(ids[7], "ORG_ADMIN"); err != nil {
			t.Fatal(err)
		}
		b.approve(id)
		b.await(id, reset.Done)
		if p := b.results(id)[8]; p.Reason != reset.ProtectedAdmin || len(b.org.Resets(ids[7])) != 0 {
			t.Fatalf("%+v, reset %d times", p, len(b.org.Resets(ids[7])))
		}
	})
}

func TestRunner_gap_asks(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.stop()
		b.crashAfterStart(id, ids[0], false)
		pauseFor(context.Background(), 2*time.Hour)
		b.start()
		r := b.await(id, reset.Paused)
		if r.Pause.Cause != reset.CauseGap {
			t.Fatalf("%+v", r.Pause)
		}
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
		b.await(id, reset.Done)
		for user, n := range b.resets(ids) {
			if n != 1 {
				t.Errorf("%s was reset %d times", user, n)
			}
		}
	})
}

func (b *bench) set(name string, value any) {
	b.t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		b.t.Fatal(err)
	}
	if unknown, err := b.org.Set(map[string]json.RawMessage{name: raw}); err != nil || len(unknown) > 0 {
		b.t.Fatal(unknown, err)
	}
}

// Where the log stays silent and there are too many users to list, nothing proves a reset,
// and nobody's factors are listed for it.
func TestRunner_silent_log_of_many(t *testing.T) {
	users, ids := people(60)
	onBench(t, oktasim.Options{Given: users, LogLag: time.Hour}, nil, func(b *bench) {
		var lists atomic.Int64
		b.with(func(r *runner.Runner) {
			r.Okta = dirHook{Okta: b.client, factors: func(_ context.Context, _ string, real func() ([]okta.Factor, error)) ([]okta.Factor, error) {
				lists.Add(1)
				return real()
			}}
		})
		id := b.open(ids...)
		b.approve(id)
		b.within(id, reset.Done, 30*time.Minute)
		for row, p := range b.results(id) {
			if p.Outcome != reset.OutcomeReset || p.Proof != reset.ProofNone || len(b.org.Resets(ids[row-1])) != 1 {
				t.Errorf("row %d: %s %s, proof %s, reset %d times", row, p.Outcome, p.Reason, p.Proof, len(b.org.Resets(ids[row-1])))
			}
		}
		if n := lists.Load(); n > 0 {
			t.Errorf("the factors of %d users were listed", n)
		}
	})
}
