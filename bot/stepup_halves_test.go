package bot_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"testing"
	"time"

	"factorbot/bot/announcer"
	"factorbot/bot/desk"
	"factorbot/bot/handler"
	"factorbot/bot/listener"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/bot/slackapi"
	"factorbot/bot/slacksim"
	"factorbot/bot/stepup"
	"factorbot/bot/view"
	"factorbot/okta"
)

const approverID reset.UserID = "00uapprover1approver"

// provenDesk approves only with a proof.
type provenDesk struct{ *deskInMemory }

func (d provenDesk) Approve(ctx context.Context, in desk.Intent) (*reset.Request, error) {
	return d.change(in.Request, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: in.By, Okta: approverID, Digest: in.Digest, StepUp: in.Proof}, in.Confirmed, time.Now())
	})
}

// valuesInMemory is what several processes remember of approvers.
type valuesInMemory struct {
	*memory
	mu sync.Mutex
}

func (m *valuesInMemory) ChangeValue(ctx context.Context, name string, change func([]byte) ([]byte, []reset.Fact, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, err := m.Value(ctx, name)
	if err != nil {
		return err
	}
	changed, _, err := change(old)
	if err != nil {
		return err
	}
	return m.PutValue(ctx, name, changed)
}

// stepUpRecord has the requests of memory, and no freeze.
type stepUpRecord struct{ *memory }

func (stepUpRecord) Frozen(context.Context) (*reset.Freeze, error) { return nil, nil }
func (stepUpRecord) Requests(context.Context, reset.Query) iter.Seq2[*reset.Request, error] {
	return func(func(*reset.Request, error) bool) {}
}
func (stepUpRecord) Update(context.Context, reset.ID, string, bool, func(*reset.Request) ([]reset.Fact, error)) (*reset.Request, error) {
	return nil, reset.ErrNotFound
}

// approver is one person with an Okta user.
type approver struct{}

func (approver) Person(_ context.Context, id reset.Person) (policy.Person, error) {
	return policy.Person{ID: id, Okta: &policy.OktaAccount{ID: approverID, Login: "approver1@example.com", Status: "ACTIVE"}}, nil
}

// phones answers the pushes that somebody has answered.
type phones struct {
	mu       sync.Mutex
	sent     int
	answered map[string]bool // by transaction
}

func (*phones) Devices(context.Context, string) ([]okta.Device, error) {
	return []okta.Device{{FactorID: "opf1", Name: "a phone", Created: time.Now().Add(-48 * time.Hour)}}, nil
}

func (p *phones) Challenge(context.Context, string, string) (okta.Challenge, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	return okta.Challenge{Transaction: fmt.Sprintf("v2mst.%d", p.sent), Number: 40 + p.sent, Numbered: true}, nil
}

func (p *phones) Answer(_ context.Context, _, _, transaction string) (okta.PushResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered[transaction] {
		return okta.PushSuccess, nil
	}
	return okta.PushWaiting, nil
}

func (*phones) Clock() (time.Duration, bool) { return 0, true }

func (p *phones) answer(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered[fmt.Sprintf("v2mst.%d", n)] = true
}

// watched is a screen that remembers what it was told to show last.
type watched struct {
	*handler.StepUpScreen
	last *lastShown
}

type lastShown struct {
	mu    sync.Mutex
	view  string
	stage stepup.Stage
}

func (s watched) Show(ctx context.Context, a stepup.Ask, st stepup.Stage) bool {
	gone := s.StepUpScreen.Show(ctx, a, st)
	s.last.mu.Lock()
	defer s.last.mu.Unlock()
	s.last.view, s.last.stage = a.View, st
	return gone
}

func (l *lastShown) shows(state stepup.State, number int) func() bool {
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.stage.State == state && l.stage.Number == number
	}
}

