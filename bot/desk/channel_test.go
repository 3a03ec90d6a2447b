package desk_test

import (
	"context"
	"errors"
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
	all, more, err := o.History(t.Context(), o.intent("", first), desk.HistoryQuery{})
	if err != nil || len(all) != 0 || more {
		t.Errorf("of nothing: %d requests, more %v, %v", len(all), more, err)
	}
	for range 21 {
		o.mustPlanning(t)
	}
	all, more, err = o.History(t.Context(), o.intent("", first), desk.HistoryQuery{})
	if err != nil || len(all) != 20 || !more {
		t.Errorf("%d requests, more %v, %v", len(all), more, err)
	}
	for limit, want := range map[int]int{21: 21, 5: 5} {
		all, more, err = o.History(t.Context(), o.intent("", first), desk.HistoryQuery{Limit: limit})
		if err != nil || len(all) != want || more != (want < 21) {
			t.Errorf("%d requests, more %v, %v", len(all), more, err)
		}
	}
}

// closed fails every question about who is in a channel.
type closed struct{ fakePeople }

func (closed) InChannel(context.Context, reset.Channel, reset.Person) (bool, error) {
	return false, errors.New("no answer")
}

// What somebody may not read is left out of what they may, and about a channel Slack is
// asked only where that decides.
func TestDesk_History_ofSeveralChannels(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.Requesters, o.rules.Channels = policy.Group{}, append(o.rules.Channels, "C_OTHER")
	asked := func(id reset.ID, c reset.Channel, by reset.Person) *reset.Request {
		return &reset.Request{ID: id, State: reset.Done, Asked: reset.Ask{By: by, Channel: c}}
	}
	o.Record = &listed{Term: o.term, of: func(reset.Query) []*reset.Request {
		return []*reset.Request{asked("FR-3", "C_OTHER", requester), asked("FR-2", here, requester), asked("FR-1", "C_OTHER", requester)}
	}}
	all, _, err := o.History(t.Context(), o.intent("", ana), desk.HistoryQuery{})
	if err != nil || len(all) != 1 || all[0].ID != "FR-2" {
		t.Errorf("of one channel: %+v, %v", all, err)
	}
	o.People = closed{fakePeople{who: o.people, now: o.Now}}
	for by, want := range map[reset.Person]string{first: "", requester: "", guest: policy.CodeGuest, ana: "unknown: ask who is in C_OTHER: no answer"} {
		if _, _, err := o.History(t.Context(), o.intent("", by), desk.HistoryQuery{}); outcome(err) != want {
			t.Errorf("%s: %q, want %q", by, outcome(err), want)
		}
	}
}
