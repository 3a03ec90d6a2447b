package desk_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/store"
)

const oktaFirst = reset.UserID("00ufirstaaaaaaaaaaaa")

// inOkta gives a person an Okta account.
func (o *office) inOkta(id reset.Person, user reset.UserID, groups ...string) {
	p := o.people[id]
	p.OktaIDs, p.Okta = []reset.UserID{user}, &policy.OktaAccount{ID: user, Login: p.Email, Status: "ACTIVE", Groups: groups}
	o.people[id] = p
}

// proof is a confirmation of a decision by the first approver.
func (o *office) proof(subject string) *reset.StepUp {
	return &reset.StepUp{User: oktaFirst, Factor: "push", Transaction: "v2." + subject, At: o.now, For: subject}
}

// What users have reported goes on only with an answer in Okta Verify, where the policy asks
// for answers at all; another pause takes none, but a proof that is given must fit.
func TestDesk_Resume_confirmed(t *testing.T) {
	for name, c := range map[string]struct {
		stepUp policy.StepUp
		cause  reset.Cause
		proof  func(o *office, r *reset.Request) *reset.StepUp
		okta   bool
		want   error
	}{
		"reported, no answers here": {policy.StepUpOff, reset.CauseReported, nil, true, nil},
		"reported, confirmed":       {policy.StepUpLarge, reset.CauseReported, func(o *office, r *reset.Request) *reset.StepUp { return o.proof(r.ResumeSubject()) }, true, nil},
		"reported, for another":     {policy.StepUpLarge, reset.CauseReported, func(o *office, r *reset.Request) *reset.StepUp { return o.proof(r.ApprovalSubject()) }, true, reset.ErrProof},
		"reported, without an Okta user": {policy.StepUpLarge, reset.CauseReported,
			func(o *office, r *reset.Request) *reset.StepUp { return o.proof(r.ResumeSubject()) }, false, reset.ErrProof},
		"for errors": {policy.StepUpLarge, reset.CauseErrors, nil, true, nil},
		"for errors, with a proof of another": {policy.StepUpLarge, reset.CauseErrors,
			func(o *office, r *reset.Request) *reset.StepUp { return o.proof(r.ApprovalSubject()) }, true, reset.ErrProof},
		"no answers here, with a proof of another": {policy.StepUpOff, reset.CauseReported,
			func(o *office, r *reset.Request) *reset.StepUp { return o.proof(r.ApprovalSubject()) }, true, reset.ErrProof},
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			if o.rules.StepUp = c.stepUp; c.okta {
				o.inOkta(first, oktaFirst)
			}
			r := o.mustMove(t, o.mustRunning(t).ID, func(r *reset.Request) (reset.Fact, error) { return r.PauseFor(c.cause, "", "", o.now) })
			in := o.on(r, "resume", first)
			if c.proof != nil {
				in.Proof = c.proof(o, r)
			}
			if _, err := o.Resume(t.Context(), in); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if running := o.mustGet(t, r.ID).State == reset.Running; running != (c.want == nil) {
				t.Errorf("running: %t", running)
			}
		})
	}
	o := mustOpenOffice(t)
	o.rules.StepUp = policy.StepUpLarge
	o.inOkta(first, oktaFirst)
	r := o.mustMove(t, o.mustRunning(t).ID, func(r *reset.Request) (reset.Fact, error) {
		return r.PauseFor(reset.CauseReported, "", "", o.now)
	})
	var missing *reset.StepUpError
	if _, err := o.Resume(t.Context(), o.on(r, "resume", first)); !errors.As(err, &missing) || missing.ID != r.ID || o.mustGet(t, r.ID).State != reset.Paused {
		t.Errorf("without an answer: %v", err)
	}
}

