package desk_test

import (
	"errors"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

const (
	rosa  = reset.UserID("00u0000000000000rosa")
	avery = reset.UserID("00u000000000000avery")
	other = reset.Person("U_OTHER") // another Slack account of somebody, and an approver
)

// account is an ACTIVE Okta user that an e-mail leads to.
func account(email string, id reset.UserID) policy.Person {
	return policy.Person{Email: email, Okta: &policy.OktaAccount{ID: id, Login: email, Status: "ACTIVE"}, OktaIDs: []reset.UserID{id}}
}

// A second Slack account does not make a second person, whether the e-mail
// gives it away, in any case, or the Okta user behind it.
func TestDesk_second_account(t *testing.T) {
	for name, second := range map[string]policy.Person{
		"the same e-mail":                 {Email: "requester@example.com"},
		"in another case":                 {Email: "Requester@Example.COM"},
		"another e-mail of the same user": account("rosa.quint@example.com", rosa),
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.rules.Approvers.Users = append(o.rules.Approvers.Users, other)
			o.people[requester] = account("requester@example.com", rosa)
			o.people[other] = second

			r := o.mustPending(t, 1)
			if _, err := o.Approve(t.Context(), o.on(r, "own", other)); outcome(err) != policy.CodeOwnRequest {
				t.Errorf("the requester's: got %v", err)
			}
			o.people[first] = o.people[requester]
			r = o.mustPending(t, 2)
			o.people[requester] = policy.Person{Email: "somebody@example.com"}
			if _, err := o.Approve(t.Context(), o.on(r, "one", first)); err != nil {
				t.Fatal(err)
			}
			if _, err := o.Approve(t.Context(), o.on(r, "two", other)); outcome(err) != policy.CodeSamePerson {
				t.Errorf("an approver's: got %v", err)
			}
		})
	}
}

// By a second account a requester does not lift what an approver stopped.
func TestDesk_Resume_by_the_requesters_second_account(t *testing.T) {
	for name, second := range map[string]policy.Person{
		"the same e-mail": {Email: "Requester@example.com"}, "the same Okta user": account("rosa.quint@example.com", rosa),
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.rules.Approvers.Users = append(o.rules.Approvers.Users, other)
			o.people[requester], o.people[other] = account("requester@example.com", rosa), second
			r := o.mustRunning(t)
			if _, err := o.Pause(t.Context(), o.on(r, "pause", first)); err != nil {
				t.Fatal(err)
			}
			if _, err := o.Resume(t.Context(), o.on(r, "resume", other)); outcome(err) != reset.ErrNotTheirs.Error() {
				t.Errorf("got %v", err)
			}
			if _, err := o.Resume(t.Context(), o.on(r, "really", first)); err != nil {
				t.Errorf("an approver: %v", err)
			}
		})
	}
}

// large opens a request of so many rows by a person and leaves it in planning.
func (o *office) large(t *testing.T, op string, by reset.Person, okta reset.UserID, rows int) *reset.Request {
	t.Helper()
	r, f := reset.Open(org, reset.Ask{By: by, Okta: okta, Channel: here, At: o.now, Reason: "lost phone"}, rows)
	r, err := o.term.Create(t.Context(), op, r, func(func(reset.Row) bool) {}, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A roster that is split over many requests, or two accounts, at once, is as large as it was.
func TestDesk_Approve_of_a_split_roster(t *testing.T) {
	for name, by := range map[string]reset.Person{"by one account": requester, "by two": other} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.rules.LargeBatch = policy.LargeBatch{Over: 5, Approvals: 2}
			o.people[requester], o.people[other] = account("requester@example.com", rosa), account("rosa.quint@example.com", rosa)
			r := o.large(t, "", requester, rosa, 1)
			r = o.mustFreezePlan(t, r.ID, 1, 1)
			for _, op := range []string{"a", "b", "c"} {
				o.large(t, op, by, rosa, 2)
			}
			got, err := o.Approve(t.Context(), o.on(r, "op", first))
			if err != nil || got.State != reset.Pending || got.Terms.Approvals != 2 || got.Terms.Recent != 6 {
				t.Fatalf("got %+v in %s, %v", got.Terms, got.State, err)
			}
			if got, err = o.Approve(t.Context(), o.on(r, "op 2", second)); err != nil || got.State != reset.Approved {
				t.Errorf("the second: %v, %v", got, err)
			}
		})
	}
}

