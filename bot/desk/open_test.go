package desk_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

func mustRoster(tb testing.TB, text string) *roster.Roster {
	tb.Helper()
	r, err := roster.Read(strings.NewReader(text), roster.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// refusals are the cases in which MayAsk, Open and OpenCommand refuse alike.
var refusals = []struct {
	name    string
	by      reset.Person
	channel reset.Channel
	reason  string
	want    string
}{
	{"a requester", requester, here, "lost phone", ""},
	{"not a requester", ana, here, "lost phone", policy.CodeNotRequester},
	{"a guest", guest, here, "lost phone", policy.CodeGuest},
	{"a stranger", stranger, here, "lost phone", policy.CodeStranger},
	{"deactivated", gone, here, "lost phone", policy.CodeDeactivated},
	{"an app", robot, here, "lost phone", policy.CodeBot},
	{"unknown to Slack", "U_NONE", here, "lost phone", reset.ErrNoPerson.Error()},
	{"wrong channel", requester, "C_GENERAL", "lost phone", policy.CodeChannel},
	{"no reason", requester, here, " ", policy.CodeNoReason},
	{"a reason without end", requester, here, strings.Repeat("x", 1001), policy.CodeReasonLong},
}

func TestDesk_MayAsk(t *testing.T) {
	o := mustOpenOffice(t)
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			in := o.intent("op", tt.by)
			in.Channel = tt.channel
			if got := outcome(o.MayAsk(t.Context(), in, tt.reason)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if n := o.requests(t); n != 0 {
		t.Errorf("to ask whether one may ask made %d requests", n)
	}
}

func TestDesk_Open(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			in := o.intent("op", tt.by)
			in.Channel = tt.channel
			_, err := o.Open(t.Context(), in, desk.OpenAsk{Reason: tt.reason, Roster: mustRoster(t, "login\nana@example.com\n")})
			want := 0
			if tt.want == "" {
				want = 1
			}
			if got := outcome(err); got != tt.want || o.requests(t) != want {
				t.Errorf("got %q and %d requests, want %q and %d", got, o.requests(t), tt.want, want)
			}
		})
	}
}

func TestDesk_Open_records_what_was_asked(t *testing.T) {
	o := mustOpenOffice(t)
	ask := desk.OpenAsk{
		Reason:  "lost phone",
		Source:  reset.Source{File: "users.csv", SHA256: digest(1), Bytes: 24, TS: "1700000000.000100", Column: "login"},
		Options: reset.Options{RevokeSessions: true},
		Roster:  mustRoster(t, "login\nana@example.com\n???\n"),
	}
	r, err := o.Open(t.Context(), o.intent("op", requester), ask)
	if err != nil {
		t.Fatal(err)
	}
	a := r.Asked
	if r.ID != "FR-1" || r.State != reset.Planning || r.Rows != 2 || r.Org != org || r.MovedBy != requester {
		t.Errorf("head %+v", r)
	}
	if a.By != requester || a.Team != team || a.Channel != here || !a.At.Equal(start) || a.Reason != ask.Reason || !cmp.Equal(a.Source, ask.Source) || !a.Options.RevokeSessions {
		t.Errorf("asked %+v", a)
	}
	var rows []reset.Row
	for row, err := range o.term.Roster(t.Context(), r.ID) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if !cmp.Equal(rows, ask.Roster.Rows) {
		t.Errorf("rows %+v, want %+v", rows, ask.Roster.Rows)
	}
	if got := o.facts(t, r.ID); got != "asked" {
		t.Errorf("facts %q", got)
	}
}

