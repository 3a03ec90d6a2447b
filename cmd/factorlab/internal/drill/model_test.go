package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/runner"
	"factorbot/cmd/internal/app"
	"factorbot/cmd/internal/sandbox"
	"factorbot/okta"
	"factorbot/okta/oktasim"
	"factorbot/store"
)

// modelPeople are everybody in the model: one who asks, two who approve, one who may do neither.
var modelPeople = []reset.Person{"U_REQUESTER", "U_APPROVER1", "U_APPROVER2", "U_ANA"}

// modelUsers is how many users of Okta the model has.
const modelUsers = 8

// modelStep is one thing that happens.
type modelStep struct {
	what string
	by   reset.Person
	n    int           // which request, earlier press, user or set of users
	wait time.Duration // before it
}

// modelSteps are what can happen; what shall happen more often stands there twice.
var modelSteps = []string{
	"ask", "ask", "approve", "approve", "approve", "deny", "cancel", "pause", "pause", "resume", "resume", "again", "freeze", "thaw", "thaw",
	"crash", "crash", "restart", "lost answer", "lost call", "error", "enrol", "wait", "later",
	"half", "half", "nothing", "delete", "clock", "slow disk", "backup", "restore", "restore",
}

func drawSteps(t *rapid.T) []modelStep {
	steps := []modelStep{ // else most runs end before anything runs
		{what: "ask", by: "U_REQUESTER", n: rapid.IntRange(1, 1<<modelUsers-1).Draw(t, "users")},
		{what: "approve", by: "U_APPROVER1", wait: 2 * time.Minute},
		{what: "approve", by: "U_APPROVER2", wait: time.Second},
		{
			what: rapid.SampledFrom([]string{"crash", "crash", "lost answer", "half", "delete", "slow disk", "backup", "pause", "freeze", "cancel"}).Draw(t, "while it runs"),
			by:   "U_APPROVER1", n: rapid.IntRange(0, 3).Draw(t, "n"),
			wait: time.Duration(rapid.IntRange(0, 20).Draw(t, "tenths")) * 100 * time.Millisecond,
		},
	}
	return append(steps, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) modelStep {
		return modelStep{
			what: rapid.SampledFrom(modelSteps).Draw(t, "what"),
			by:   rapid.SampledFrom(append(modelPeople[:3:3], modelPeople...)).Draw(t, "by"),
			n:    rapid.IntRange(0, 1<<modelUsers-1).Draw(t, "n"),
			wait: rapid.SampledFrom([]time.Duration{0, 100 * time.Millisecond, 400 * time.Millisecond, time.Second, 2 * time.Second, time.Minute}).Draw(t, "wait"),
		}
	}), 5, 40).Draw(t, "steps")...)
}

// Desk, runner and record do at random what people and accidents make them do. A
// simple model knows who was asked for, who approved what, and what must never be.
func TestModel(t *testing.T) {
	var sum modelSum
	rapid.Check(t, func(rt *rapid.T) {
		steps := drawSteps(rt)
		ramp := rapid.SampledFrom([][]int{nil, nil, {1, 2}, {1, 2, 3}}).Draw(rt, "ramp")
		offset := time.Duration(rapid.IntRange(-300, 300).Draw(rt, "seconds that Okta's clock is ahead")) * time.Second
		sdk, err := okta.NewSDK() // starts a goroutine that only a finalizer ends: it stays outside the bubble
		if err != nil {
			rt.Fatal(err)
		}
		var wrong []string
		synctest.Test(t, func(t *testing.T) {
			m := newStage(t, sdk, offset, ramp)
			defer m.close()
			for _, s := range steps {
				m.step(s)
			}
			m.finish()
			wrong = m.check()
			sum.add(m)
		})
		for _, w := range wrong {
			rt.Error(w)
		}
	})
	t.Logf("model check: %+v", sum)
	if !t.Failed() && (sum.Requests == 0 || sum.Done == 0 || sum.Crashes == 0 || sum.Doubts == 0 || sum.Paused == 0 ||
		sum.Restores == 0 || sum.Halves == 0 || sum.Deleted == 0) {
		t.Error("too little happened to show anything")
	}
}

