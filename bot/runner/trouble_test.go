package runner_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

// within waits on fake time at most so long for the state and reports what was found.
func (b *bench) within(id reset.ID, want reset.State, most time.Duration) reset.State {
	b.t.Helper()
	end := time.Now().Add(most)
	for {
		r, err := b.rec.Get(context.Background(), id)
		if err != nil {
			b.t.Fatal(err)
		}
		if r.State == want || time.Now().After(end) {
			return r.State
		}
		pauseFor(context.Background(), time.Second)
	}
}

type callerHook struct {
	runner.Okta
	call func(ctx context.Context, s *okta.Slot, asked time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error)
}

func (c callerHook) ResetFactors(ctx context.Context, s *okta.Slot, asked time.Time, user string) (okta.Receipt, error) {
	return c.call(ctx, s, asked, user, func() (okta.Receipt, error) { return c.Okta.ResetFactors(ctx, s, asked, user) })
}

type dirHook struct {
	runner.Okta
	admins  func(context.Context, func() (map[string]bool, error)) (map[string]bool, error)
	factors func(context.Context, string, func() ([]okta.Factor, error)) ([]okta.Factor, error)
}

func (d dirHook) Admins(ctx context.Context) (map[string]bool, error) {
	real := func() (map[string]bool, error) { return d.Okta.Admins(ctx) }
	if d.admins == nil {
		return real()
	}
	return d.admins(ctx, real)
}

func (d dirHook) Factors(ctx context.Context, user string) ([]okta.Factor, error) {
	real := func() ([]okta.Factor, error) { return d.Okta.Factors(ctx, user) }
	if d.factors == nil {
		return real()
	}
	return d.factors(ctx, user, real)
}

type logHook struct {
	runner.Okta
	me error
}

func (l logHook) Me(context.Context) (okta.User, error) { return okta.User{}, l.me }

// An approver resumes while a call of the halted batch is still in flight: the rest is not_run in a done request.
func TestRunner_resumed_while_the_halted_batch_ends(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users, Latency: 50 * time.Millisecond}, func(r *policy.Rules) { r.PauseAfter = 1 }, func(b *bench) {
		b.with(func(r *runner.Runner) {
			r.Okta = callerHook{r.Okta, func(ctx context.Context, _ *okta.Slot, _ time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				got, err := real()
				if user == ids[0] {
					pauseFor(context.Background(), 20*time.Second) // Okta takes its time to answer
				}
				return got, err
			}}
		})
		id := b.open(ids...)
		b.await(id, reset.Pending)
		if err := b.org.Refuse(ids[1], "E0000006"); err != nil {
			t.Fatal(err)
		}
		b.approve(id)
		b.await(id, reset.Paused)
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
		r := b.await(id, reset.Done)
		if n := r.Totals.ByOutcome[reset.OutcomeNotRun]; n != 0 {
			t.Errorf("%d users are not_run in a request that is done: %+v", n, r.Totals)
		}
	})
}

// The pause cannot be written (once): the batch is verified as if it were complete.
func TestRunner_pause_not_recorded(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users, Latency: 50 * time.Millisecond}, func(r *policy.Rules) { r.PauseAfter = 1 }, func(b *bench) {
		b.with(func(r *runner.Runner) { r.Record = &headsHook{Record: r.Record} })
		id := b.open(ids...)
		b.await(id, reset.Pending)
		if err := b.org.Refuse(ids[1], "E0000006"); err != nil {
			t.Fatal(err)
		}
		b.approve(id)
		for range 4000 {
			r, _ := b.rec.Get(context.Background(), id)
			if r.State == reset.Done || r.State == reset.Paused {
				break
			}
			pauseFor(context.Background(), 200*time.Millisecond)
		}
		r, _ := b.rec.Get(context.Background(), id)
		if r.State == reset.Done && r.Totals.ByOutcome[reset.OutcomeNotRun] != 0 {
			t.Errorf("%d users are not_run in a request that is done", r.Totals.ByOutcome[reset.OutcomeNotRun])
		}
	})
}

type headsHook struct {
	runner.Record
	failed bool
}

func (h *headsHook) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	pausing := false
	r, err := h.Record.Update(ctx, id, op, unlessFrozen, func(r *reset.Request) ([]reset.Fact, error) {
		f, err := change(r)
		if err == nil && r.State == reset.Paused && !h.failed {
			pausing = true
			return nil, io.ErrShortWrite // no space left on the device
		}
		return f, err
	})
	if pausing {
		h.failed = true
	}
	return r, err
}

