package roster_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/roster"
)

func TestParseUpload(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	type text = roster.UploadText
	for said, want := range map[string]text{
		"":                              {},
		"lost phones":                   {Reason: "lost phones"},
		"because lost phones":           {Reason: "lost phones"},
		"dry-run":                       {DryRun: true},
		"Dry run: lost phones":          {DryRun: true, Reason: "lost phones"},
		"dry-run because lost phones":   {DryRun: true, Reason: "lost phones"},
		"break-glass because lost":      {BreakGlass: true, Reason: "lost"},
		"again because it did not take": {Again: true, Reason: "it did not take"},
		"factors:sms lost phones":       {Factors: []string{"sms"}, Reason: "lost phones"},
		"factors:sms, call lost phones": {Factors: []string{"sms", "call"}, Reason: "lost phones"},
		"factors: sms , Okta Verify, security key lost":                    {Factors: []string{"sms", "Okta Verify", "security key"}, Reason: "lost"},
		"factors:sms because phones, many, are lost":                       {Factors: []string{"sms"}, Reason: "phones, many, are lost"},
		"factors:sms sessions:revoke lost":                                 {Factors: []string{"sms"}, RevokeSessions: true, Reason: "lost"},
		`at:"tomorrow 07:00" lost`:                                         {At: "tomorrow 07:00", Reason: "lost"},
		"at:tomorrow 07:00 lost phones":                                    {At: "tomorrow 07:00", Reason: "lost phones"},
		"at:16:30 because lost":                                            {At: "16:30", Reason: "lost"},
		`dry-run factors:sms at:"16:30" sessions:revoke because lost, all`: {DryRun: true, Factors: []string{"sms"}, At: "16:30", RevokeSessions: true, Reason: "lost, all"},
		"lost phones, factors:sms":                                         {Reason: "lost phones, factors:sms", Stray: "factors:sms"},
		"lost phones (dry run)":                                            {Reason: "lost phones (dry run)", Stray: "dry run"},
		`lost phones at:"16:30"`:                                           {Reason: `lost phones at:"16:30"`, Stray: `at:"16:30"`},
		"dry-run lost phones sessions:revoke":                              {DryRun: true, Reason: "lost phones sessions:revoke", Stray: "sessions:revoke"},
		"they met at: the reception":                                       {Reason: "they met at: the reception"},
		"status of the phones: lost":                                       {Reason: "status of the phones: lost"},
		"reset MFA for these, because phone lost":                          {Reason: "reset MFA for these, because phone lost"},
		"INC-4711: lost":                                                   {Reason: "INC-4711: lost"},
		"retry of yesterday's list":                                        {Reason: "retry of yesterday's list"},
		"factors:sms lost phone, call me":                                  {Factors: []string{"sms"}, Reason: "lost phone, call me"},
		"factors:all - break glass locked out":                             {Factors: []string{"all"}, Reason: "break glass locked out", Stray: "break glass"},
		"factors:sms - again locked out":                                   {Factors: []string{"sms"}, Reason: "again locked out"},
		"factors:sms, call – dry run was fine":                             {Factors: []string{"sms", "call"}, Reason: "dry run was fine", Stray: "dry run"},
		"factors:all lost phone":                                           {Factors: []string{"all"}, Reason: "lost phone"},
		"at:soon lost phone":                                               {At: "soon", Reason: "lost phone"},
		"be\u200bcause: lost":                                              {Reason: "lost"},
	} {
		got, err := roster.ParseUpload(said, now)
		if err != nil {
			t.Errorf("%q: %v", said, err)
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", said, d)
		}
	}
	for said, code := range map[string]string{
		"factors:because lost": roster.CodeOption, "factors:toes lost": roster.CodeFactor, "factors: because lost": roster.CodeOption, "sessions:keep lost": roster.CodeOption,
		`group:"Sales" lost`: roster.CodeOption, "search:x lost": roster.CodeOption, "at:": roster.CodeOption,
	} {
		_, err := roster.ParseUpload(said, now)
		var refused *roster.Error
		if !errors.As(err, &refused) || refused.Code != code {
			t.Errorf("%q: %v", said, err)
		}
	}
}

func TestUnmentioned(t *testing.T) {
	for text, want := range map[string]string{
		"@bot": "", "@U1 lost": "lost", "lost @bot": "lost", "@bottle lost": "@bottle lost", " @bot, @U1: lost": "lost", "": "",
	} {
		if got := roster.Unmentioned(text, "U1", "bot"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzParseUpload: whatever is said with a file is options and a reason, or refused in words; nothing of the reason is lost.
func FuzzParseUpload(f *testing.F) {
	for _, s := range []string{"", "dry-run factors:sms, call because x", `at:"tomorrow`, "factors:", "again again", "because because"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, said string) {
		got, err := roster.ParseUpload(said, now)
		var refused *roster.Error
		switch {
		case err != nil && (!errors.As(err, &refused) || refused.Words == ""):
			t.Fatalf("%q: %v", said, err)
		case err == nil && cmp.Equal(got, roster.UploadText{Reason: got.Reason}) && len(got.Reason) > len(said):
			t.Fatalf("%q: reason %q", said, got.Reason)
		}
	})
}
