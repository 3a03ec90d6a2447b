package stepup_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/stepup"
	"factorbot/okta"
	"factorbot/store"
)

const (
	requester reset.Person = "U_REQUESTER"
	first     reset.Person = "U_APPROVER1"
	second    reset.Person = "U_APPROVER2"
)

// brokenRecord is a record that takes no updates for a while.
type brokenRecord struct {
	*store.Term
	mu  sync.Mutex
	bad bool
}

func (r *brokenRecord) lose(bad bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bad = bad
}

func (r *brokenRecord) Update(ctx context.Context, id reset.ID, op string, unlessFrozen bool, change desk.Change) (*reset.Request, error) {
	r.mu.Lock()
	bad := r.bad
	r.mu.Unlock()
	if bad {
		return nil, errors.New("no space left on the device")
	}
	return r.Term.Update(ctx, id, op, unlessFrozen, change)
}

// noTargets are plans that reset nobody who decides.
type noTargets struct{ *store.Term }

func (noTargets) Targets(context.Context, reset.ID, int, int) iter.Seq2[reset.Target, error] {
	return func(func(reset.Target, error) bool) {}
}

// phone is what a push is answered with.
type phone struct {
	result   okta.PushResult // from `after` on; before it WAITING
	after    time.Duration
	asked    time.Time
	user     string
	answered bool // somebody read an answer that was not WAITING
}

// fakeOkta has phones. Its calls may be made to fail.
type fakeOkta struct {
	mu        sync.Mutex
	devices   map[string][]okta.Device
	next      phone // what comes of the next push
	pushes    map[string]*phone
	unnamed   bool          // every push has the same transaction
	plain     bool          // without numbers
	err       error         // of Challenge
	answerErr error         // of Answer
	hang      chan struct{} // Answer waits for it; nil: it does not
	readings  int           // of Answer, of the last push
	endless   bool          // a push was read more often than it can be
}

// mostReadings is more than one push is read in its five minutes, every four seconds.
const mostReadings = 100

func (o *fakeOkta) Devices(_ context.Context, user string) ([]okta.Device, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.devices[user], nil
}

func (o *fakeOkta) Challenge(_ context.Context, user, factor string) (okta.Challenge, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return okta.Challenge{}, o.err
	}
	p := o.next
	p.asked, p.user = time.Now(), user
	id := fmt.Sprintf("v2mst.%d", len(o.pushes)+1)
	if o.unnamed {
		id = "v2mst.same"
	}
	o.pushes[id], o.readings = &p, 0
	return okta.Challenge{Transaction: id, Number: 42, Numbered: !o.plain, ExpiresAt: time.Now().Add(5 * time.Minute)}, nil
}

func (o *fakeOkta) Answer(ctx context.Context, user, _, transaction string) (okta.PushResult, error) {
	o.mu.Lock()
	hang := o.hang
	o.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.pushes[transaction]
	o.readings++
	switch {
	case o.readings > mostReadings: // a wait without an end would hang the test
		o.endless = true
		return okta.PushTimeout, nil
	case o.answerErr != nil:
		return "", o.answerErr
	case p == nil || p.user != user:
		return "", &okta.Error{Kind: okta.KindNotFound}
	case p.result != "" && time.Since(p.asked) >= p.after:
		p.answered = true
		return p.result, nil
	case time.Since(p.asked) > 5*time.Minute:
		return okta.PushTimeout, nil
	}
	return okta.PushWaiting, nil
}

func (o *fakeOkta) Clock() (time.Duration, bool) { return 0, true }

func (o *fakeOkta) sent() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.pushes)
}

func (o *fakeOkta) set(do func(*fakeOkta)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do(o)
}

// people knows the cast, each with an Okta user, judged by the registry.
type people struct {
	world *world
	mu    sync.Mutex
	okta  map[reset.Person]*policy.OktaAccount
}

func (p *people) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	p.mu.Lock()
	account := p.okta[id]
	p.mu.Unlock()
	who := policy.Person{ID: id, Team: "T", Email: strings.ToLower(string(id)) + "@example.com", At: time.Now(), Okta: account}
	if account != nil {
		who.OktaIDs = []reset.UserID{account.ID}
	}
	return who, p.world.registry.Judge(ctx, &who)
}

