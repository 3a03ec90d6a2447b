package batch_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/batch"
	"factorbot/bot/policy"
	"factorbot/bot/protection"
	"factorbot/bot/reset"
	"factorbot/bot/resetlog"
	"factorbot/okta"
	"factorbot/okta/oktasim"
)

const (
	settled = 10 * time.Second // how long a call may be executing
	lag     = 20 * time.Second // how late the System Log may be
)

// user returns the user of a row.
func user(row int) reset.UserID { return reset.UserID(fmt.Sprintf("00uuser%013d", row)) }

// memory is a record of one request, in memory.
type memory struct {
	mu      sync.Mutex
	head    reset.Request
	targets []reset.Target
	log     []reset.Entry
	start   func(reset.Entry) error // what a claim is answered with; nil: it is taken
	users   map[reset.UserID]reset.UserRecord
}

func (m *memory) Get(context.Context, reset.ID) (*reset.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.head
	return &r, nil
}

func (m *memory) Update(_ context.Context, _ reset.ID, _ string, _ bool, change func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.head
	if _, err := change(&r); err != nil {
		return nil, err
	}
	r.Version++
	m.head = r
	return &r, nil
}

func (m *memory) Targets(_ context.Context, _ reset.ID, _, fromRow int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		for _, t := range m.targets {
			if t.Row >= fromRow && !yield(t, nil) {
				return
			}
		}
	}
}

func (m *memory) Start(ctx context.Context, r *reset.Request, started ...reset.Entry) ([]error, error) {
	each := make([]error, len(started))
	for i, e := range started {
		if m.start != nil {
			each[i] = m.start(e)
		}
		if each[i] == nil {
			_ = m.Append(ctx, r.ID, e)
		}
	}
	return each, nil
}

func (m *memory) Append(_ context.Context, _ reset.ID, entries ...reset.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, entries...)
	return nil
}