func TestDesk_Open_rejects_an_unusable_roster(t *testing.T) {
	tests := []struct {
		name        string
		ask         desk.OpenAsk
		code, words string
	}{
		{"unreadable", desk.OpenAsk{Refusal: &roster.Error{Code: roster.CodeSpreadsheet, Words: "Save it as CSV."}}, roster.CodeSpreadsheet, "Save it as CSV."},
		{"unreadable, half of it read", desk.OpenAsk{Refusal: &roster.Error{Code: roster.CodeQuotes, Words: "Close the quotation mark."}, Roster: &roster.Roster{Rows: make([]reset.Row, 1)}}, roster.CodeQuotes, "Close the quotation mark."},
		{"over max_targets", desk.OpenAsk{Roster: mustRoster(t, "a@b.co\nb@b.co\nc@b.co\nd@b.co\n")}, policy.CodeMaxTargets, "4 users"},
		{"nobody", desk.OpenAsk{Roster: &roster.Roster{}}, "no_roster", "Nobody was named"},
		{"nothing at all", desk.OpenAsk{}, "no_roster", "Nobody was named"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			tt.ask.Reason = "lost phone"
			r, err := o.Open(t.Context(), o.intent("op", requester), tt.ask)
			if err != nil {
				t.Fatal(err)
			}
			if r.State != reset.Rejected || r.Code != tt.code || !strings.Contains(r.Refusal, tt.words) || r.SettledAt.IsZero() {
				t.Errorf("got %s, code %q: %s", r.State, r.Code, r.Refusal)
			}
			if got := o.facts(t, r.ID); got != "rejected" {
				t.Errorf("facts %q", got)
			}
		})
	}
}