// A freeze is lifted only with answers in Okta Verify, where the policy asks for them.
func TestDesk_Thaw_confirmed(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.StepUp = policy.StepUpLarge
	o.inOkta(first, oktaFirst)
	o.mustFreeze(t)
	var missing *reset.StepUpError
	if _, _, err := o.Thaw(t.Context(), o.intent("thaw", first)); !errors.As(err, &missing) || missing.ID != "" {
		t.Errorf("without an answer: %v", err)
	}
	f, err := o.term.Frozen(t.Context())
	if err != nil || f == nil || len(f.Thaws) != 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	in := o.intent("thaw again", first)
	in.Proof = o.proof(f.ThawSubject())
	if f, lifted, err := o.Thaw(t.Context(), in); err != nil || lifted || len(f.Thaws) != 1 {
		t.Errorf("confirmed: %+v, %t, %v", f, lifted, err)
	}
}

// What is known of a person counts for a minute, to the end of it.
func TestDesk_old_knowledge(t *testing.T) {
	for age, want := range map[time.Duration]error{time.Minute: nil, time.Minute + 1: desk.ErrOldKnowledge} {
		o := mustOpenOffice(t)
		p := o.people[requester]
		p.At = o.now.Add(-age)
		o.people[requester] = p
		if err := o.MayAsk(t.Context(), o.intent("op", requester), "lost phone"); !errors.Is(err, want) {
			t.Errorf("%s old: %v, want %v", age, err, want)
		}
	}
}

// accountsOnly are people of which Slack tells the account alone.
type accountsOnly struct{ fakePeople }

func (accountsOnly) Person(context.Context, reset.Person) (policy.Person, error) {
	return policy.Person{}, errors.New("no answer")
}