// Who approved, and has lost what let them since, does not count when the last approval comes.
func TestDesk_Approve_asks_about_the_earlier_again(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*policy.Person)
		fell   string
	}{
		"deactivated":          {func(p *policy.Person) { p.Deleted = true }, "their Slack account is deactivated"},
		"a guest now":          {func(p *policy.Person) { p.Guest = true }, "they aren't a full member of this workspace any more"},
		"of another workspace": {func(p *policy.Person) { p.Stranger = true }, "they aren't a full member of this workspace any more"},
		"out of the group":     {func(p *policy.Person) { p.Usergroups, p.Okta = nil, &policy.OktaAccount{ID: avery, Status: "ACTIVE"} }, "they aren't an approver any more"},
		"suspended in Okta": {func(p *policy.Person) {
			p.Okta = &policy.OktaAccount{ID: avery, Status: "SUSPENDED", Groups: []string{"00g1"}}
		}, "they aren't an approver any more"},
		"out of the Okta one": {func(p *policy.Person) {
			p.Okta = &policy.OktaAccount{ID: avery, Status: "ACTIVE", Groups: []string{"00g2"}}
		}, "they aren't an approver any more"},
		"without Okta user": {func(p *policy.Person) { p.Okta = nil }, "they aren't an approver any more"},
		"the requester's":   {func(p *policy.Person) { p.Email = "REQUESTER@example.com" }, "they're the requester, with another account"},
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.rules.Approvers = policy.Group{Usergroups: []string{"S1"}, OktaGroups: []string{"00g1"}}
			for p, id := range map[reset.Person]reset.UserID{first: avery, second: "00u0000000000000alex", ana: "00u00000000000000ana"} {
				who := account(string(p)+"@example.com", id)
				who.Usergroups, who.Okta.Groups = []string{"S1"}, []string{"00g1"}
				o.people[p] = who
			}
			r := o.mustPending(t, 2)
			if _, err := o.Approve(t.Context(), o.on(r, "one", first)); err != nil {
				t.Fatal(err)
			}
			p := o.people[first]
			c.change(&p)
			o.people[first] = p
			got, err := o.Approve(t.Context(), o.on(r, "two", second))
			if err != nil || got.State != reset.Pending || len(got.Approved) != 1 || got.Approved[0].By != second || len(got.Revoked) != 1 || got.Revoked[0].Why != c.fell {
				t.Fatalf("got %+v, fallen %+v in %s, %v", got.Approved, got.Revoked, got.State, err)
			}
			if got, err = o.Approve(t.Context(), o.on(r, "three", ana)); err != nil || got.State != reset.Approved {
				t.Errorf("another: %v, %v", got, err)
			}
		})
	}
}