func (p *people) Persons(ctx context.Context, ids ...reset.Person) (all []policy.Person, err error) {
	for _, id := range ids {
		who, err := p.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, who)
	}
	return all, nil
}
func (p *people) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	return p.Person(ctx, id)
}
func (p *people) Member(ctx context.Context, id reset.Person) (policy.Person, error) {
	return p.Person(ctx, id)
}
func (p *people) Known(ctx context.Context, id reset.Person) (policy.Person, error) {
	return p.Person(ctx, id)
}
func (p *people) InChannel(context.Context, reset.Channel, reset.Person) (bool, error) {
	return true, nil
}
func (p *people) Approvers(ctx context.Context) ([]policy.Person, error) {
	return p.Persons(ctx, first, second)
}

// screen remembers what each modal shows.
type screen struct {
	mu    sync.Mutex
	shown map[string][]stepup.Stage // by view
	gone  bool
}

func (s *screen) Show(_ context.Context, a stepup.Ask, st stepup.Stage) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown[a.View] = append(s.shown[a.View], st)
	return s.gone
}

func (s *screen) last(viewID string) stepup.Stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if all := s.shown[viewID]; len(all) > 0 {
		return all[len(all)-1]
	}
	return stepup.Stage{}
}

// world is a verifier with the real desk and the real record, and a fake Okta.
type world struct {
	testing.TB
	rec      *store.Term
	broken   *brokenRecord // what the verifier sees of rec
	okta     *fakeOkta
	people   *people
	registry *stepup.Registry
	desk     *desk.Desk
	screen   *screen
	told     []reset.Person
	policy   sync.Mutex // guards rules
	rules    policy.Rules
	v        *stepup.Verifier
	stop     func()
	close    func()
	presses  int
}

func oktaUser(id reset.Person) *policy.OktaAccount {
	name := map[reset.Person]string{requester: "requesterrequest0", first: "approver1approver", second: "approver2approver"}[id]
	return &policy.OktaAccount{ID: reset.UserID("00u" + name), Login: strings.ToLower(string(id)) + "@example.com", Status: "ACTIVE"}
}

// bubble runs a test with a world whose clock is its own.
func bubble(t *testing.T, do func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		do(w)
		w.okta.set(func(o *fakeOkta) {
			if o.endless {
				w.Errorf("a push was read over %d times", mostReadings)
			}
		})
	})
}

func newWorld(t *testing.T) *world {
	s, err := store.Open(filepath.Join(t.TempDir(), "record.db"), "https://example.okta.com")
	if err != nil {
		t.Fatal(err)
	}
	term, err := s.Lead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, rec: term, screen: &screen{shown: map[string][]stepup.Stage{}}, okta: &fakeOkta{devices: map[string][]okta.Device{}, pushes: map[string]*phone{}}}
	w.broken = &brokenRecord{Term: w.rec}
	w.rules = policy.Rules{Approvers: policy.Group{Users: []reset.Person{first, second}}, Approvals: 1, ExpiresAfter: time.Hour, ExecuteWithin: time.Hour, MaxTargets: 100,
		LargeBatch: policy.LargeBatch{Over: 100, Approvals: 2}, StepUp: policy.StepUpAlways}
	w.people = &people{world: w, okta: map[reset.Person]*policy.OktaAccount{}}
	for _, id := range []reset.Person{requester, first, second} {
		w.people.okta[id] = oktaUser(id)
		w.okta.devices[string(oktaUser(id).ID)] = []okta.Device{{FactorID: "opf1", Name: "a phone", Created: time.Now().Add(-48 * time.Hour)}}
	}
	rules := func() policy.Rules {
		w.policy.Lock()
		defer w.policy.Unlock()
		return w.rules
	}
	w.registry = &stepup.Registry{Values: term, Rules: rules, Now: time.Now}
	w.desk = &desk.Desk{Record: w.rec, Plans: noTargets{w.rec}, Freezes: term, People: w.people, Rules: rules, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	w.start()
	w.close = func() {
		w.stop()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	return w
}

// start begins another process on the same record.
func (w *world) start() {
	w.v = &stepup.Verifier{Okta: w.okta, Desk: w.desk, People: w.people, Record: w.broken, Registry: w.registry, Rules: w.registry.Rules, Screen: w.screen,
		Tell: func(_ context.Context, by reset.Person, _ reset.ID) { w.told = append(w.told, by) }, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.v.Run(ctx) }()
	synctest.Wait()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.Error(err)
		}
	})
}