// A user whose last call was refused or not sent when the request is cancelled stays claimed for ever.
func TestRunner_cancel_gives_claims_back(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.PauseAfter = 1 }, func(b *bench) {
		fail := true
		b.with(func(r *runner.Runner) {
			r.Okta = callerHook{r.Okta, func(_ context.Context, s *okta.Slot, _ time.Time, _ string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				if fail {
					s.Release()
					return okta.Receipt{}, &okta.Error{Op: "reset factors", Effect: okta.EffectNone, Kind: okta.KindNetwork, Summary: "dial: refused"}
				}
				return real()
			}}
		})
		one := b.open(ids...)
		b.approve(one)
		b.await(one, reset.Paused)
		b.update(one, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
		b.await(one, reset.Cancelled)
		fail = false
		for u, err := range b.rec.Users(context.Background(), reset.UserID(ids[0])) {
			if err != nil || u.Claim != nil {
				t.Errorf("claim of a cancelled request: %+v %v", u.Claim, err)
			}
		}
		two := b.open(ids...)
		b.approve(two)
		b.await(two, reset.Done)
		for row, p := range b.results(two) {
			if p.Outcome != reset.OutcomeReset {
				t.Errorf("row %d: %s %s %s", row, p.Outcome, p.Reason, p.Detail)
			}
		}
	})
}

// The lists grow old while they are read again and the workers wait for the pace; each
// then holds a place while it waits for the reading, and the reading needs a place.
func TestRunner_guard_deadlock(t *testing.T) {
	users, ids := people(60)
	onBench(t, oktasim.Options{Given: users, RateLimit: 20, Window: time.Minute, Limits: map[string]int{"/api/v1/iam": 1000, "/api/v1/apps": 1000, "/api/v1/users/{id}": 1000}}, nil, func(b *bench) {
		var running atomic.Bool
		b.with(func(r *runner.Runner) {
			r.Okta = dirHook{Okta: r.Okta, admins: func(ctx context.Context, real func() (map[string]bool, error)) (map[string]bool, error) {
				if running.Load() {
					pauseFor(ctx, 90*time.Second) // that bucket is used up by somebody else
				}
				return real()
			}}
		})
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.approve(id)
		b.await(id, reset.Running)
		running.Store(true)
		pauseFor(context.Background(), 10*time.Minute)
		before := b.client.Stats()
		n := 0
		for _, times := range b.resets(ids) {
			n += times
		}
		pauseFor(context.Background(), 30*time.Minute)
		after := 0
		for _, times := range b.resets(ids) {
			after += times
		}
		r, _ := b.rec.Get(context.Background(), id)
		t.Logf("state %s, %d resets after 10 min, %d after 40 min, in flight %d at once %d waiting %d", r.State, n, after, before.InFlight, before.Concurrency, before.Waiting)
		if n == after && n < 60 {
			t.Error("nothing happens any more")
		}
	})
}

// A user in doubt becomes an administrator: the log would have told that the reset took, yet "skipped".
func TestRunner_protected_while_in_doubt(t *testing.T) {
	users, ids := people(1)
	opt := oktasim.Options{Given: users, LogLag: time.Minute}
	onBench(t, opt, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropAfter, 1)
		b.approve(id)
		for len(b.org.Resets(ids[0])) == 0 {
			pauseFor(context.Background(), 10*time.Millisecond)
		}
		b.change(func(r *policy.Rules) { r.Protect.Users = ids[:1] }) // or a role, given in this minute
		b.await(id, reset.Done)
		p := b.results(id)[1]
		if p.Outcome == reset.OutcomeSkipped {
			t.Errorf("reset %d times at Okta, but %s %s %s", len(b.org.Resets(ids[0])), p.Outcome, p.Reason, p.Detail)
		}
		for u := range b.rec.Users(context.Background(), reset.UserID(ids[0])) {
			if len(u.Notes) == 0 {
				t.Error("no note is left")
			}
		}
	})
}

// The proof that comes minutes later moves the note's time past the freezing of a later plan.
func TestRunner_proof_moves_the_note(t *testing.T) {
	users, ids := people(60)
	onBench(t, oktasim.Options{Given: users, LogLag: 90 * time.Second}, nil, func(b *bench) {
		one := b.open(ids...)
		b.approve(one)
		b.await(one, reset.Verifying)
		two := b.open(ids[0]) // lost the phone again; the plan says "reset by FR-1 at ..."
		r := b.await(two, reset.Pending)
		t.Log(r.Plan.Warnings)
		b.await(one, reset.Done)
		b.approve(two)
		b.await(two, reset.Done)
		if p := b.results(two)[1]; p.Outcome != reset.OutcomeReset {
			t.Errorf("%s %s %s: the plan was frozen after that reset, %s", p.Outcome, p.Reason, p.Detail, r.Plan.FrozenAt.UTC().Format(time.RFC3339))
		}
	})
}