// Of a requester is asked what the policy names: the account alone, or groups too.
func TestDesk_MayAsk_by_groups(t *testing.T) {
	o := mustOpenOffice(t)
	o.People = accountsOnly{fakePeople{who: o.people, now: o.Now}}
	if err := o.MayAsk(t.Context(), o.intent("op", requester), "lost phone"); err != nil {
		t.Errorf("named one by one: %v", err)
	}
	o = mustOpenOffice(t)
	p := o.people[ana]
	p.Usergroups = []string{"S1"}
	o.people[ana] = p
	for name, g := range map[string]policy.Group{"a user group": {Usergroups: []string{"S1"}}, "a user group and an Okta group": {Usergroups: []string{"S1"}, OktaGroups: []string{"00g1"}}} {
		o.rules.Requesters = g
		if err := o.MayAsk(t.Context(), o.intent("op", ana), "lost phone"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who an approver is by an Okta group is seen where somebody asks what they may do.
func TestDesk_WhoAmI_by_an_Okta_group(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.Approvers = policy.Group{OktaGroups: []string{"00g1"}}
	o.inOkta(ana, "00uana", "00g1")
	for by, want := range map[reset.Person]bool{ana: true, first: false} {
		if s, err := o.WhoAmI(t.Context(), o.intent("who", by)); err != nil || s.Approver != want || s.Away != "" {
			t.Errorf("%s: %+v, %v", by, s, err)
		}
	}
}

// A home tab has what runs, for those who may read it, and the newest of the past.
func TestDesk_Home_running(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustRunning(t)
	o.mustPending(t, 1) // which does not run
	for by, want := range map[reset.Person]int{requester: 1, first: 1, ana: 0} {
		h, err := o.Home(t.Context(), o.intent("home", by))
		if err != nil || len(h.Running) != want || want > 0 && h.Running[0].ID != r.ID {
			t.Errorf("%s: %+v, %v", by, h.Running, err)
		}
	}
	rec := &listed{Term: o.term, broken: errors.New("the disk is gone")}
	rec.of = func(q reset.Query) (past []*reset.Request) {
		if q.Limit > 0 {
			past = slices.Repeat([]*reset.Request{{State: reset.Done, Asked: reset.Ask{By: requester, Channel: here}}}, 21)
		}
		return past
	}
	o.Record = rec
	if h, err := o.Home(t.Context(), o.intent("home", requester)); err != nil || len(h.Past) != 20 {
		t.Errorf("%d of the past, %v", len(h.Past), err)
	}
	rec.fails = func(q reset.Query) bool { return len(q.States) > 0 && q.Limit == 0 && q.States[0] == reset.Approved }
	if _, err := o.Home(t.Context(), o.intent("home", requester)); !errors.Is(err, rec.broken) {
		t.Errorf("what runs cannot be listed: %v", err)
	}
}

// listed is a record that has these requests, or fails.
type listed struct {
	*store.Term
	of     func(reset.Query) []*reset.Request
	fails  func(reset.Query) bool
	broken error
}

func (l *listed) Requests(_ context.Context, q reset.Query) iter.Seq2[*reset.Request, error] {
	return func(yield func(*reset.Request, error) bool) {
		if l.fails != nil && l.fails(q) {
			yield(nil, l.broken)
			return
		}
		for i, r := range l.of(q) {
			if q.Limit > 0 && i == q.Limit || !yield(r, nil) {
				return
			}
		}
	}
}

// A look for a user ends after so many requests, or rows of their plans, and says so.
func TestDesk_Became_bounds(t *testing.T) {
	o := mustOpenOffice(t)
	asked := func(n, rows int) (all []*reset.Request) {
		for i := range n {
			r := &reset.Request{ID: reset.NewID(1000 + i), Org: org, State: reset.Planning, Asked: reset.Ask{By: requester, Channel: here}}
			if rows > 0 {
				r.Plan = reset.Plan{Digest: digest(1), Targets: rows}
			}
			all = append(all, r)
		}
		return all
	}
	exports := asked(2, 200_001)
	for _, r := range exports {
		r.Asked.Kind = reset.KindExport
	}
	for name, c := range map[string]struct {
		all  []*reset.Request
		more bool
	}{
		"exports, of no rows": {exports, false},
		"after an export":     {slices.Concat(exports, asked(2, 200_001)), true},
		"more rows of two":    {asked(3, 100_001), true},
		"two hundred":         {asked(200, 0), false},
		"one more":            {asked(201, 0), true},
		"as many rows":        {asked(2, 200_000), false},
		"more rows":           {asked(2, 200_001), true},
		"more rows, at last":  {asked(1, 200_001), false},
	} {
		o.Record = &listed{Term: o.term, of: func(reset.Query) []*reset.Request { return c.all }}
		_, more, err := o.Became(t.Context(), o.intent("op", first), roster.UserRef{Kind: roster.UserLogin, Value: "00u1"})
		if err != nil || more != c.more {
			t.Errorf("%s: more %t, %v", name, more, err)
		}
	}
}

// A mention is the Okta user of that account, and nobody where it leads to none.
func TestDesk_Became_mention(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPlan(t, "00u1", "00u2")
	o.inOkta(ana, "00u2")
	for who, want := range map[reset.Person]int{ana: 1, second: 0, "U_NOBODY": 0} {
		all, _, err := o.Became(t.Context(), o.intent("op", first), roster.UserRef{Kind: roster.UserMention, Value: string(who)})
		if err != nil || len(all) != want || want > 0 && (all[0].Request.ID != r.ID || all[0].Target.User != "00u2") {
			t.Errorf("%s: %+v, %v", who, all, err)
		}
	}
	o.People = brokenLists{fakePeople{who: o.people, now: o.Now}}
	if _, _, err := o.Became(t.Context(), o.intent("op", first), roster.UserRef{Kind: roster.UserMention, Value: string(ana)}); err == nil {
		t.Error("Slack does not answer, and somebody is looked for")
	}
}

// brokenLists are people that cannot be asked about several at once.
type brokenLists struct{ fakePeople }

func (brokenLists) Persons(context.Context, ...reset.Person) ([]policy.Person, error) {
	return nil, errors.New("no answer")
}

// Of several rows of a user the one that acts is told, wherever it is.
func TestDesk_Became_twice_in_a_plan(t *testing.T) {
	for name, actions := range map[string][]reset.Action{
		"skipped, then reset": {reset.ActionSkip, reset.ActionReset}, "reset, then skipped": {reset.ActionReset, reset.ActionSkip}, "skipped twice": {reset.ActionSkip, reset.ActionSkip},
		"skipped, reset, skipped":        {reset.ActionSkip, reset.ActionReset, reset.ActionSkip},
		"reset, the rest cannot be read": {reset.ActionReset, unreadable},
	} {
		o := mustOpenOffice(t)
		r := o.mustPlan(t, "00u1", "00u2", "00u3")
		o.Plans = plan{Term: o.term, actions: actions}
		all, _, err := o.Became(t.Context(), o.intent("op", first), roster.UserRef{Kind: roster.UserLogin, Value: "00u1"})
		want := reset.ActionSkip
		for _, a := range actions {
			if a == reset.ActionReset {
				want = a
			}
		}
		if err != nil || len(all) != 1 || all[0].Request.ID != r.ID || all[0].Target.Action != want {
			t.Errorf("%s: %+v, %v", name, all, err)
		}
	}
}

// plan has one user in each row that can be read.
type plan struct {
	*store.Term
	actions []reset.Action
}

const unreadable reset.Action = "unreadable"

func (p plan) Targets(context.Context, reset.ID, int, int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		for i, a := range p.actions {
			var err error
			if a == unreadable {
				err = errors.New("this row cannot be read")
			}
			if !yield(reset.Target{Row: i + 1, User: "00u1", Action: a}, err) {
				return
			}
		}
	}
}

// An upload may be put off, and says so in words that are understood.
func TestDesk_Open_at(t *testing.T) {
	o := mustOpenOffice(t)
	ask := desk.OpenAsk{Reason: "lost phone", Roster: mustRoster(t, "ana@example.com\n"), At: "in 2 hours"}
	r, err := o.Open(t.Context(), o.intent("op", requester), ask)
	if err != nil || !r.Asked.NotTill.Equal(o.now.Add(2*time.Hour)) {
		t.Errorf("%+v, %v", r, err)
	}
	ask.At = "soon"
	var refused *roster.Error
	if _, err := o.Open(t.Context(), o.intent("op 2", requester), ask); !errors.As(err, &refused) || refused.Code != roster.CodeWhen || o.requests(t) != 1 {
		t.Errorf("at no time: %v", err)
	}
}

// A request knows the Okta user of its requester, where there is one.
func TestDesk_Open_as_an_Okta_user(t *testing.T) {
	o := mustOpenOffice(t)
	open := func(op string) reset.UserID {
		t.Helper()
		r, err := o.Open(t.Context(), o.intent(op, requester), desk.OpenAsk{Reason: "lost phone", Roster: mustRoster(t, "ana@example.com\n")})
		if err != nil {
			t.Fatal(err)
		}
		return r.Asked.Okta
	}
	if got := open("unknown"); got != "" {
		t.Errorf("without an Okta user: %s", got)
	}
	o.inOkta(requester, rosa)
	if got := open("known"); got != rosa {
		t.Errorf("as %q, want %q", got, rosa)
	}
}

// A retry from a home tab, which is no channel, is asked for in the request's own.
func TestDesk_Retry_from_nowhere(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustPlan(t, "00u1", "00u2")
	o.mustRun(t, r.ID)
	o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Verify(o.now) })
	o.mustMove(t, r.ID, func(r *reset.Request) (reset.Fact, error) { return r.Finish(reset.Totals{}, o.now) })
	in := o.on(r, "again", requester)
	in.Channel = ""
	if again, err := o.Retry(t.Context(), in); err != nil || again.Asked.Channel != here {
		t.Errorf("%+v, %v", again, err)
	}
	in.Op, in.Channel = "elsewhere", "C_GENERAL"
	if _, err := o.Retry(t.Context(), in); outcome(err) != policy.CodeChannel {
		t.Errorf("in another channel: %v", err)
	}
}
