package runner_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/runner"
	"factorbot/okta"
	"factorbot/okta/oktasim"
	"factorbot/store"
)

// clockMargin is what a started entry takes off Okta's clock.
const clockMargin = batch.ClockMargin

// pauseFor waits, unless ctx ends before.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// record is a term of the store, which a test can wrap.
type record struct{ *store.Term }

const orgURL = "https://example.okta.com"

// bench is a runner between a real store and a simulated org, on fake time.
type bench struct {
	t      *testing.T
	org    *oktasim.Org
	client *okta.Client
	path   string
	rules  atomic.Pointer[policy.Rules]
	rec    record
	staff  *staff
	stop   func()
}

// onBench runs a test in a bubble of fake time.
func onBench(t *testing.T, opt oktasim.Options, tweak func(*policy.Rules), body func(*bench)) {
	// The SDK starts a goroutine that only a finalizer ends: it stays outside the bubble.
	sdk, err := okta.NewSDK()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		opt.KeepCalls = true
		org, err := oktasim.New(opt)
		if err != nil {
			t.Fatal(err)
		}
		defer org.Close()
		client, err := okta.New(okta.Config{
			OrgURL: orgURL, Token: "sandbox-token", Marker: "test-bench", Reserve: 20, Concurrency: 8, SDK: sdk,
			Transport: org.Transport(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		b := &bench{t: t, org: org, client: client, path: filepath.Join(recordDir(t), "record.db"), staff: newStaff(), stop: func() {}}
		rules := policy.Rules{
			Approvers: policy.Group{Users: []reset.Person{"U_APPROVER1"}}, Approvals: 1, LargeBatch: policy.LargeBatch{Over: 1000, Approvals: 2},
			ExpiresAfter: 24 * time.Hour, ExecuteWithin: 24 * time.Hour, MaxTargets: 10000,
			Protect: policy.Protect{Admins: policy.AdminsList}, Verify: "log", PauseAfter: 10,
		}
		if tweak != nil {
			tweak(&rules)
		}
		b.rules.Store(&rules)
		b.start()
		defer func() { b.stop() }()
		body(b)
	})
}

// recordDir returns a directory for a record, in memory where the system has one there: what
// these tests end is a runner, never a machine, and a disk that syncs is most of their time.
func recordDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "factorbot-runner-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// change gives the runner another policy.
func (b *bench) change(tweak func(*policy.Rules)) {
	rules := *b.rules.Load()
	tweak(&rules)
	b.rules.Store(&rules)
}

// start opens the record and runs the runner, as after a start of the program.
func (b *bench) start() { b.with(func(*runner.Runner) {}) }

// with runs the bench's runner again, with parts of it wrapped. ended gets what its Run returned.
func (b *bench) with(wrap func(*runner.Runner)) (ended chan error, cancel context.CancelFunc) {
	b.t.Helper()
	b.stop()
	file, rec := b.lead()
	b.rec = rec
	ctx, cancel := context.WithCancel(context.Background())
	r := b.runner(b.rec)
	wrap(r)
	done := make(chan error, 1)
	ended = make(chan error, 1)
	go func() { err := r.Run(ctx); ended <- err; done <- err }()
	b.stop = func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Errorf("the runner ended with %v", err)
		}
		if err := file.Close(); err != nil {
			b.t.Error(err)
		}
		b.stop = func() {}
	}
	return ended, cancel
}