// A user in doubt is deleted in Okta: no factors can be read, ever. That is this
// user's outcome, and leaves a note.
func TestRunner_in_doubt_and_gone(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		users, ids := people(2)
		onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
			gone := false
			b.with(func(r *runner.Runner) {
				r.Okta = dirHook{Okta: r.Okta, factors: func(_ context.Context, user string, real func() ([]okta.Factor, error)) ([]okta.Factor, error) {
					if gone && user == ids[0] {
						return nil, &okta.Error{Op: "list factors", Effect: okta.EffectRejected, Kind: okta.KindNotFound, Status: 404, Code: "E0000007", Answered: true}
					}
					return real()
				}}
			})
			id := b.open(ids...)
			b.await(id, reset.Pending)
			gone = true
			b.org.FailNext("POST", ids[0]+"/lifecycle/reset_factors", oktasim.DropBefore, 1)
			b.approve(id)
			b.await(id, reset.Running)
			want := reset.Done
			if cancel {
				pauseFor(context.Background(), 2*time.Second)
				b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
				want = reset.Cancelled
			}
			if s := b.within(id, want, time.Hour); s != want {
				t.Fatalf("still %s after an hour (cancelled: %v)", s, cancel)
			}
			p := b.results(id)[1]
			if p.Outcome != reset.OutcomeFailed || p.Reason != reset.OktaError || p.Detail != "the user is gone" {
				t.Errorf("cancelled %v: %s %s %q", cancel, p.Outcome, p.Reason, p.Detail)
			}
			b.noted(ids[0], id)
		})
	}
}

// The System Log cannot be read (403): a doubt holds the request and its cancellation for ever, and says nothing.
func TestRunner_log_unreadable(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) {
			r.Okta = logHook{r.Okta, &okta.Error{Op: "me", Effect: okta.EffectRejected, Kind: okta.KindForbidden, Status: 403, Advice: "widen the role"}}
		})
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", ids[0]+"/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		if s := b.within(id, reset.Paused, time.Hour); s == reset.Running {
			t.Errorf("still running after an hour, nobody is told")
		}
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
		if s := b.within(id, reset.Cancelled, time.Hour); s != reset.Cancelled {
			t.Errorf("an hour after Cancel it is %s", s)
		}
	})
}

// After the fifth doubt the request pauses; resuming pauses it again without a try, for ever.
func TestRunner_fifth_doubt_and_resume(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.DropBefore, 5)
		b.approve(id)
		for i := range 5 {
			if s := b.within(id, reset.Paused, 30*time.Minute); s != reset.Paused {
				t.Logf("%d: %s", i, s)
				break
			}
			b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
			pauseFor(context.Background(), time.Minute)
		}
		if s := b.within(id, reset.Done, 30*time.Minute); s != reset.Done {
			t.Errorf("Okta is well again and it was resumed five times, but it is %s; %d resets reached it", s, len(b.org.Resets(ids[0])))
		}
	})
}

// Where the bucket lets a call through only every three seconds, no reading is ever fresh enough to send again.
func TestRunner_slow_bucket_never_sends_again(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users, RateLimit: 12, Window: time.Minute}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", ids[0]+"/lifecycle/reset_factors", oktasim.DropBefore, 1)
		b.approve(id)
		if s := b.within(id, reset.Done, time.Hour); s != reset.Done {
			t.Errorf("%s after an hour; %d resets", s, len(b.org.Resets(ids[0])))
		}
	})
}