// modelSum is what happened in all runs together.
type modelSum struct{ Requests, Done, Paused, Crashes, Doubts, Resets, Restores, Halves, Deleted, Lookalikes int }

// stage is the bot's core on fake time, and what is known of it from outside.
type stage struct {
	t      *testing.T
	path   string
	org    *oktasim.Org
	client *okta.Client
	users  []string // IDs

	file *store.Store
	term *store.Term
	rec  mortal
	desk *desk.Desk
	stop func()

	asked   map[string]reset.ID // by op of what was taken
	voters  map[reset.ID]map[reset.Person]bool
	presses []press
	crashes int

	offset     time.Duration // of Okta's clock now
	ramp       []int
	kept       *backup // the newest backup, nil for none
	restores   int
	lostSends  map[string]int // calls of which a restored record does not know
	lostResets map[string]int // resets of requests of which a restored record does not know
	lookalikes int            // factors that by Okta's own clock are older than the reset before them
}

// backup is a backup of the record, and what was asked and approved when it was made.
type backup struct {
	path   string
	asked  map[string]reset.ID
	voters map[reset.ID]map[reset.Person]bool
}

// press is an intent as an envelope has it: given again it is the same.
type press struct {
	what string
	in   desk.Intent
	set  int
}

func newStage(t *testing.T, sdk *okta.SDK, offset time.Duration, ramp []int) *stage {
	m := &stage{
		t: t, path: filepath.Join(t.TempDir(), "factorbot.db"), asked: map[string]reset.ID{}, voters: map[reset.ID]map[reset.Person]bool{},
		offset: offset, ramp: ramp, lostSends: map[string]int{}, lostResets: map[string]int{},
	}
	opt := oktasim.Options{Seed: 1, ClockOffset: offset, KeepCalls: true, Latency: 500 * time.Millisecond, LogLag: 20 * time.Second, EnrolAgain: 0.6, EnrolAfter: 3 * time.Second}
	for i := range modelUsers {
		m.users = append(m.users, fmt.Sprintf("00umodel%012d", i))
		opt.Given = append(opt.Given, oktasim.User{ID: m.users[i], Login: fmt.Sprintf("user%d@example.com", i), Factors: []oktasim.Factor{{Type: "push"}, {Type: "sms"}}})
	}
	opt.Given[0].Roles = []string{"HELP_DESK_ADMIN"}
	var err error
	if m.org, err = oktasim.New(opt); err != nil {
		t.Fatal(err)
	}
	m.client, err = okta.New(okta.Config{
		OrgURL: "https://example.okta.com", Token: sandbox.Token, Marker: "model", Reserve: 20, Concurrency: 3, SDK: sdk,
		Transport: m.org.Transport(), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	m.start()
	return m
}

func (m *stage) close() {
	m.stop()
	m.client.Close()
	m.org.Close()
}

func (m *stage) rules() policy.Rules {
	return policy.Rules{
		Ramp:     m.ramp,
		Channels: []reset.Channel{"C_FACTORS"}, Approvers: policy.Group{Users: []reset.Person{"U_APPROVER1", "U_APPROVER2", "U_REQUESTER"}},
		Requesters: policy.Group{Users: []reset.Person{"U_REQUESTER", "U_APPROVER2"}},
		Approvals:  1, LargeBatch: policy.LargeBatch{Over: 4, Approvals: 2}, MaxTargets: 100,
		ExpiresAfter: 24 * time.Hour, ExecuteWithin: 24 * time.Hour,
		Protect: policy.Protect{Admins: policy.AdminsList}, Verify: "log", PauseAfter: 10,
	}
}

// start is a start of the program.
func (m *stage) start() {
	var err error
	if m.file, err = store.Open(m.path, "https://example.okta.com"); err != nil {
		m.t.Fatal(err)
	}
	term, err := m.file.Lead(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := term.Restored(m.t.Context(), time.Now()); err != nil {
		m.t.Fatal(err)
	}
	m.term, m.rec = term, mortal{app.NewRecord(term), &atomic.Bool{}, &atomic.Int64{}}
	m.desk = &desk.Desk{Record: m.rec, Plans: m.rec, Freezes: m.rec, People: modelFolk{}, Rules: m.rules, Org: "https://example.okta.com", Now: time.Now}
	if err := m.desk.Reconcile(m.t.Context()); err != nil {
		m.t.Error(err)
	}
	acting := &runner.Runner{
		Record: m.rec, Okta: m.client, People: modelFolk{},
		Rules: m.rules, Org: "https://example.okta.com", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Pace: runner.Pace{Concurrency: 3, Slots: m.client.Slots, SettleAfter: 10 * time.Second, LogLag: time.Minute},
	}
	ctx, cancel := context.WithCancel(m.t.Context())
	var wg sync.WaitGroup
	rec, file := m.rec, m.file
	wg.Go(func() {
		if err := acting.Run(ctx); err != nil && !rec.dead.Load() {
			m.t.Errorf("the runner ended with %v", err)
		}
	})
	m.stop = func() {
		cancel()
		wg.Wait()
		if err := file.Close(); err != nil {
			m.t.Error(err)
		}
		m.stop = func() {}
	}
}

// errDied is what a record answers whose process is gone.
var errDied = errors.New("the process has died")

// mortal is a record that takes nothing more once its process has died: what was
// on its way then is neither recorded nor taken back.
type mortal struct {
	app.Record
	dead *atomic.Bool
	slow *atomic.Int64 // how long each commit takes, a time.Duration
}

// commit waits as a slow disk does, before what is committed takes effect.
func (r mortal) commit(ctx context.Context) error {
	if d := time.Duration(r.slow.Load()); d > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
		}
	}
	if r.dead.Load() {
		return errDied
	}
	return nil
}

func (r mortal) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	if err := r.commit(ctx); err != nil {
		return nil, err
	}
	return r.Record.Update(ctx, id, op, unlessFrozen, change)
}

