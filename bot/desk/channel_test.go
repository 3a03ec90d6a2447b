package desk_test

import (
	"testing"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Where the policy names no requesters, the members of the channel are they,
// wherever they ask from, and nobody else reads what was asked there.
func TestDesk_membersOfTheChannelAskAndRead(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.Requesters = policy.Group{}
	o.people["U_BEN"] = policy.Person{Email: "ben@example.com"}
	o.People = fakePeople{who: o.people, now: o.Now, outside: map[reset.Person]bool{ana: true, second: true}}
	r := o.mustPending(t, 1)
	o.mustMove(t, o.mustPlanning(t).ID, func(r *reset.Request) (reset.Fact, error) { return r.Cancel(requester, o.now) })
	ctx := t.Context()
	for _, c := range []struct {
		by         reset.Person
		ask, reads string
	}{
		{requester, "", ""},
		{first, "", ""},
		{"U_BEN", "", ""},                  // a member like any other
		{second, policy.CodeNotMember, ""}, // an approver elsewhere
		{ana, policy.CodeNotMember, policy.CodeNotMember},
		{guest, policy.CodeGuest, policy.CodeGuest},
	} {
		in := o.intent("op", c.by)
		if got := outcome(o.MayAsk(ctx, in, "why")); got != c.ask {
			t.Errorf("%s asks: %q, want %q", c.by, got, c.ask)
		}
		if _, err := o.OpenCommand(ctx, o.intent("open "+string(c.by), c.by), mustCommand(t, "ana@example.com because lost phone")); outcome(err) != c.ask {
			t.Errorf("%s opens: %v, want %q", c.by, err, c.ask)
		}
		if _, err := o.Status(ctx, o.on(r, "", c.by)); outcome(err) != c.reads {
			t.Errorf("%s reads: %v, want %q", c.by, err, c.reads)
		}
		all, _, err := o.History(ctx, in, desk.HistoryQuery{By: requester})
		if outcome(err) != c.reads || c.reads == "" && len(all) < 2 {
			t.Errorf("%s: a history of %d, %v, want %q", c.by, len(all), err, c.reads)
		}
		h, err := o.Home(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		if seen := len(h.Past) > 0; seen != (c.reads == "") || h.Requester != (c.ask == "") {
			t.Errorf("%s: a home tab with %d of the past, requester %v", c.by, len(h.Past), h.Requester)
		}
	}
}

// A history says that there is more than it shows.
func TestDesk_History_saysThatThereIsMore(t *testing.T) {
	o := mustOpenOffice(t)
	for range 21 {
		o.mustPlanning(t)
	}
	all, more, err := o.History(t.Context(), o.intent("", first), desk.HistoryQuery{})
	if err != nil || len(all) != 20 || !more {
		t.Errorf("%d requests, more %v, %v", len(all), more, err)
	}
	all, more, err = o.History(t.Context(), o.intent("", first), desk.HistoryQuery{Limit: 21})
	if err != nil || len(all) != 21 || more {
		t.Errorf("%d requests, more %v, %v", len(all), more, err)
	}
}