// A reset that did not take has given its claim back; another request has it now and is paused.
func TestRunner_retaken_row_meets_a_claim(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.org.FailNext("POST", ids[0]+"/lifecycle/reset_factors", oktasim.Nothing, 1)
		b.stop()
		b.reopen(func(rec record) { // another request, paused, with a claim on the first user
			r, f := reset.Open(orgURL, reset.Ask{By: "U_OTHER", Channel: "C_FACTORS", At: time.Now(), Reason: "x"}, 1)
			made, err := rec.Create(context.Background(), "", r, func(yield func(reset.Row) bool) {
				yield(reset.Row{Row: 1, Input: ids[0], Kind: reset.RefID, Value: ids[0]})
			}, f)
			if err != nil {
				t.Fatal(err)
			}
			two := made.ID
			if err := rec.SavePlan(context.Background(), two, 1, one(reset.Target{Row: 1, User: reset.UserID(ids[0]), Action: reset.ActionReset})); err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			b.update(two, func(r *reset.Request) (reset.Fact, error) {
				return r.FreezePlan(reset.Plan{Revision: 1, Targets: 1, Resets: 1, Digest: "aaaaaaaaaaaaaaaa", FrozenAt: now}, reset.Terms{Approvals: 1, ExecuteWithin: time.Hour}, now.Add(time.Hour), now)
			})
			b.update(two, func(r *reset.Request) (reset.Fact, error) {
				return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, now)
			})
			b.update(two, func(r *reset.Request) (reset.Fact, error) { return r.Start(now) })
			b.update(id, func(r *reset.Request) (reset.Fact, error) {
				return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, now)
			})
			b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Start(now) })
			// FR-1 has reset row 1 (or so Okta said), FR-2 has then taken the claim and was paused.
			one, _ := rec.Get(context.Background(), id)
			step := reset.Step{Row: 1, User: reset.UserID(ids[0]), Kind: reset.StepReset}
			if _, err := rec.Start(context.Background(), one, reset.Entry{Kind: reset.EntryStarted, At: now, OktaAt: now, Step: &step}); err != nil {
				t.Fatal(err)
			}
			if err := rec.Append(context.Background(), id, reset.Entry{Kind: reset.EntryOutcome, At: now, Step: &step, Outcome: reset.OutcomeReset, RequestID: "x"}); err != nil {
				t.Fatal(err)
			}
			other, _ := rec.Get(context.Background(), two)
			if e, err := rec.Start(context.Background(), other, reset.Entry{Kind: reset.EntryStarted, At: now, OktaAt: now, Step: &step}); err != nil || e[0] != nil {
				t.Fatal(e, err)
			}
			if err := rec.Append(context.Background(), two, reset.Entry{Kind: reset.EntryNotSent, At: now, Step: &step}); err != nil {
				t.Fatal(err)
			}
			b.update(two, func(r *reset.Request) (reset.Fact, error) {
				return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", now)
			})
		})
		b.start()
		calls := len(b.org.Calls())
		if s := b.within(id, reset.Done, time.Hour); s != reset.Done {
			t.Errorf("%s after an hour and %d calls", s, len(b.org.Calls())-calls)
		}
	})
}

// Admit's own entry counts as a step, so that a crash (or a failed write) between it and the pause disables the gap rule.
func TestRunner_gap_survives_a_second_crash(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.stop()
		b.crashAfterStart(id, ids[0], false)
		pauseFor(context.Background(), 2*time.Hour)
		b.reopen(func(rec record) { // what open does before the gap is judged
			step := reset.Step{Row: 1, User: reset.UserID(ids[0]), Kind: reset.StepReset}
			if err := rec.Append(context.Background(), id, reset.Entry{Kind: reset.EntryDoubt, At: time.Now(), Step: &step, Reason: reset.SettledAfterRestart}); err != nil {
				t.Fatal(err)
			}
		})
		pauseFor(context.Background(), time.Second)
		b.start()
		if s := b.within(id, reset.Paused, 5*time.Minute); s != reset.Paused {
			t.Errorf("%s: two hours after the last step it went on by itself", s)
		}
	})
}

// Cancel while the batch only waits for others is not seen until the wait is over.
func TestRunner_cancel_while_waiting_for_others(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) {
			r.Okta = callerHook{r.Okta, func(_ context.Context, _ *okta.Slot, _ time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				got, err := real()
				pauseFor(context.Background(), 100*time.Second)
				return got, err
			}}
		})
		one, two := b.open(ids[:1]...), b.open(ids[:1]...)
		b.approve(one)
		b.await(one, reset.Running)
		pauseFor(context.Background(), time.Second)
		b.approve(two)
		b.await(two, reset.Running)
		pauseFor(context.Background(), 5*time.Second)
		asked := time.Now()
		b.update(two, func(r *reset.Request) (reset.Fact, error) { return r.Cancel("U_REQUESTER", time.Now()) })
		b.await(two, reset.Cancelled)
		if d := time.Since(asked); d > 30*time.Second {
			t.Errorf("cancelled %s after it was asked for, with nothing in flight; %+v", d, b.results(two)[1])
		}
	})
}