func TestDesk_Open_as_many_as_may_be(t *testing.T) {
	o := mustOpenOffice(t)
	r, err := o.Open(t.Context(), o.intent("op", requester), desk.OpenAsk{Reason: "lost phone", Roster: mustRoster(t, "login\na@example.com\nb@example.com\nc@example.com\n")})
	if err != nil || r.State != reset.Planning || r.Rows != 3 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestDesk_Open_once_for_an_op(t *testing.T) {
	o := mustOpenOffice(t)
	open := func(op, reason string) *reset.Request {
		t.Helper()
		r, err := o.Open(t.Context(), o.intent(op, requester), desk.OpenAsk{Reason: reason, Roster: mustRoster(t, "login\nana@example.com\n")})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	made, again, other := open("op", "lost phone"), open("op", "another reason"), open("op 2", "lost phone")
	if again.ID != made.ID || again.Asked.Reason != "lost phone" || other.ID == made.ID || o.requests(t) != 2 {
		t.Errorf("made %s, again %+v, other %s of %d", made.ID, again, other.ID, o.requests(t))
	}
}

func TestDesk_Open_while_frozen(t *testing.T) {
	o := mustOpenOffice(t)
	o.mustFreeze(t)
	_, err := o.Open(t.Context(), o.intent("op", requester), desk.OpenAsk{Reason: "lost phone", Roster: mustRoster(t, "login\nana@example.com\n")})
	if !errors.Is(err, reset.ErrFrozen) || o.requests(t) != 0 {
		t.Errorf("got %v and %d requests", err, o.requests(t))
	}
}

func mustCommand(tb testing.TB, text string) roster.Command {
	tb.Helper()
	c, err := roster.ParseCommand(text)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestDesk_OpenCommand(t *testing.T) {
	const id = "00uABCDEFGHIJKLMNOPQ"
	o := mustOpenOffice(t)
	o.rules.MaxTargets = 10
	tests := []struct {
		name, text string
		want       []reset.Row
	}{
		{"a login", "ana@example.com because lost phone", []reset.Row{{Row: 1, Input: "ana@example.com", Kind: reset.RefLogin, Value: "ana@example.com"}}},
		{"an ID", id + " because lost phone", []reset.Row{{Row: 1, Input: id, Kind: reset.RefID, Value: id}}},
		{"mentions", "<@U_ANA|ana> <@U_APPROVER1> because lost phone", []reset.Row{
			{Row: 1, Input: "<@U_ANA|ana>", Kind: reset.RefEmail, Value: "ana@example.com"},
			{Row: 2, Input: "<@U_APPROVER1>", Kind: reset.RefEmail, Value: "approver1@example.com"},
		}},
		{"without e-mail, unknown, and one who has", "<@U_GONE> <@U_NONE> <@U_ANA> because lost phone", []reset.Row{
			{Row: 1, Input: "<@U_GONE>", Problem: "Slack doesn't show this person's e-mail; use their login or Okta ID"},
			{Row: 2, Input: "<@U_NONE>", Problem: "Slack doesn't show this person's e-mail; use their login or Okta ID"},
			{Row: 3, Input: "<@U_ANA>", Kind: reset.RefEmail, Value: "ana@example.com"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := o.OpenCommand(t.Context(), o.intent(tt.name, requester), mustCommand(t, tt.text))
			if err != nil || r.State != reset.Planning || r.Asked.Reason != "lost phone" || r.Rows != len(tt.want) {
				t.Fatalf("got %+v, %v", r, err)
			}
			var rows []reset.Row
			for row, err := range o.term.Roster(t.Context(), r.ID) {
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, row)
			}
			if !cmp.Equal(rows, tt.want) {
				t.Errorf("rows %+v, want %+v", rows, tt.want)
			}
		})
	}
}

func TestDesk_OpenCommand_refuses(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			in := o.intent("op", tt.by)
			in.Channel = tt.channel
			_, err := o.OpenCommand(t.Context(), in, mustCommand(t, "<@U_ANA> because "+tt.reason))
			if got := outcome(err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDesk_OpenCommand_refuses_what_is_not_served(t *testing.T) {
	o := mustOpenOffice(t)
	for text, words := range map[string]string{
		`filter:status eq "ACTIVE" because lost phone`:         "`filter:`",
		`q:ana because lost phone`:                             "`q:`",
		`ana@example.com group:"Sales" because lost phone`:     "can't be mixed",
		`group:"Sales" group:"Legal" because lost phone`:       "can't be mixed",
		`search:status eq "ACTIVE" group:"Legal" because lost`: "can't be mixed",
		"ana@example.com columns:id,login because lost phone":  "`columns:`",
		"break-glass ana@example.com because lost phone":       "`protect.approvers`",
		"export ana@example.com because audit":                 "`group:`",
		"export group:Sales q:ana because audit":               "can't be mixed",
		"export group:Sales factors:sms because audit":         "`factors:`",
		`export group:Sales columns:"id;a b" because audit`:    "one of the columns",
	} {
		_, err := o.OpenCommand(t.Context(), o.intent(text, requester), mustCommand(t, text))
		var refusal *policy.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Words, words) {
			t.Errorf("%s: got %v, want words with %q", text, err, words)
		}
	}
	if n := o.requests(t); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// slowPeople answers about everybody, after a while.
type slowPeople struct {
	fakePeople
	delay time.Duration
}

func (s slowPeople) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	return s.late(ctx, id, s.fakePeople.Person)
}

func (s slowPeople) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	return s.late(ctx, id, s.fakePeople.Account)
}

func (s slowPeople) Member(ctx context.Context, id reset.Person) (policy.Person, error) {
	return s.late(ctx, id, s.fakePeople.Member)
}

func (s slowPeople) late(ctx context.Context, id reset.Person, ask func(context.Context, reset.Person) (policy.Person, error)) (policy.Person, error) {
	timer := time.NewTimer(s.delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return policy.Person{}, ctx.Err()
	case <-timer.C:
		return ask(ctx, id)
	}
}

// The ten seconds are for the whole intent, however many people it names.
func TestDesk_OpenCommand_asks_ten_seconds_at_most(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := mustOpenOffice(t)
		o.People = slowPeople{fakePeople{who: cast(), now: o.Now}, 4 * time.Second}
		began := time.Now()
		_, err := o.OpenCommand(t.Context(), o.intent("op", requester), mustCommand(t, "<@U_ANA> <@U_APPROVER1> <@U_APPROVER2> because lost phone"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestDesk_OpenCommand_asks_once_who_asks(t *testing.T) {
	o := mustOpenOffice(t)
	asked := &countedPeople{fakePeople: fakePeople{who: cast(), now: o.Now}}
	o.People = asked
	if _, err := o.OpenCommand(t.Context(), o.intent("op", requester), mustCommand(t, "<@U_ANA> because lost phone")); err != nil {
		t.Fatal(err)
	}
	if want := []reset.Person{requester, ana}; !slices.Equal(asked.about, want) {
		t.Errorf("asked about %v, want %v", asked.about, want)
	}
}

// countedPeople remembers the people that it was asked about. For one goroutine.
type countedPeople struct {
	fakePeople
	about []reset.Person
}

func (c *countedPeople) Person(ctx context.Context, id reset.Person) (policy.Person, error) {
	c.about = append(c.about, id)
	return c.fakePeople.Person(ctx, id)
}

func (c *countedPeople) Account(ctx context.Context, id reset.Person) (policy.Person, error) {
	c.about = append(c.about, id)
	return c.fakePeople.Account(ctx, id)
}

func (c *countedPeople) Member(ctx context.Context, id reset.Person) (policy.Person, error) {
	c.about = append(c.about, id)
	return c.fakePeople.Member(ctx, id)
}