func (r mortal) Start(ctx context.Context, q *reset.Request, started ...reset.Entry) ([]error, error) {
	if err := r.commit(ctx); err != nil {
		return nil, err
	}
	return r.Record.Start(ctx, q, started...)
}

func (r mortal) Append(ctx context.Context, id reset.ID, entries ...reset.Entry) error {
	if err := r.commit(ctx); err != nil {
		return err
	}
	return r.Record.Append(ctx, id, entries...)
}

// modelFolk knows everybody of the model.
type modelFolk struct{}

func (modelFolk) Person(_ context.Context, id reset.Person) (policy.Person, error) {
	return policy.Person{ID: id, Team: "T_SANDBOX", Email: string(id) + "@example.com", At: time.Now()}, nil
}

func (modelFolk) Handles(context.Context) (map[string]string, error) { return nil, nil }

func (f modelFolk) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	return f.Person(ctx, id)
}

func (f modelFolk) Member(ctx context.Context, id reset.Person) (policy.Person, error) {
	return f.Person(ctx, id)
}

func (f modelFolk) Known(ctx context.Context, id reset.Person) (policy.Person, error) {
	return f.Person(ctx, id)
}

func (modelFolk) InChannel(context.Context, reset.Channel, reset.Person) (bool, error) {
	return true, nil
}

func (f modelFolk) Persons(ctx context.Context, ids ...reset.Person) (all []policy.Person, err error) {
	for _, id := range ids {
		p, _ := f.Person(ctx, id)
		all = append(all, p)
	}
	return all, nil
}