// A call that hangs at SIGTERM keeps the runner for longer than the teardown limit of 15 s leaves.
func TestRunner_ends_within_the_teardown(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		ended, cancel := b.with(func(r *runner.Runner) {
			r.Okta = callerHook{r.Okta, func(ctx context.Context, _ *okta.Slot, _ time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				got, err := real()
				pauseFor(ctx, 25*time.Second)
				if ctx.Err() != nil {
					return okta.Receipt{}, &okta.Error{Effect: okta.EffectDoubt, Kind: okta.KindCanceled}
				}
				return got, err
			}}
		})
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), time.Second)
		asked := time.Now()
		cancel()
		<-ended
		if d := time.Since(asked); d >= 14*time.Second {
			t.Errorf("it took %s to end; the lifecycle gives all parts together 15 s", d)
		}
	})
}

// The lists cannot be read again: claims go on by a list that is older than two minutes.
func TestRunner_claims_by_an_old_list(t *testing.T) {
	users, ids := people(60)
	onBench(t, oktasim.Options{Given: users, RateLimit: 12, Window: time.Minute}, nil, func(b *bench) {
		known := &knowledge{at: map[string]time.Time{}}
		var broken atomic.Bool
		b.with(func(r *runner.Runner) {
			r.Okta = rolesHook{dirHook{Okta: r.Okta, admins: func(ctx context.Context, real func() (map[string]bool, error)) (map[string]bool, error) {
				if broken.Load() {
					return nil, &okta.Error{Op: "list administrators", Effect: okta.EffectDoubt, Kind: okta.KindServer}
				}
				began := time.Now()
				got, err := real()
				if err == nil {
					known.learn("", began)
				}
				return got, err
			}}, known}
			r.Okta = callerHook{r.Okta, func(_ context.Context, _ *okta.Slot, asked time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				known.use(user, asked)
				return real()
			}}
		})
		id := b.open(ids...)
		b.await(id, reset.Pending)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), time.Second)
		broken.Store(true)
		pauseFor(context.Background(), 6*time.Minute)
		if worst := known.oldest(); worst > protection.Stale+time.Second {
			t.Errorf("a user was claimed on knowledge %s old", worst)
		}
	})
}

// knowledge is, for each user, since when it is known whether they are protected; "" is the lists.
type knowledge struct {
	mu    sync.Mutex
	at    map[string]time.Time
	worst time.Duration
}

func (k *knowledge) learn(user string, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at[user] = at
}

func (k *knowledge) use(user string, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.at[""]
	if k.at[user].After(at) {
		at = k.at[user]
	}
	k.worst = max(k.worst, now.Sub(at))
}

func (k *knowledge) oldest() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.worst
}

type rolesHook struct {
	dirHook
	known *knowledge
}

func (r rolesHook) Roles(ctx context.Context, user string) ([]string, error) {
	got, err := r.dirHook.Roles(ctx, user)
	if err == nil {
		r.known.learn(user, time.Now())
	}
	return got, err
}

// One user of a small roster whose factors may not be read, or who has just gone, ends the whole request.
func TestRunner_one_unreadable_user_rejects_the_plan(t *testing.T) {
	users, ids := people(3)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.with(func(r *runner.Runner) {
			r.Okta = dirHook{Okta: r.Okta, factors: func(_ context.Context, user string, real func() ([]okta.Factor, error)) ([]okta.Factor, error) {
				if user == ids[1] {
					return nil, &okta.Error{Op: "list factors", Effect: okta.EffectRejected, Kind: okta.KindNotFound, Status: 404, Code: "E0000007", Answered: true}
				}
				return real()
			}}
		})
		id := b.open(ids...)
		for range 400 {
			r, _ := b.rec.Get(context.Background(), id)
			if r.State != reset.Planning {
				if r.State != reset.Pending {
					t.Errorf("%s %s: %s", r.State, r.Code, r.Refusal)
				}
				return
			}
			pauseFor(context.Background(), 200*time.Millisecond)
		}
		t.Error("still planning")
	})
}