// pending opens a request and freezes its plan.
func (w *world) pending() *reset.Request {
	w.Helper()
	r, f := reset.Open("https://example.okta.com", reset.Ask{By: requester, Okta: oktaUser(requester).ID, Channel: "C", At: time.Now(), Reason: "lost phones"}, 3)
	r, err := w.rec.Create(context.Background(), "", r, func(yield func(reset.Row) bool) {
		for i := range 3 {
			if !yield(reset.Row{Row: i + 1}) {
				return
			}
		}
	}, f)
	if err != nil {
		w.Fatal(err)
	}
	return w.freezePlan(r.ID, 1)
}

func (w *world) freezePlan(id reset.ID, revision int) *reset.Request {
	w.Helper()
	return w.change(id, func(r *reset.Request) ([]reset.Fact, error) {
		plan := reset.Plan{Revision: revision, Digest: reset.Digest(strings.Repeat(fmt.Sprintf("%x", revision), 64)), Targets: 3, Resets: 3}
		f, err := r.FreezePlan(plan, w.rules.TermsFor(policy.Case{Resets: 3}), time.Now().Add(time.Hour), time.Now())
		return []reset.Fact{f}, err
	})
}

func (w *world) change(id reset.ID, do desk.Change) *reset.Request {
	w.Helper()
	r, err := w.rec.Update(context.Background(), id, "", false, do)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) get(id reset.ID) *reset.Request {
	w.Helper()
	r, err := w.rec.Get(context.Background(), id)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// press is a person's click that opened a modal, whose ID is returned.
func (w *world) press(by reset.Person, r *reset.Request) string {
	w.Helper()
	return w.begin(w.ask(stepup.Approve, by, r))
}

func (w *world) ask(act stepup.Act, by reset.Person, r *reset.Request) stepup.Ask {
	w.presses++
	a := stepup.Ask{Act: act, View: fmt.Sprintf("V%d", w.presses), Intent: desk.Intent{Op: fmt.Sprintf("click:%d", w.presses), By: by, Team: "T", Asked: time.Now()}}
	if r != nil {
		a.Intent.Request, a.Intent.Digest = r.ID, reset.Digest(r.Plan.Digest.Short())
	}
	return a
}

func (w *world) begin(a stepup.Ask) string {
	w.Helper()
	if err := w.v.Begin(context.Background(), a); err != nil {
		w.Fatal(err)
	}
	synctest.Wait()
	return a.View
}

// later lets time pass.
func later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// wants checks the request's state and how many approvals count.
func (w *world) wants(id reset.ID, s reset.State, approvals int) *reset.Request {
	w.Helper()
	r := w.get(id)
	if r.State != s || len(r.Approved) != approvals {
		w.Errorf("%s is %s with %d approvals; %s with %d was expected", id, r.State, len(r.Approved), s, approvals)
	}
	return r
}

// refusedFor checks that a modal says why nothing was done.
func (w *world) refusedFor(viewID, code string) {
	w.Helper()
	st := w.screen.last(viewID)
	var refusal *policy.Refusal
	if st.State != stepup.Failed || !errors.As(st.Err, &refusal) || refusal.Code != code {
		w.Errorf("the modal shows %+v; a refusal for %q was expected", st, code)
	}
}

// facts lists the org's facts by name.
func (w *world) facts(name string) (found []reset.Fact) {
	w.Helper()
	for e, err := range w.rec.OrgLog(context.Background(), 1) {
		if err != nil {
			w.Fatal(err)
		}
		if e.Fact != nil && e.Fact.Name == name {
			found = append(found, *e.Fact)
		}
	}
	return found
}
