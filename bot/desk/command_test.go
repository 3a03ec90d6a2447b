package desk_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/desk"
	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
)

func TestDesk_OpenCommand_of_a_group_or_a_search(t *testing.T) {
	for text, want := range map[string]reset.Source{
		`group:"R&amp;D; West" because lost phones`:                  {Group: "R&D; West"},
		`search:profile.department eq “Sales” because lost phones`:   {Search: `profile.department eq "Sales"`},
		`sessions:revoke group:All Contractors because lost phones`:  {Group: "All Contractors"},
		`search:status eq "ACTIVE" factors:sms because lost phones`:  {Search: `status eq "ACTIVE"`},
		`factors:sms group:'; DROP sessions:revoke because phishing`: {Group: "'; DROP"},
	} {
		t.Run(text, func(t *testing.T) {
			o := mustOpenOffice(t)
			r, err := o.OpenCommand(t.Context(), o.intent("op", requester), mustCommand(t, text))
			if err != nil || r.State != reset.Planning || r.Rows != 0 || !reflect.DeepEqual(r.Asked.Source, want) {
				t.Fatalf("got %+v, %v", r, err)
			}
			if got := o.facts(t, r.ID); got != "asked" {
				t.Errorf("facts %q", got)
			}
			for row, err := range o.term.Roster(t.Context(), r.ID) {
				t.Errorf("row %+v, %v", row, err)
			}
		})
	}
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			in := o.intent("op", tt.by)
			in.Channel = tt.channel
			_, err := o.OpenCommand(t.Context(), in, mustCommand(t, `group:"Sales" because `+tt.reason))
			if got := outcome(err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDesk_OpenCommand_options(t *testing.T) {
	all := policy.Rules{RevokeSessions: true, ForgetPhones: true, DryRun: true}
	tests := []struct {
		name, text string
		policy     policy.Rules
		want       reset.Options
	}{
		{"all factors", "ana@example.com because x", policy.Rules{}, reset.Options{}},
		{"all factors, said", "ana@example.com factors:all because x", policy.Rules{}, reset.Options{}},
		{"some", "ana@example.com factors:SMS, voice call because x", policy.Rules{}, reset.Options{Factors: []string{"call", "sms"}}},
		{"sessions", "ana@example.com sessions:revoke because x", policy.Rules{}, reset.Options{RevokeSessions: true}},
		{"the policy's sessions", "ana@example.com because x", policy.Rules{RevokeSessions: true}, reset.Options{RevokeSessions: true}},
		{"numbers go with sms", "ana@example.com factors:sms because x", policy.Rules{ForgetPhones: true}, reset.Options{Factors: []string{"sms"}, ForgetPhones: true}},
		{"numbers go with calls", "ana@example.com factors:call,push because x", policy.Rules{ForgetPhones: true}, reset.Options{Factors: []string{"call", "push"}, ForgetPhones: true}},
		{"no number to forget", "ana@example.com factors:push because x", policy.Rules{ForgetPhones: true}, reset.Options{Factors: []string{"push"}}},
		{"a whole reset forgets no number", "ana@example.com because x", all, reset.Options{RevokeSessions: true, DryRun: true}},
		{"of a group", "group:Sales factors:Google Authenticator because x", all, reset.Options{Factors: []string{"token:software:totp@GOOGLE"}, RevokeSessions: true, DryRun: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.rules.RevokeSessions, o.rules.ForgetPhones, o.rules.DryRun = tt.policy.RevokeSessions, tt.policy.ForgetPhones, tt.policy.DryRun
			r, err := o.OpenCommand(t.Context(), o.intent("op", requester), mustCommand(t, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.Asked.Options); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a policy always does, it does for uploads too.
func TestDesk_Open_takes_the_policys_options(t *testing.T) {
	o := mustOpenOffice(t)
	o.rules.RevokeSessions = true
	r, err := o.Open(t.Context(), o.intent("op", requester), desk.OpenAsk{Reason: "lost phone", Roster: mustRoster(t, "login\nana@example.com\n")})
	if err != nil || !r.Asked.Options.RevokeSessions {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestDesk_OpenCommand_refuses_a_factor_that_is_not_known(t *testing.T) {
	o := mustOpenOffice(t)
	_, err := o.OpenCommand(t.Context(), o.intent("op", requester), mustCommand(t, "ana@example.com factors:sms,webautn because x"))
	var refused *roster.Error
	if !errors.As(err, &refused) || refused.Code != roster.CodeFactor || !strings.Contains(refused.Words, `"webauthn"`) || o.requests(t) != 0 {
		t.Errorf("got %v and %d requests", err, o.requests(t))
	}
}

func TestDesk_OpenCommand_verbs(t *testing.T) {
	group := reset.Source{Group: "Sales"}
	export := func(source reset.Source, columns ...string) reset.Ask {
		return reset.Ask{Kind: reset.KindExport, Source: source, Columns: columns}
	}
	for text, want := range map[string]reset.Ask{
		"dry-run ana@example.com because x":                           {Options: reset.Options{DryRun: true}},
		"dry-run group:Sales because x":                               {Source: group, Options: reset.Options{DryRun: true}},
		"break-glass ana@example.com because x":                       {Options: reset.Options{BreakGlass: true, TellUsers: true}},
		"export group:Sales because x":                                export(group, "id", "status", "login", "email"),
		`export filter:status eq "ACTIVE" columns:id,login because x`: export(reset.Source{Filter: `status eq "ACTIVE"`}, "id", "login"),
		"export q:an columns:factors,id,id because x":                 export(reset.Source{Query: "an"}, "factors", "id"),
		`export search:status eq "ACTIVE" because x`:                  export(reset.Source{Search: `status eq "ACTIVE"`}, "id", "status", "login", "email"),
	} {
		t.Run(text, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.rules.Protect.Approvers, o.rules.TellUsers = []reset.Person{first}, true
			r, err := o.OpenCommand(t.Context(), o.intent("op", requester), mustCommand(t, text))
			if err != nil {
				t.Fatal(err)
			}
			got := reset.Ask{Kind: r.Asked.Kind, Source: r.Asked.Source, Options: r.Asked.Options, Columns: r.Asked.Columns}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The time that is typed is meant where the person is.
func TestDesk_OpenCommand_at(t *testing.T) {
	for _, tt := range []struct{ zone, at, want string }{
		{"", "tomorrow 07:00", "2026-03-03T07:00:00Z"},
		{"Europe/Berlin", "tomorrow 07:00", "2026-03-03T06:00:00Z"},
		{"America/New_York", "16:30", "2026-03-02T21:30:00Z"},
		{"Nowhere/Nothing", "in 2 hours", "2026-03-02T11:00:00Z"},
		{"Europe/Berlin", "08:00", ""}, // it is 10:00 there
		{"Europe/Berlin", "2027-03-02 07:00", ""},
		{"", "whenever", ""},
	} {
		t.Run(tt.zone+" "+tt.at, func(t *testing.T) {
			o := mustOpenOffice(t)
			o.people[requester] = policy.Person{Zone: tt.zone}
			r, err := o.OpenCommand(t.Context(), o.intent("op", requester), mustCommand(t, `ana@example.com at:"`+tt.at+`" because x`))
			var refused *roster.Error
			switch {
			case tt.want == "" && (!errors.As(err, &refused) || refused.Code != roster.CodeWhen || o.requests(t) != 0):
				t.Errorf("got %v", err)
			case tt.want != "" && (err != nil || r.Asked.NotTill.UTC().Format(time.RFC3339) != tt.want):
				t.Errorf("got %v, %v, want %s", r, err, tt.want)
			}
		})
	}
}

// Nobody is reset in half a year because somebody said so in a form.
func TestDesk_Open_not_too_far_ahead(t *testing.T) {
	o := mustOpenOffice(t)
	_, err := o.Open(t.Context(), o.intent("op", requester), desk.OpenAsk{Reason: "x", Roster: mustRoster(t, "login\nana@example.com\n"), NotTill: start.Add(31 * 24 * time.Hour)})
	if got := outcome(err); got != roster.CodeWhen {
		t.Errorf("got %q", got)
	}
}