func (m *memory) Log(context.Context, reset.ID, int64) iter.Seq2[reset.Entry, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := slices.Clone(m.log)
	return func(yield func(reset.Entry, error) bool) {
		for _, e := range log {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *memory) Users(_ context.Context, ids ...reset.UserID) iter.Seq2[reset.UserRecord, error] {
	return func(yield func(reset.UserRecord, error) bool) {
		for _, id := range ids {
			if u, ok := m.users[id]; ok && !yield(u, nil) {
				return
			}
		}
	}
}

// answers is the client for Okta with answers of a test's own to all calls that a batch
// makes about factors and sessions, and a note of each.
type answers struct {
	*okta.Client
	mu     sync.Mutex
	calls  []string
	listed map[string][]okta.Factor // by user

	roles    func() ([]string, error)
	take     func()                                   // what happens while a call waits for its turn
	factors  func(user string) ([]okta.Factor, error) // instead of listed
	now      func() ([]okta.Factor, time.Time, error) // instead of listed, slot in hand
	reset    func() (okta.Receipt, error)             // instead of one that removes all that is listed
	remove   func() (okta.Receipt, error)             // instead of one that removes the factor
	sessions func() (okta.Receipt, error)             // instead of one that ends them
}

// note notes a call for a user, "list 1", and returns what is listed.
func (a *answers) note(call, user string) []okta.Factor {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, call+" "+strings.TrimLeft(user[len("00uuser"):], "0"))
	return slices.Clone(a.listed[user])
}

// unlist removes the factors with this ID, all of the user's if it is empty.
func (a *answers) unlist(user, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listed[user] = slices.DeleteFunc(a.listed[user], func(f okta.Factor) bool { return id == "" || f.ID == id })
}

func (a *answers) Roles(ctx context.Context, user string) ([]string, error) {
	if a.roles != nil {
		return a.roles()
	}
	return a.Client.Roles(ctx, user)
}

func (a *answers) Take(ctx context.Context, lane okta.Lane, step okta.Step) (*okta.Slot, error) {
	if a.take != nil {
		a.take()
	}
	return a.Client.Take(ctx, lane, step)
}

func (a *answers) Factors(_ context.Context, user string) ([]okta.Factor, error) {
	listed := a.note("list", user)
	if a.factors != nil {
		return a.factors(user)
	}
	return listed, nil
}

func (a *answers) FactorsNow(_ context.Context, _ *okta.Slot, user string) ([]okta.Factor, time.Time, error) {
	listed := a.note("look", user)
	if a.now != nil {
		return a.now()
	}
	return listed, time.Now(), nil
}

func (a *answers) ResetFactors(_ context.Context, s *okta.Slot, _ time.Time, user string) (okta.Receipt, error) {
	s.Release()
	a.note("reset", user)
	if a.reset != nil {
		return a.reset()
	}
	a.unlist(user, "")
	return okta.Receipt{RequestID: "req-reset"}, nil
}

func (a *answers) DeleteFactor(_ context.Context, s *okta.Slot, _ time.Time, user, factor string, _ bool) (okta.Receipt, error) {
	s.Release()
	a.note("delete "+factor, user)
	if a.remove != nil {
		return a.remove()
	}
	a.unlist(user, factor)
	return okta.Receipt{RequestID: "req-delete"}, nil
}

func (a *answers) ClearSessions(_ context.Context, s *okta.Slot, _ time.Time, user string) (okta.Receipt, error) {
	s.Release()
	a.note("sessions", user)
	if a.sessions != nil {
		return a.sessions()
	}
	return okta.Receipt{RequestID: "req-sessions"}, nil
}

// once returns an error first and then what follows.
func once(err error) func() (okta.Receipt, error) {
	return func() (okta.Receipt, error) {
		was := err
		err = nil
		return okta.Receipt{RequestID: "req-again"}, was
	}
}

// systemLog is the System Log of the org, of which readings may fail.
type systemLog struct {
	*okta.Client
	closed *okta.Client
	me     error     // of who we are, which a reading has to know
	silent bool      // of who enrolled what
	asked  time.Time // for that, the first time
}

func (l *systemLog) Me(ctx context.Context) (okta.User, error) {
	if l.me != nil {
		return okta.User{}, l.me
	}
	return l.Client.Me(ctx)
}

func (l *systemLog) Events(since time.Time, types ...string) *okta.Events {
	if slices.Contains(types, okta.FactorActivated) {
		if l.asked.IsZero() {
			l.asked = time.Now()
		}
		if l.silent {
			return l.closed.Events(since, types...)
		}
	}
	return l.Client.Events(since, types...)
}

// stage is a batch of one request between a record in memory and a simulated org whose
// System Log it reads, on fake time.
type stage struct {
	t      *testing.T
	org    *oktasim.Org
	okta   *answers
	system *systemLog
	rec    *memory
	rules  policy.Rules
	logged bytes.Buffer
}

// onStage runs a test of a request for all factors of some users. Each has one in the org,
// and what the batch sees listed is the test's.
func onStage(t *testing.T, state reset.State, rows int, body func(*stage)) {
	t.Helper()
	sdk, err := okta.NewSDK() // it starts a goroutine that only a finalizer ends
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		rec := &memory{head: reset.Request{ID: "FR-1", State: state, Rows: rows, Plan: reset.Plan{Resets: rows}}}
		var people []oktasim.User
		for row := 1; row <= rows; row++ {
			login := fmt.Sprintf("user%d@example.com", row)
			people = append(people, oktasim.User{ID: string(user(row)), Login: login, Factors: []oktasim.Factor{{Type: "push"}}})
			rec.targets = append(rec.targets, reset.Target{Row: row, User: user(row), Login: login, Action: reset.ActionReset})
		}
		org, err := oktasim.New(oktasim.Options{Given: people})
		if err != nil {
			t.Fatal(err)
		}
		defer org.Close()
		client := func() *okta.Client {
			c, err := okta.New(okta.Config{
				OrgURL: "https://example.okta.com", Token: "sandbox-token", Marker: "test-stage", Reserve: 20, Concurrency: 8, SDK: sdk,
				Transport: org.Transport(), Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		open, closed := client(), client()
		closed.Close()
		defer open.Close()
		body(&stage{
			t: t, org: org, okta: &answers{Client: open, listed: map[string][]okta.Factor{}}, system: &systemLog{Client: open, closed: closed}, rec: rec,
			rules: policy.Rules{Verify: "log", Protect: policy.Protect{Admins: policy.AdminsList}},
		})
	})
}

// list adds a factor to those that Okta lists of the user of a row, enrolled that long from now.
func (s *stage) list(row int, id, kind string, from time.Duration) {
	f := okta.Factor{ID: id, Type: kind, Created: time.Now().Add(from)}
	s.okta.listed[string(user(row))] = append(s.okta.listed[string(user(row))], f)
}

// journal records calls that were left without an answer, two seconds apart, the last now.
func (s *stage) journal(row int, step reset.Step, times int) {
	step.Row, step.User = row, user(row)
	for i := range times {
		if i > 0 {
			wait(2 * time.Second)
		}
		now := time.Now()
		s.rec.log = append(s.rec.log,
			reset.Entry{Kind: reset.EntryStarted, At: now, OktaAt: now.Add(-batch.ClockMargin), Step: &step},
			reset.Entry{Kind: reset.EntryDoubt, At: now, Step: &step})
	}
}

// doubt records a reset of the first user that was left without an answer.
func (s *stage) doubt() { s.journal(1, reset.Step{Kind: reset.StepReset}, 1) }

// happened lets a reset of ours take effect on the first user, which the System Log tells of.
func (s *stage) happened() {
	s.t.Helper()
	slot, err := s.okta.Take(s.t.Context(), okta.Urgent, okta.StepReset)
	if err == nil {
		_, err = s.okta.Client.ResetFactors(s.t.Context(), slot, time.Now(), string(user(1)))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// on opens the batch and does something with it. It returns what was recorded by that.
func (s *stage) on(do func(*batch.Batch) error) (recorded []reset.Entry, err error) {
	s.t.Helper()
	log := slog.New(slog.NewTextHandler(&s.logged, nil))
	rules := func() policy.Rules { return s.rules }
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Hour) // of fake time: who waits for ever fails
	defer cancel()
	head, _ := s.rec.Get(ctx, "")
	before := len(s.rec.log)
	b, err := batch.Open(ctx, batch.Deps{
		Record: s.rec, Okta: s.okta, Protection: protection.New(s.okta, rules, slog.New(slog.DiscardHandler)), ResetLog: resetlog.New(s.system, log), Rules: rules,
		Pace:  batch.Pace{Concurrency: 8, Slots: s.okta.Slots, SettleAfter: settled, LogLag: lag},
		Began: time.Now(), Log: log,
	}, batch.NewSession(), head)
	if err != nil {
		s.t.Fatal(err)
	}
	err = do(b)
	b.Close()
	return s.rec.log[before:], err
}

// run sends what is new.
func (s *stage) run() ([]reset.Entry, error) {
	s.t.Helper()
	return s.on((*batch.Batch).Run)
}

// settle settles what is in doubt.
func (s *stage) settle() ([]reset.Entry, error) {
	s.t.Helper()
	return s.on(func(b *batch.Batch) error { return b.Settle(s.rec.head.State) })
}

// outcome returns the last of what was recorded, which has to be an outcome.
func (s *stage) outcome(recorded []reset.Entry, err error) reset.Entry {
	s.t.Helper()
	if err != nil || len(recorded) == 0 || recorded[len(recorded)-1].Kind != reset.EntryOutcome {
		s.t.Fatalf("%v, recorded %+v", err, recorded)
	}
	return recorded[len(recorded)-1]
}

// wait lets time go by.
func wait(d time.Duration) { <-time.After(d) }

// kinds returns the kinds of entries: "started stepped outcome".
func kinds(entries []reset.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Kind))
	}
	return strings.Join(all, " ")
}
