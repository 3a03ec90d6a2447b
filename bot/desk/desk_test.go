package desk_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	org  = "https://example.okta.com"
	team = "T_SANDBOX"

	requester reset.Person = "U_REQUESTER"
	first     reset.Person = "U_APPROVER1"
	second    reset.Person = "U_APPROVER2"
	ana       reset.Person = "U_ANA" // neither requester nor approver
	guest     reset.Person = "U_GUEST"
	stranger  reset.Person = "U_STRANGER"
	gone      reset.Person = "U_GONE"
	robot     reset.Person = "U_FACTORBOT"

	here reset.Channel = "C_FACTORS"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fakePeople knows the people that it has, as of now unless they say otherwise.
type fakePeople struct {
	who map[reset.Person]policy.Person
	now func() time.Time

	outside map[reset.Person]bool // who has not joined the channel
}

func (f fakePeople) Person(_ context.Context, id reset.Person) (policy.Person, error) {
	p, ok := f.who[id]
	if !ok {
		return policy.Person{}, reset.ErrNoPerson
	}
	p.ID = id
	if p.Team == "" {
		p.Team = team
	}
	if p.At.IsZero() {
		p.At = f.now()
	}
	return p, nil
}

func (f fakePeople) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	p, err := f.Person(ctx, id)
	p.Okta, p.OktaIDs, p.Usergroups = nil, nil, nil
	return p, err
}

func (f fakePeople) Member(ctx context.Context, id reset.Person) (policy.Person, error) {
	p, err := f.Person(ctx, id)
	p.Okta, p.OktaIDs = nil, nil
	return p, err
}

func (f fakePeople) Known(ctx context.Context, id reset.Person) (policy.Person, error) {
	return f.Person(ctx, id)
}

func (f fakePeople) InChannel(_ context.Context, c reset.Channel, id reset.Person) (bool, error) {
	_, known := f.who[id]
	return known && c == here && !f.outside[id], nil
}

func (f fakePeople) Persons(ctx context.Context, ids ...reset.Person) (all []policy.Person, err error) {
	for _, id := range ids {
		p, err := f.Person(ctx, id)
		if err != nil {
			p = policy.Person{ID: id, Deleted: true, At: f.now()}
		}
		all = append(all, p)
	}
	return all, nil
}

// Approvers lists everybody: the policy chooses.
func (f fakePeople) Approvers(ctx context.Context) ([]policy.Person, error) {
	return f.Persons(ctx, slices.Sorted(maps.Keys(f.who))...)
}

func cast() map[reset.Person]policy.Person {
	return map[reset.Person]policy.Person{
		requester: {Email: "requester@example.com"},
		first:     {Email: "approver1@example.com"},
		second:    {Email: "approver2@example.com"},
		ana:       {Email: "ana@example.com"},
		guest:     {Email: "guest@example.com", Guest: true},
		stranger:  {Email: "stranger@partner.example", Team: "T_PARTNER", Stranger: true},
		gone:      {Deleted: true},
		robot:     {Bot: true},
	}
}

// usual is a policy that names as approvers even those who never are: so it is not
// the missing name that refuses them.
func usual() policy.Rules {
	return policy.Rules{
		Channels:      []reset.Channel{here},
		Requesters:    policy.Group{Users: []reset.Person{requester, guest, stranger, gone, robot}},
		Approvers:     policy.Group{Users: []reset.Person{first, second, requester, guest, stranger, gone, robot}},
		Approvals:     1,
		ExpiresAfter:  24 * time.Hour,
		ExecuteWithin: 24 * time.Hour,
		MaxTargets:    3,
		RequireReason: true,
	}
}

// office is a desk with a record of its own and a clock that stands still.
type office struct {
	*desk.Desk
	term   *store.Term
	people map[reset.Person]policy.Person
	rules  policy.Rules
	now    time.Time
}

func mustOpenOffice(tb testing.TB) *office {
	tb.Helper()
	o := &office{rules: usual(), people: cast(), now: start}
	file, err := store.Open(filepath.Join(tb.TempDir(), "factorbot.db"), org)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := file.Close(); err != nil {
			tb.Error(err)
		}
	})
	if o.term, err = file.Lead(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	o.Desk = &desk.Desk{
		Record: o.term, Plans: o.term, Freezes: o.term, Org: org,
		People: fakePeople{who: o.people, now: func() time.Time { return o.now }},
		Rules:  func() policy.Rules { return o.rules },
		Now:    func() time.Time { return o.now },
	}
	return o
}