// What opened a request before the freeze gives that request when it comes again.
func TestDesk_Open_again_while_frozen(t *testing.T) {
	o := mustOpenOffice(t)
	in, command := o.intent("op", requester), mustCommand(t, "ana@example.com because lost phone")
	made, err := o.OpenCommand(t.Context(), in, command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Freeze(t.Context(), o.intent("freeze", first)); err != nil {
		t.Fatal(err)
	}
	again, err := o.OpenCommand(t.Context(), in, command)
	if err != nil || again.ID != made.ID || o.requests(t) != 1 {
		t.Errorf("got %+v, %v", again, err)
	}
	if _, err := o.OpenCommand(t.Context(), o.intent("another", requester), command); outcome(err) != reset.ErrFrozen.Error() {
		t.Errorf("a new one: %v", err)
	}
}

// A freeze is lifted by two different people that the policy still names.
func TestDesk_Thaw(t *testing.T) {
	type step struct {
		by   reset.Person
		want string
		lift bool
	}
	for name, c := range map[string]struct {
		prepare func(o *office)
		between func(o *office) // after the first step
		steps   []step
	}{
		"two people": {steps: []step{{first, "", false}, {second, "", true}}},
		"not an approver, a guest, twice, stale ones": {steps: []step{
			{first, "", false}, {ana, policy.CodeNotApprover, false}, {guest, policy.CodeGuest, false}, {first, reset.ErrAlreadyCounted.Error(), false}, {second, "", true},
		}},
		"one person by two accounts": {
			prepare: func(o *office) { o.people[second] = policy.Person{Email: "APPROVER1@example.com"} },
			steps:   []step{{first, "", false}, {second, reset.ErrAlreadyCounted.Error(), false}, {requester, "", true}},
		},
		"who left between": {
			between: func(o *office) { o.people[first] = policy.Person{Email: "approver1@example.com", Deleted: true} },
			steps:   []step{{first, "", false}, {second, "", false}, {requester, "", true}},
		},
		"the only one": {
			prepare: func(o *office) { o.rules.Approvers = policy.Group{Users: []reset.Person{first}} },
			steps:   []step{{second, policy.CodeNotApprover, false}, {first, "", true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			if c.prepare != nil {
				c.prepare(o)
			}
			r := o.mustRunning(t)
			if _, err := o.Freeze(t.Context(), o.intent("freeze", first)); err != nil {
				t.Fatal(err)
			}
			if got := o.mustGet(t, r.ID); got.State != reset.Paused || got.Pause.Cause != reset.CauseFreeze {
				t.Fatalf("frozen: %s", got.State)
			}
			if _, err := o.Resume(t.Context(), o.on(r, "resume", first)); outcome(err) != reset.ErrFrozen.Error() {
				t.Errorf("resumed while frozen: %v", err)
			}
			for i, s := range c.steps {
				_, lifted, err := o.Thaw(t.Context(), o.intent("thaw "+string(rune('a'+i)), s.by))
				if outcome(err) != s.want || lifted != s.lift {
					t.Fatalf("step %d: got %v, %v", i, lifted, err)
				}
				if i == 0 && c.between != nil {
					c.between(o)
				}
			}
			if got := o.mustGet(t, r.ID); got.State != reset.Running {
				t.Errorf("after the thaw: %s", got.State)
			}
		})
	}
}

func TestDesk_Thaw_stale_or_not_frozen(t *testing.T) {
	o := mustOpenOffice(t)
	if _, _, err := o.Thaw(t.Context(), o.intent("op", first)); !errors.Is(err, desk.ErrNotFrozen) {
		t.Errorf("nothing is frozen: %v", err)
	}
	if _, err := o.Freeze(t.Context(), o.intent("freeze", first)); err != nil {
		t.Fatal(err)
	}
	in := o.intent("late", first)
	in.Asked = o.now.Add(-2*time.Minute - 1)
	if _, _, err := o.Thaw(t.Context(), in); !errors.Is(err, desk.ErrStale) {
		t.Errorf("stale: %v", err)
	}
	if _, err := o.Freeze(t.Context(), o.intent("freeze again", second)); !errors.Is(err, desk.ErrFrozenAlready) {
		t.Errorf("frozen already: %v", err)
	}
}

// An approval that stood for a group falls away with the place in that group,
// though the person may still approve.
func TestDesk_Approve_for_a_group_that_was_left(t *testing.T) {
	o := mustOpenOffice(t)
	in := func(groups ...string) policy.Person {
		return policy.Person{Email: groups[0] + "@example.com", Usergroups: groups[1:]}
	}
	o.people[first], o.people[second] = in("avery", "S1"), in("alex", "S1", "S2")
	r := o.mustMove(t, o.mustPlanning(t).ID, func(r *reset.Request) (reset.Fact, error) {
		terms := reset.Terms{Approvals: 1, From: []reset.Quorum{{Name: "@one", Members: []string{"S1"}}, {Name: "@two", Members: []string{"S2"}}}}
		return r.FreezePlan(reset.Plan{Revision: 1, Digest: digest(1), FrozenAt: o.now, Targets: 1, Resets: 1}, terms, o.now.Add(time.Hour), o.now)
	})
	if _, err := o.Approve(t.Context(), o.on(r, "one", first)); err != nil {
		t.Fatal(err)
	}
	o.people[first] = in("avery")
	got, err := o.Approve(t.Context(), o.on(r, "two", second))
	if err != nil || got.State != reset.Pending || len(got.Revoked) != 1 || got.Revoked[0].Why != "they aren't in the group any more that they approved for" {
		t.Fatalf("got %+v in %s, %v", got.Approved, got.State, err)
	}
	o.people[first] = in("avery", "S1")
	if got, err = o.Approve(t.Context(), o.on(r, "three", first)); err != nil || got.State != reset.Approved {
		t.Errorf("back in it: %v", err)
	}
}