func (f modelFolk) Approvers(ctx context.Context) ([]policy.Person, error) {
	return f.Persons(ctx, modelPeople...)
}

// step lets one thing happen.
func (m *stage) step(s modelStep) {
	pass(s.wait)
	switch s.what {
	case "ask", "approve", "deny", "cancel", "pause", "resume", "freeze", "thaw":
		p := press{what: s.what, set: s.n, in: desk.Intent{
			Op: fmt.Sprint("op ", len(m.presses)), By: s.by, Team: "T_SANDBOX", Channel: "C_FACTORS", Asked: time.Now(),
		}}
		if n := len(m.asked); n > 0 {
			p.in.Request = reset.NewID(1 + s.n%n)
			if r, err := m.rec.Get(m.t.Context(), p.in.Request); err == nil {
				p.in.Digest = r.Plan.Digest
			}
		}
		m.presses = append(m.presses, p)
		m.press(p)
	case "again":
		if n := len(m.presses); n > 0 {
			m.press(m.presses[s.n%n])
		}
	case "crash", "restart":
		if s.what == "crash" {
			m.rec.dead.Store(true)
			m.crashes++
		}
		m.stop()
		pass([]time.Duration{0, time.Second, 2 * time.Minute, 2 * time.Hour}[s.n%4])
		m.start()
	case "lost answer", "lost call", "error":
		fault := map[string]oktasim.Fault{"lost answer": oktasim.DropAfter, "lost call": oktasim.DropBefore, "error": oktasim.ErrorAfter}[s.what]
		m.org.FailNext("POST", "/lifecycle/reset_factors", fault, 1+s.n%3)
	case "enrol":
		_ = m.org.Enrol(m.users[s.n%modelUsers], "push") // unless the user is deleted
	case "half":
		m.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.Part, 1+s.n%2)
	case "nothing":
		m.org.FailNext("POST", "/lifecycle/reset_factors", oktasim.Nothing, 1)
	case "delete":
		if user := m.users[1+s.n%(modelUsers-1)]; len(m.org.Deleted()) < 2 {
			_ = m.org.Delete(user) // who is gone already stays so
		}
	case "clock":
		m.offset += []time.Duration{-3 * time.Minute, -20 * time.Second, 20 * time.Second, 3 * time.Minute}[s.n%4]
		if _, err := m.org.Set(sandbox.Settings(map[string]any{"clock_offset": m.offset.String()})); err != nil {
			m.t.Error(err)
		}
	case "slow disk":
		m.rec.slow.Store(int64(2500 * time.Millisecond))
		pass(time.Duration(5+s.n%10) * time.Second)
		m.rec.slow.Store(0)
	case "backup":
		m.backUp()
	case "restore":
		m.restore(time.Duration(s.n%3) * 2 * time.Minute)
	case "later":
		pass([]time.Duration{time.Hour, 3 * time.Hour, 25 * time.Hour}[s.n%3])
	}
	synctest.Wait()
}

// backUp makes a backup of the record as it is.
func (m *stage) backUp() {
	b := &backup{path: filepath.Join(m.t.TempDir(), "backup.db"), asked: maps.Clone(m.asked), voters: map[reset.ID]map[reset.Person]bool{}}
	for id, who := range m.voters {
		b.voters[id] = maps.Clone(who)
	}
	file, err := os.Create(b.path)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := errors.Join(m.file.Backup(m.t.Context(), file), file.Close()); err != nil {
		m.t.Fatal(err)
	}
	m.kept = b
}

// restore puts the newest backup in the place of the record. What was asked since is
// not known any more; what was sent since stays done.
func (m *stage) restore(away time.Duration) {
	b := m.kept
	if b == nil {
		return
	}
	m.kept = nil
	m.stop()
	m.forget(b)
	m.asked, m.voters = b.asked, b.voters
	if err := os.Rename(b.path, m.path); err != nil {
		m.t.Fatal(err)
	}
	m.restores++
	pass(away)
	m.start()
}