// The bot was down for a while; the first answer that fails ends a request that was never tried before.
func TestRunner_planning_patience_counts_downtime(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		b.stop()
		var id reset.ID
		b.reopen(func(record) { id = b.open(ids...) })
		pauseFor(context.Background(), 15*time.Minute)
		fails := 1
		b.with(func(r *runner.Runner) {
			r.Okta = dirHook{Okta: r.Okta, factors: func(_ context.Context, user string, real func() ([]okta.Factor, error)) ([]okta.Factor, error) {
				if fails--; fails >= 0 {
					return nil, &okta.Error{Op: "list factors", Effect: okta.EffectDoubt, Kind: okta.KindServer, Status: 503}
				}
				return real()
			}}
		})
		for range 400 {
			if r, _ := b.rec.Get(context.Background(), id); r.State != reset.Planning {
				if r.State != reset.Pending {
					t.Errorf("%s %s: %s", r.State, r.Code, r.Refusal)
				}
				return
			}
			pauseFor(context.Background(), 200*time.Millisecond)
		}
	})
}

// Protection pauses, and Okta answers with insufficient_scope: whoever was in flight is failed for good.
func TestRunner_missing_scope_fails_nobody(t *testing.T) {
	users, ids := people(20)
	onBench(t, oktasim.Options{Given: users, Latency: 50 * time.Millisecond}, nil, func(b *bench) {
		broken := true
		b.with(func(r *runner.Runner) {
			r.Okta = callerHook{r.Okta, func(_ context.Context, s *okta.Slot, _ time.Time, _ string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				if broken {
					s.Release()
					return okta.Receipt{}, &okta.Error{Op: "reset factors", Effect: okta.EffectRejected, Kind: okta.KindScope, Status: 403, Code: "insufficient_scope", Answered: true}
				}
				return real()
			}}
		})
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Paused)
		broken = false
		pauseFor(context.Background(), time.Minute)
		b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
		r := b.await(id, reset.Done)
		if r.Totals.ByOutcome[reset.OutcomeReset] != 20 {
			t.Errorf("%+v", r.Totals)
		}
	})
}

// crashing is a record that dies at its nth write, before or after it takes effect.
type crashing struct {
	record
	left *atomic.Int64
}

func (c crashing) write(after bool, do func() error) error {
	n := c.left.Add(-1)
	switch {
	case n < 0, n == 0 && !after:
		return reset.ErrLost
	case n == 0:
		_ = do()
		return reset.ErrLost
	}
	return do()
}

func (c crashing) Start(ctx context.Context, r *reset.Request, e ...reset.Entry) (each []error, err error) {
	err = c.write(c.left.Load()%2 == 0, func() error { each, err = c.record.Start(ctx, r, e...); return err })
	return each, err
}

func (c crashing) Append(ctx context.Context, id reset.ID, e ...reset.Entry) error {
	return c.write(c.left.Load()%2 == 0, func() error { return c.record.Append(ctx, id, e...) })
}

func (c crashing) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (got *reset.Request, err error) {
	err = c.write(c.left.Load()%2 == 0, func() error { got, err = c.record.Update(ctx, id, op, unlessFrozen, change); return err })
	return got, err
}

// Crashes at every write, faults and users who enrol again: nobody left out, no new factor removed, no wrong outcome.
func TestRunner_crash_at_any_write(t *testing.T) {
	for at := 1; at <= 60; at++ {
		users, ids := people(30)
		opt := oktasim.Options{Given: users, LogLag: 5 * time.Second, EnrolAgain: 0.5, EnrolAfter: 3 * time.Second, Faults: 0.15, Seed: uint64(at), Latency: 20 * time.Millisecond}
		onBench(t, opt, func(r *policy.Rules) { r.PauseAfter = 0 }, func(b *bench) {
			b.set("faults_on", "writes")
			id := b.open(ids...)
			b.approve(id)
			b.await(id, reset.Approved)
			b.stop()
			for round := range 3 {
				left := &atomic.Int64{}
				left.Store(int64(at + round))
				file, rec := b.lead()
				r := b.runner(crashing{rec, left})
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
				_ = r.Run(ctx)
				cancel()
				_ = file.Close()
				pauseFor(context.Background(), time.Second)
			}
			b.with(func(*runner.Runner) {})
			s := b.within(id, reset.Done, 2*time.Hour)
			for range 3 { // a fifth doubt on one user asks a person
				if s != reset.Paused {
					break
				}
				b.update(id, func(r *reset.Request) (reset.Fact, error) { return r.Resume("U_APPROVER1", true, time.Now()) })
				s = b.within(id, reset.Done, 2*time.Hour)
			}
			if s != reset.Done {
				t.Errorf("crash at %d: %s", at, s)
				return
			}
			for _, user := range b.newRemoved(ids) {
				t.Errorf("crash at %d: a new factor of %s was removed", at, user)
			}
			for row, p := range b.results(id) {
				times := len(b.org.Resets(ids[row-1]))
				if times == 0 && p.Proof != reset.ProofNone || p.Outcome != reset.OutcomeReset && p.Reason != reset.EnrolledMeanwhile {
					t.Errorf("crash at %d, row %d: %s %s %s proof %s, reset %d times", at, row, p.Outcome, p.Reason, p.Detail, p.Proof, times)
				}
			}
			for _, user := range ids {
				for u := range b.rec.Users(context.Background(), reset.UserID(user)) {
					if u.Claim != nil {
						t.Errorf("crash at %d: claim left on %s", at, user)
					}
				}
			}
		})
	}
}