// intent is what the person wants at this moment, in the channel for requests.
func (o *office) intent(op string, by reset.Person) desk.Intent {
	in := desk.Intent{Op: op, By: by, Team: team, Channel: here, Asked: o.now}
	if by == stranger {
		in.Team = "T_PARTNER"
	}
	return in
}

// on is the intent about a request, with the digest of its plan.
func (o *office) on(r *reset.Request, op string, by reset.Person) desk.Intent {
	in := o.intent(op, by)
	in.Request, in.Digest = r.ID, r.Plan.Digest
	return in
}

// tester is what the helpers need of a test, so that rapid's can use them.
type tester interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// mustPlanning opens a request of one user.
func (o *office) mustPlanning(tb tester) *reset.Request {
	tb.Helper()
	ask := reset.Ask{By: requester, Channel: here, At: o.now, Reason: "lost phone"}
	r, f := reset.Open(org, ask, 1)
	rows := func(yield func(reset.Row) bool) {
		yield(reset.Row{Row: 1, Input: "ana@example.com", Kind: reset.RefLogin, Value: "ana@example.com"})
	}
	r, err := o.term.Create(tb.Context(), "", r, rows, f)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// mustPending opens a request and freezes its plan, as the runner does.
func (o *office) mustPending(tb tester, approvals int) *reset.Request {
	tb.Helper()
	return o.mustFreezePlan(tb, o.mustPlanning(tb).ID, 1, approvals)
}

func (o *office) mustFreezePlan(tb tester, id reset.ID, revision, approvals int) *reset.Request {
	tb.Helper()
	return o.mustMove(tb, id, func(r *reset.Request) (reset.Fact, error) {
		plan := reset.Plan{Revision: revision, Digest: digest(revision), FrozenAt: o.now, Targets: 40, Resets: 1}
		return r.FreezePlan(plan, reset.Terms{Approvals: approvals, ExecuteWithin: o.rules.ExecuteWithin}, o.now.Add(o.rules.ExpiresAfter), o.now)
	})
}

// mustRunning brings a request as far as its run.
func (o *office) mustRunning(tb tester) *reset.Request {
	tb.Helper()
	r := o.mustPending(tb, 1)
	o.mustMove(tb, r.ID, func(r *reset.Request) (reset.Fact, error) {
		return r.Approve(reset.Decision{By: first, Digest: r.Plan.Digest}, 0, o.now)
	})
	return o.mustMove(tb, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Start(o.now) })
}

// mustMove moves a request behind the desk's back.
func (o *office) mustMove(tb tester, id reset.ID, move func(*reset.Request) (reset.Fact, error)) *reset.Request {
	tb.Helper()
	r, err := o.term.Update(tb.Context(), id, "", false, func(r *reset.Request) ([]reset.Fact, error) {
		f, err := move(r)
		return []reset.Fact{f}, err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (o *office) mustGet(tb tester, id reset.ID) *reset.Request {
	tb.Helper()
	r, err := o.term.Get(tb.Context(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func (o *office) mustFreeze(tb tester) {
	tb.Helper()
	_, err := o.term.Freeze(tb.Context(), "", func(*reset.Freeze) (*reset.Freeze, []reset.Fact, error) {
		return &reset.Freeze{By: first, At: o.now}, nil, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// facts returns the names of a request's facts, in their order.
func (o *office) facts(tb tester, id reset.ID) string {
	tb.Helper()
	var names []string
	for e, err := range o.term.Log(tb.Context(), id, 0) {
		if err != nil {
			tb.Fatal(err)
		}
		if e.Fact != nil {
			names = append(names, e.Fact.Name)
		}
	}
	return strings.Join(names, " ")
}

// requests counts what the record has.
func (o *office) requests(tb tester) (n int) {
	tb.Helper()
	for _, err := range o.term.Requests(tb.Context(), reset.Query{}) {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return n
}

// digest is that of a plan's n-th revision.
func digest(n int) reset.Digest {
	return reset.Digest(strings.Repeat(string(rune('a'+n%6)), 64))
}

// outcome puts an error in a word: the code of a refusal, the state that a move
// found, or the error's own text where it is one of ours.
func outcome(err error) string {
	var refusal *policy.Refusal
	var moved *reset.TransitionError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Code
	case errors.As(err, &moved):
		return "is " + string(moved.Found)
	}
	for _, known := range []error{
		desk.ErrStale, reset.ErrNoPerson, reset.ErrOwnRequest, reset.ErrAlreadyCounted, reset.ErrOtherPlan,
		reset.ErrExpired, reset.ErrNotTheirs, reset.ErrNotFound, reset.ErrFrozen,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "unknown: " + err.Error()
}
