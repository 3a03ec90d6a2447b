package desk_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/store"
)

// withoutOkta knows what Slack says. Okta does not answer, and only of some was anything known before.
type withoutOkta struct {
	fakePeople
	known map[reset.Person]bool
}

func (w withoutOkta) Person(context.Context, reset.Person) (policy.Person, error) {
	return policy.Person{}, &desk.AwayError{Service: "Okta", Err: errors.New("503")}
}

func (w withoutOkta) Member(ctx context.Context, id reset.Person) (policy.Person, error) {
	return w.fakePeople.Member(ctx, id)
}

func (w withoutOkta) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	return w.fakePeople.Account(ctx, id)
}

func (w withoutOkta) Known(ctx context.Context, id reset.Person) (policy.Person, error) {
	if w.known[id] {
		return w.fakePeople.Known(ctx, id)
	}
	return w.Person(ctx, id)
}

func (w withoutOkta) Persons(ctx context.Context, ids ...reset.Person) ([]policy.Person, error) {
	_, err := w.Person(ctx, "")
	return nil, err
}

func (w withoutOkta) Approvers(ctx context.Context) ([]policy.Person, error) { return w.Persons(ctx) }

func isAway(err error, service string) bool {
	var away *desk.AwayError
	return errors.As(err, &away) && away.Service == service
}

// To stop something takes Slack alone, to let something happen both services:
// with Okta away whoever a Slack list names stops everything and starts nothing.
func TestDesk_withoutOkta(t *testing.T) {
	const group = "00gApprovers00000001"
	byGroup := usual()
	byGroup.Approvers = policy.Group{Users: []reset.Person{first}, OktaGroups: []string{group}}
	member := policy.Person{Email: "approver2@example.com", Okta: &policy.OktaAccount{ID: "00uSecond00000000001", Status: "ACTIVE", Groups: []string{group}}}
	for name, c := range map[string]struct {
		rules policy.Rules
		by    reset.Person
		known map[reset.Person]bool
		stops string // what comes of stopping; "": it works
	}{
		"by a Slack list":                     {usual(), first, nil, ""},
		"by a Slack list, beside Okta groups": {byGroup, first, nil, ""},
		"by an Okta group, known today":       {byGroup, second, map[reset.Person]bool{second: true}, ""},
		"by an Okta group, not known":         {byGroup, second, nil, "Okta"},
	} {
		t.Run(name, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.rules, o.people[second] = c.rules, member
			pending, running, third := o.mustPending(t, 1), o.mustRunning(t), o.mustRunning(t)
			paused := o.mustRunning(t)
			o.mustMove(t, paused.ID, func(r *reset.Request) (reset.Fact, error) { return r.PauseFor(reset.CauseErrors, "", "", o.now) })
			o.People = withoutOkta{fakePeople{who: o.people, now: func() time.Time { return o.now }}, c.known}
			ctx := t.Context()
			check := func(what string, err error, want string) {
				t.Helper()
				if want == "" && err != nil || want != "" && !isAway(err, want) {
					t.Errorf("%s: %v, want %q", what, err, want)
				}
			}
			_, err := o.Approve(ctx, o.on(pending, "approve", c.by))
			check("approve", err, "Okta")
			_, err = o.Resume(ctx, o.on(paused, "resume", c.by))
			check("resume", err, "Okta")
			s, err := o.WhoAmI(ctx, o.intent("whoami", c.by))
			check("whoami", err, "")
			if away := c.by == first && o.rules.AsksOkta() || c.stops != ""; (s.Away == "Okta") != away {
				t.Errorf("whoami: away is %q", s.Away)
			}
			_, err = o.MayDecide(ctx, o.on(pending, "", c.by)) // before the review opens
			check("review", err, c.stops)
			_, err = o.Pause(ctx, o.on(running, "pause", c.by))
			check("pause", err, c.stops)
			_, err = o.Cancel(ctx, o.on(third, "cancel", c.by))
			check("cancel", err, c.stops)
			_, err = o.Deny(ctx, o.on(pending, "deny", c.by))
			check("deny", err, c.stops)
			_, err = o.Freeze(ctx, o.intent("freeze", c.by))
			check("freeze", err, c.stops)
			if c.stops != "" {
				o.mustFreeze(t)
			}
			_, _, err = o.Thaw(ctx, o.intent("thaw", c.by))
			check("thaw", err, "Okta")
			if got := o.mustGet(t, paused.ID).State; got != reset.Paused {
				t.Errorf("what was paused is %s", got)
			}
			// Who asked stops what is theirs.
			_, err = o.Cancel(ctx, o.on(o.mustGet(t, paused.ID), "own", requester))
			check("the requester's cancel", err, "")
		})
	}
}

// Whose Slack e-mail is the login of a row says without Okta that it was not them, the
// others only with it, and nobody without Slack.
func TestDesk_Report_withoutOkta(t *testing.T) {
	o := mustOpenOffice(t)
	r := o.mustRunning(t)
	o.Plans = logins{o.term, "ana@example.com"}
	known := fakePeople{who: o.people, now: o.Now}
	in := o.on(r, "op", ana)
	in.Row = 1
	o.People = noMembers{known}
	if _, _, err := o.Report(t.Context(), in); !isAway(err, "Slack") {
		t.Errorf("without Slack: %v", err)
	}
	o.People = withoutOkta{known, nil}
	if _, paused, err := o.Report(t.Context(), in); err != nil || !paused {
		t.Errorf("by the e-mail: paused %t, %v", paused, err)
	}
	in.Op, in.By = "op 2", second
	if _, _, err := o.Report(t.Context(), in); !isAway(err, "Okta") {
		t.Errorf("by another account: %v", err)
	}
}

// logins are plans whose rows all have a login.
type logins struct {
	*store.Term
	login string
}

func (l logins) Targets(_ context.Context, _ reset.ID, _, from int) iter.Seq2[reset.Target, error] {
	return func(yield func(reset.Target, error) bool) {
		yield(reset.Target{Row: from, User: "00u1", Login: l.login, Action: reset.ActionReset}, nil)
	}
}

// noMembers fails every question to Slack about a person.
type noMembers struct{ fakePeople }

func (noMembers) Member(context.Context, reset.Person) (policy.Person, error) {
	return policy.Person{}, &desk.AwayError{Service: "Slack", Err: errors.New("503")}
}