// newRemoved returns the users who lost a factor that Okta had already shown as new. The
// moment between the last look and the call, 2 s and the way at most, cannot be closed:
// what falls into it does not count, nor what a call did that was executed late.
func (b *bench) newRemoved(ids []string) (users []string) {
	for _, id := range ids {
		for _, r := range b.org.Resets(id) {
			var look time.Time
			for _, c := range b.org.Calls() {
				if c.Method == "GET" && c.Status == 200 && strings.HasSuffix(c.Path, id+"/factors") && c.Real.Before(r.Real) && c.Real.After(look) {
					look = c.Real
				}
			}
			for _, removed := range r.Removed {
				if removed.New && !r.Late && (r.Real.Sub(look) > 3*time.Second || !look.Before(removed.Real)) {
					users = append(users, id)
				}
			}
		}
	}
	return users
}

// A doubt that arises while waiting for others is not settled before the request is verified.
func TestRunner_doubt_after_waiting(t *testing.T) {
	users, ids := people(2)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		calls := 0
		b.with(func(r *runner.Runner) {
			r.Okta = callerHook{r.Okta, func(_ context.Context, s *okta.Slot, _ time.Time, user string, real func() (okta.Receipt, error)) (okta.Receipt, error) {
				calls++
				if calls == 1 { // refused at last: no note is left
					s.Release()
					pauseFor(context.Background(), 10*time.Second)
					return okta.Receipt{}, &okta.Error{Op: "reset factors", Effect: okta.EffectRejected, Kind: okta.KindForbidden}
				}
				if calls == 2 {
					s.Release()
					return okta.Receipt{}, &okta.Error{Op: "reset factors", Effect: okta.EffectDoubt, Kind: okta.KindNetwork}
				}
				return real()
			}}
		})
		one, two := b.open(ids[:1]...), b.open(ids[:1]...)
		b.approve(one)
		b.await(one, reset.Running)
		pauseFor(context.Background(), time.Second)
		b.approve(two)
		b.await(two, reset.Done)
		for e := range b.rec.Log(context.Background(), two, 1) {
			if e.Fact != nil && e.Fact.Name == "running_again" {
				t.Error("it was verified while a step was in doubt")
			}
		}
	})
}

// A paused request asks Okta for its administrators every minute, for as long as it is paused.
func TestRunner_paused_is_quiet(t *testing.T) {
	users, ids := people(30)
	onBench(t, oktasim.Options{Given: users, Latency: 200 * time.Millisecond}, nil, func(b *bench) {
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Running)
		b.update(id, func(r *reset.Request) (reset.Fact, error) {
			return r.PauseFor(reset.CauseApprover, "U_APPROVER1", "", time.Now())
		})
		pauseFor(context.Background(), time.Minute)
		before := len(b.org.Calls())
		pauseFor(context.Background(), 24*time.Hour)
		if n := len(b.org.Calls()) - before; n > 100 {
			t.Errorf("%d calls in a day of pause", n)
		}
	})
}

// Splitting a roster in two requests at once makes a large batch small.
func TestRunner_split_at_once_is_still_large(t *testing.T) {
	users, ids := people(80)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.LargeBatch.Over = 60 }, func(b *bench) {
		gate := make(chan struct{})
		waiting := atomic.Int64{}
		b.with(func(r *runner.Runner) { // both plans are made before either is frozen
			r.Record = plansHook{r.Record, func(reset.ID) {
				if waiting.Add(1) == 2 {
					close(gate)
				}
				<-gate
			}}
		})
		one, two := b.open(ids[:40]...), b.open(ids[40:]...)
		a, z := b.await(one, reset.Pending), b.await(two, reset.Pending)
		if a.Terms.Approvals+z.Terms.Approvals == 2 {
			t.Errorf("80 users of one requester, over 60 is large: %d and %d approvals", a.Terms.Approvals, z.Terms.Approvals)
		}
	})
}