// process is one of several on one record: it listens, or it leads.
func (w *world) process(host string, values stepup.Values, phone *phones, last *lastShown, leads bool) (stop func()) {
	w.Helper()
	log := slog.New(slog.NewJSONHandler(w.logged, nil))
	rules := func() policy.Rules { return policy.Rules{StepUp: policy.StepUpAlways} }
	judge := provenDesk{w.desk}
	screen := &handler.StepUpScreen{}
	v := &stepup.Verifier{Okta: phone, Desk: judge, People: approver{}, Record: stepUpRecord{w.memory}, Rules: rules, Screen: watched{screen, last}, Log: log, Now: time.Now,
		Registry: &stepup.Registry{Values: values, Rules: rules, Now: time.Now}}
	client, channels := slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", w.url, nil), func() []reset.Channel { return []reset.Channel{"C_FACTORS"} }
	screen.Handler = &handler.Handler{
		Slack: client, APIURL: w.url, Inbox: w.memory, Values: w.memory, Desk: judge, Requests: w.memory, Schema: w.schema, StepUp: v, Log: log, Now: time.Now,
		Channels: channels, Limits: func() roster.Limits { return roster.Limits{Users: 1000} }, Deciders: func() view.Helpers { return view.Helpers{} },
	}
	l := &listener.Listener{Slack: client, Inbox: w.memory, ReadPositions: w.memory, Handler: screen.Handler, Channels: channels, Host: host, Log: log, Now: time.Now,
		Opened: func(reset.Person, string) {}, Socket: func(int, bool) {}, Deleted: func(reset.Channel, string) {}}
	listen, serve := l.Halves()
	parts := []func(context.Context) error{listen}
	if leads {
		parts = []func(context.Context) error{serve, v.Run}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range parts {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				w.Errorf("%s: %v", host, err)
			}
		})
	}
	return sync.OnceFunc(func() { cancel(); wg.Wait() })
}

// Of two processes the one that follows opens the modal, and the one that leads verifies.
// The leader ends while a push waits: its answer counts nothing, the next leader closes the
// modal, and Try again leads to another push.
func TestStepUp_twoProcesses(t *testing.T) {
	w := newWorld(t)
	w.memory.create("", &reset.Request{Org: "https://example.okta.com", State: reset.Planning, Rows: 3, Asked: reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "lost phones"}})
	w.plan("FR-1", 3)
	w.memory.mu.Lock()
	r := w.heads["FR-1"]
	r.Terms.StepUp = true
	w.heads["FR-1"] = r
	w.memory.mu.Unlock()
	approvals := func() int { r, _ := w.Get(context.Background(), "FR-1"); return len(r.Approved) }

	ctx, cancel := context.WithCancel(context.Background())
	announces := &announcer.Announcer{Slack: slackapi.NewClient("xapp-sandbox", "xoxb-sandbox", w.url, nil), Record: w.memory, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := announces.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer func() { cancel(); wg.Wait() }()

	values, phone, last := &valuesInMemory{memory: w.memory}, &phones{answered: map[string]bool{}}, &lastShown{}
	follows := w.process("one", values, phone, last, false)
	defer follows()
	leads := w.process("two", values, phone, last, true)
	defer func() { leads() }()
	w.until("two sockets", func() bool { return w.slack.Sockets() == 2 })
	w.until("the approval message", w.shows("FR-1", reset.SlotApproval, "Approve"))
	opened := w.click("U_APPROVER1", w.message("FR-1", reset.SlotApproval).TS, "approve").View
	if opened == nil {
		t.Fatalf("no modal\n%s", w.transcript())
	}
	w.until("the number", last.shows(stepup.Waiting, 41))
	leads()
	phone.answer(1)
	leads = w.process("three", values, phone, last, true)
	w.until("the next leader to close the modal", last.shows(stepup.Interrupted, 0))
	if last.view != opened["id"] || approvals() != 0 {
		t.Fatalf("the modal is %s, not %s; %d approvals", last.view, opened["id"], approvals())
	}
	if _, err := w.slack.Click(context.Background(), slacksim.Click{User: "U_APPROVER1", View: last.view, ActionID: "step_up_again"}); err != nil {
		t.Fatal(err)
	}
	w.until("another number", last.shows(stepup.Waiting, 42))
	if n := approvals(); n != 0 {
		t.Errorf("the answer to the first push counts: %d approvals", n)
	}
	phone.answer(2)
	w.until("the approval", func() bool { return approvals() == 1 })
	if r, _ := w.Get(t.Context(), "FR-1"); r.Approved[0].StepUp.Transaction != "v2mst.2" {
		t.Errorf("confirmed by %+v", r.Approved[0].StepUp)
	}
}