// lead opens the record and begins a term.
func (b *bench) lead() (*store.Store, record) {
	b.t.Helper()
	file, err := store.Open(b.path, orgURL)
	if err != nil {
		b.t.Fatal(err)
	}
	term, err := file.Lead(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	return file, record{term}
}

// runner makes a runner on a record, with the bench's org and policy.
func (b *bench) runner(rec runner.Record) *runner.Runner {
	return &runner.Runner{
		Record: rec, Okta: b.client, People: b.staff,
		Rules: func() policy.Rules { return *b.rules.Load() }, Org: orgURL,
		Log:  slog.New(slog.NewTextHandler(b.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Pace: runner.Pace{Concurrency: 8, Slots: b.client.Slots, SettleAfter: 10 * time.Second, LogLag: 2 * time.Minute},
	}
}

// open records a request for users by ID or login.
func (b *bench) open(users ...string) reset.ID {
	b.t.Helper()
	var rows []reset.Row
	for i, u := range users {
		kind := reset.RefLogin
		if len(u) == 20 && u[:3] == "00u" {
			kind = reset.RefID
		}
		rows = append(rows, reset.Row{Row: i + 1, Line: i + 2, Input: u, Kind: kind, Value: u})
	}
	r, f := reset.Open(orgURL, reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "lost phone"}, len(rows))
	made, err := b.rec.Create(context.Background(), "", r, slices.Values(rows), f)
	if err != nil {
		b.t.Fatal(err)
	}
	return made.ID
}

// await waits, on fake time, until the request is in the state.
func (b *bench) await(id reset.ID, want reset.State) *reset.Request {
	b.t.Helper()
	var r *reset.Request
	for range 4000 {
		var err error
		if r, err = b.rec.Get(context.Background(), id); err != nil {
			b.t.Fatal(err)
		}
		if r.State == want {
			return r
		}
		pauseFor(context.Background(), 200*time.Millisecond)
		synctest.Wait()
	}
	b.t.Fatalf("%s is %s (%s %s), not %s", id, r.State, r.Code, r.Refusal, want)
	return nil
}

func (b *bench) update(id reset.ID, move func(*reset.Request) (reset.Fact, error)) {
	b.t.Helper()
	_, err := b.rec.Update(context.Background(), id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		f, err := move(r)
		return []reset.Fact{f}, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// approve waits for the plan and approves it.
func (b *bench) approve(id reset.ID) {
	b.t.Helper()
	b.await(id, reset.Pending)
	b.update(id, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: "U_APPROVER1", Digest: r.Plan.Digest}, 0, time.Now())
	})
}

// results returns what became of each row.
func (b *bench) results(id reset.ID) map[int]reset.Progress {
	b.t.Helper()
	ctx := context.Background()
	l, err := reset.Fold(b.rec.Log(ctx, id, 1))
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := b.rec.Get(ctx, id)
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[int]reset.Progress{}
	for t, err := range b.rec.Targets(ctx, id, r.Plan.Revision, 1) {
		if err != nil {
			b.t.Fatal(err)
		}
		out[t.Row] = reset.Final(t, l.Row(t.Row))
	}
	return out
}

// people makes n active users, each with an old push and sms.
func people(n int) (users []oktasim.User, ids []string) {
	for i := range n {
		id := fmt.Sprintf("00uuser%013d", i)
		users = append(users, oktasim.User{
			ID: id, Login: fmt.Sprintf("user%d@example.com", i),
			Factors: []oktasim.Factor{{Type: "push"}, {Type: "sms"}},
		})
		ids = append(ids, id)
	}
	return users, ids
}

// resets returns how often a reset took effect on each user.
func (b *bench) resets(ids []string) map[string]int {
	n := map[string]int{}
	for _, id := range ids {
		n[id] = len(b.org.Resets(id))
	}
	return n
}

// reopen uses the record while no runner runs.
func (b *bench) reopen(use func(record)) {
	b.t.Helper()
	file, rec := b.lead()
	b.rec = rec
	use(rec)
	if err := file.Close(); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a reset as the bot does, past the journal.
func (b *bench) call(user string) {
	b.t.Helper()
	slot, err := b.client.Take(context.Background(), okta.Urgent, okta.StepReset)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.client.ResetFactors(context.Background(), slot, time.Now(), user); err != nil {
		b.t.Fatal(err)
	}
}

// noted fails the test unless the user has a note of the request and no claim.
func (b *bench) noted(user string, id reset.ID) {
	b.t.Helper()
	for u, err := range b.rec.Users(context.Background(), reset.UserID(user)) {
		if err != nil {
			b.t.Fatal(err)
		}
		if u.Claim != nil || !slices.ContainsFunc(u.Notes, func(n reset.Note) bool { return n.Request == id }) {
			b.t.Errorf("of %s the record knows claim %+v and notes %+v, none of %s", user, u.Claim, u.Notes, id)
		}
	}
}