type plansHook struct {
	runner.Record
	before func(id reset.ID)
}

func (p plansHook) SavePlan(ctx context.Context, id reset.ID, revision int, targets iter.Seq2[reset.Target, error]) error {
	p.before(id)
	return p.Record.SavePlan(ctx, id, revision, targets)
}

// A reset by another request between the look at the users' notes and FrozenAt is neither named nor skipped.
func TestRunner_reset_while_planning(t *testing.T) {
	users, ids := people(1)
	onBench(t, oktasim.Options{Given: users}, nil, func(b *bench) {
		var first atomic.Pointer[reset.ID] // read by the runner's goroutines
		b.with(func(r *runner.Runner) {
			r.Record = plansHook{r.Record, func(id reset.ID) {
				if one := first.Load(); one != nil && id != *one { // a long plan: meanwhile the other request runs to its end
					b.await(*one, reset.Done)
				}
			}}
		})
		one := b.open(ids...)
		first.Store(&one)
		b.await(one, reset.Pending)
		two := b.open(ids...)
		pauseFor(context.Background(), time.Second)
		b.approve(one)
		r := b.await(two, reset.Pending)
		b.approve(two)
		b.await(two, reset.Done)
		named := false
		for target := range b.rec.Targets(context.Background(), two, 1, 1) {
			t.Log(target.Detail, r.Plan.Warnings)
			named = strings.Contains(target.Detail, "reset by")
		}
		if n := len(b.org.Resets(ids[0])); n > 1 && !named {
			t.Errorf("reset %d times, and the approver was not told of the first", n)
		}
	})
}

// What the log told while the batch ran is thrown away at verifying, and read again.
func TestRunner_log_is_read_once(t *testing.T) {
	users, ids := people(600)
	onBench(t, oktasim.Options{Given: users, Latency: 100 * time.Millisecond, Engine: oktasim.Identity}, nil, func(b *bench) {
		b.change(func(r *policy.Rules) { r.MaxTargets, r.LargeBatch.Over = 10000, 10000 })
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Done)
		from := map[string]int{} // calls by the moment that a reading begins with
		for _, c := range b.org.Calls() {
			if path, err := url.Parse(c.Path); err == nil && path.Path == "/api/v1/logs" && path.Query().Get("after") == "" {
				from[path.Query().Get("since")]++
			}
		}
		if len(from) != 1 {
			t.Errorf("the System Log was read from %d moments on: %v", len(from), from)
		}
	})
}

// The log of a request that was interrupted is read from its first call on, once.
func TestRunner_log_is_read_once_after_a_restart(t *testing.T) {
	users, ids := people(120)
	onBench(t, oktasim.Options{Given: users, RateLimit: 60, Window: time.Minute}, nil, func(b *bench) {
		id := b.open(ids...)
		b.approve(id)
		b.await(id, reset.Running)
		pauseFor(context.Background(), time.Minute)
		b.stop()
		before := len(b.org.Calls())
		b.start()
		b.await(id, reset.Done)
		from := map[string]bool{}
		for _, c := range b.org.Calls()[before:] {
			if path, err := url.Parse(c.Path); err == nil && path.Path == "/api/v1/logs" && path.Query().Get("after") == "" {
				from[path.Query().Get("since")] = true
			}
		}
		if len(from) != 1 {
			t.Errorf("the System Log was read from %d moments on: %v", len(from), from)
		}
	})
}

// A request of a hundred thousand users is known in few bytes a row.
func TestRunner_memory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := reset.NewLedger()
	now := time.Now()
	for i := range 100_000 {
		step := reset.Step{Row: i + 1, User: reset.UserID(fmt.Sprintf("00uuser%013d", i)), Kind: reset.StepReset}
		l.Apply(reset.Entry{Kind: reset.EntryStarted, At: now, OktaAt: now, Step: &step})
		l.Apply(reset.Entry{Kind: reset.EntryOutcome, At: now, Step: &step, Outcome: reset.OutcomeReset, RequestID: fmt.Sprintf("req%020d", i)})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := after.HeapAlloc - before.HeapAlloc; after.HeapAlloc > before.HeapAlloc && grown > 20<<20 {
		t.Errorf("a ledger of 100,000 rows takes %d MB", grown>>20)
	}
	runtime.KeepAlive(l)
}

// one is a plan of one target.
func one(t reset.Target) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) { yield(t, nil) }
}