// forget notes what the backup does not know: all calls, and the resets of the
// requests that were asked for later.
func (m *stage) forget(b *backup) {
	now, then := m.journalled(m.path), m.journalled(b.path)
	known := map[reset.ID]bool{}
	for _, id := range b.asked {
		known[id] = true
	}
	for id, users := range now {
		for user, times := range users {
			m.lostSends[string(user)] += times - then[id][user]
			if !known[id] {
				m.lostResets[string(user)] += times
			}
		}
	}
}

// journalled counts the started steps of a record, by request and user.
func (m *stage) journalled(path string) map[reset.ID]map[reset.UserID]int {
	all := map[reset.ID]map[reset.UserID]int{}
	file, err := store.Inspect(path)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			m.t.Error(err)
		}
	}()
	for r, err := range file.Requests(m.t.Context(), reset.Query{}) {
		if err != nil {
			m.t.Fatal(err)
		}
		all[r.ID] = map[reset.UserID]int{}
		for e, err := range file.Log(m.t.Context(), r.ID, 1) {
			if err != nil {
				m.t.Fatal(err)
			}
			if e.Kind == reset.EntryStarted {
				all[r.ID][e.Step.User]++
			}
		}
	}
	return all
}

// pass lets time pass.
func pass(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
	synctest.Wait()
}

// press takes an intent to the desk, and remembers what it took.
func (m *stage) press(p press) {
	ctx := m.t.Context()
	switch p.what {
	case "ask":
		var rows []reset.Row
		for i, u := range m.users {
			if p.set>>i&1 == 1 {
				rows = append(rows, reset.Row{Row: len(rows) + 1, Line: len(rows) + 2, Input: u, Kind: reset.RefID, Value: u})
			}
		}
		r, err := m.desk.Open(ctx, p.in, desk.OpenAsk{Reason: "model", Roster: &roster.Roster{Rows: rows}})
		if err == nil {
			m.asked[p.in.Op] = r.ID
		}
	case "approve":
		if _, err := m.desk.Approve(ctx, p.in); err == nil {
			if m.voters[p.in.Request] == nil {
				m.voters[p.in.Request] = map[reset.Person]bool{}
			}
			m.voters[p.in.Request][p.in.By] = true
		}
	case "freeze":
		_, _ = m.desk.Freeze(ctx, p.in)
	case "thaw":
		_, _, _ = m.desk.Thaw(ctx, p.in)
	default:
		act := map[string]func(context.Context, desk.Intent) (*reset.Request, error){
			"deny": m.desk.Deny, "cancel": m.desk.Cancel, "pause": m.desk.Pause, "resume": m.desk.Resume,
		}[p.what]
		_, _ = act(ctx, p.in) // a refusal is as good
	}
}

// finish lifts what holds requests up and lets every one come to its end.
func (m *stage) finish() {
	ctx := m.t.Context()
	for n := 0; n < 40 && !m.settled(); n++ {
		for _, by := range []reset.Person{"U_APPROVER1", "U_APPROVER2"} {
			in := desk.Intent{Op: fmt.Sprint("end ", n, by), By: by, Team: "T_SANDBOX", Channel: "C_FACTORS", Asked: time.Now()}
			_, _, _ = m.desk.Thaw(ctx, in)
			for i := range len(m.asked) {
				in.Request, in.Op = reset.NewID(i+1), fmt.Sprint("end ", n, i, by)
				_, _ = m.desk.Resume(ctx, in)
			}
		}
		pass(time.Hour)
	}
}

// settled reports whether nothing will happen to any request any more.
func (m *stage) settled() bool {
	for r, err := range m.rec.Requests(m.t.Context(), reset.Query{}) {
		if err != nil || !r.State.Settled() {
			return false
		}
	}
	return true
}
