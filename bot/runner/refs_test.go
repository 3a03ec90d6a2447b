package runner_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
	"factorbot/bot/roster"
	"factorbot/okta/oktasim"
)

// openFile records a request for the users of a file.
func (b *bench) openFile(text string) reset.ID {
	b.t.Helper()
	ros, err := roster.Read(strings.NewReader(text), roster.Limits{})
	if err != nil {
		b.t.Fatal(err)
	}
	r, f := reset.Open(orgURL, reset.Ask{By: "U_REQUESTER", Channel: "C_FACTORS", At: time.Now(), Reason: "lost phone"}, len(ros.Rows))
	made, err := b.rec.Create(context.Background(), "", r, slices.Values(ros.Rows), f)
	if err != nil {
		b.t.Fatal(err)
	}
	return made.ID
}

// What Okta does not know gives way to the next column; a row that leads to two users resets neither.
func TestRunner_rows_that_name_a_user_in_several_ways(t *testing.T) {
	given := []oktasim.User{
		{ID: "00uana00000000000001", Login: "ana.lima", Email: "ana@example.com"},
		{ID: "00ubob00000000000001", Login: "bob@example.com"},
		{ID: "00ucarol000000000001", Login: "carol@corp.local", Email: "carol@example.com"},
		{ID: "00udouble00000000001", Login: "shared@example.com", Email: "dora@example.com"},
		{ID: "00udouble00000000002", Login: "eve@example.com", Email: "shared@example.com"},
		{ID: "00uops00000000000001", Login: "ops/admin", Email: "ops@example.com"},
		{ID: "00ucorp0000000000001", Login: `CORP\bob`, Email: "cb@example.com"},
		{ID: "00uguest000000000001", Login: "guest@partner.example"},
	}
	for i := range given {
		given[i].Factors = []oktasim.Factor{{Type: "push"}}
	}
	for name, tt := range map[string]struct {
		row    string // under User ID, Username, Email
		user   string // who is reset; "": nobody
		reason reset.Reason
		detail string
	}{
		"the first column":               {"00ubob00000000000001,bob@example.com,bob@example.com", "bob@example.com", "", ""},
		"the ID of another system":       {"abel.tuter,bob@example.com,bob@example.com", "bob@example.com", "", `"Username"`},
		"a login without @":              {",ana.lima,ana@example.com", "ana.lima", "", `found only by the column "Username"`},
		"a login with a backslash":       {`,CORP\bob,`, `CORP\bob`, "", `"Username"`},
		"a login with a slash":           {",ops/admin,", "ops/admin", "", `"Username"`},
		"only the e-mail is known":       {",blima,bob@example.com", "bob@example.com", "", `found only by the column "Email"`},
		"a guest's principal name":       {",guest_partner.example#EXT#@contoso.onmicrosoft.com,guest@partner.example", "guest@partner.example", "", `"Email"`},
		"login and e-mail differ":        {",carol@corp.local,carol@example.com", "carol@corp.local", "", `"Username"`},
		"two users in a row":             {",bob@example.com,carol@example.com", "", reset.Ambiguous, "carol@corp.local"},
		"an ID and another's e-mail":     {"00ubob00000000000001,,carol@example.com", "", reset.Ambiguous, "bob@example.com"},
		"a login that is also an email":  {",shared@example.com,", "", reset.Ambiguous, "eve@example.com"},
		"an e-mail that is also a login": {",,shared@example.com", "", reset.Ambiguous, "shared@example.com"},
		"nobody":                         {",nobody1,nobody@example.com", "", reset.NotFound, "no Okta user"},
		"no cell":                        {",,", "", reset.InvalidRow, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, oktasim.Options{Given: given}, nil, func(b *bench) {
				// The second row has a user whatever becomes of the first.
				other := "eve@example.com"
				id := b.openFile("User ID,Username,Email,Note\n" + tt.row + ",x\n00udouble00000000002,eve@example.com,,x\n")
				b.await(id, reset.Pending)
				plan := b.plan(id)
				got := plan[1]
				if tt.user == "" {
					if got.Action != reset.ActionSkip || got.Reason != tt.reason {
						t.Errorf("got %+v", got)
					}
				} else if got.Action != reset.ActionReset || got.Login != tt.user {
					t.Errorf("got %+v", got)
				}
				if !strings.Contains(got.Detail, tt.detail) || tt.detail == "" && got.Detail != "" {
					t.Errorf("detail %q", got.Detail)
				}
				if plan[2].Login != other || plan[2].Action != reset.ActionReset {
					t.Errorf("the other row: %+v", plan[2])
				}
				for _, call := range b.org.Calls() {
					path, _, _ := strings.Cut(call.Path, "?")
					for _, login := range []string{"ana.lima", "ops", "CORP", "EXT", "blima", "nobody1"} {
						if strings.Contains(strings.TrimPrefix(path, "/api/v1/users/00uops"), login) {
							t.Errorf("a login in the path of %s", call.Path)
						}
					}
				}
			})
		})
	}
}

// A report with a row for each factor names one user several times.
func TestRunner_max_targets_counts_users(t *testing.T) {
	users, _ := people(3)
	onBench(t, oktasim.Options{Given: users}, func(r *policy.Rules) { r.MaxTargets = 2 }, func(b *bench) {
		id := b.openFile("Login,Factor\nuser0@example.com,push\nuser0@example.com,sms\nuser1@example.com,push\nuser1@example.com,sms\nuser1@example.com,call\n")
		if r := b.await(id, reset.Pending); r.Plan.Resets != 2 || r.Plan.Skips[reset.Duplicate] != 3 {
			t.Errorf("%+v", r.Plan)
		}
		id = b.openFile("Login\nuser0@example.com\nuser1@example.com\nuser2@example.com\n")
		if r := b.await(id, reset.Rejected); r.Code != policy.CodeMaxTargets {
			t.Errorf("%+v", r)
		}
	})
}
