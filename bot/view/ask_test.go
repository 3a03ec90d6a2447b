package view_test

import (
	"encoding/json"
	"strings"
	"testing"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// someFactors is a request for two kinds of factors, with what goes along.
func someFactors() *reset.Request {
	r := pending()
	r.Asked.Options = reset.Options{Factors: []string{"call", "sms"}, RevokeSessions: true, ForgetPhones: true}
	r.Plan.Warnings, r.Plan.Costs = nil, []string{"Ending the sessions doubles the time.", "Some <more>."}
	return r
}

// ofSource is a request of a command, for users that Okta listed.
func ofSource(src reset.Source) *reset.Request {
	r := command()
	r.Asked.Source, r.Asked.Options.RevokeSessions = src, true
	r.Rows, r.Plan.Targets, r.Plan.Resets, r.Plan.Names = 12, 12, 12, nil
	return r
}

// listing is the same while nobody knows how many they are.
func listing(src reset.Source) *reset.Request {
	r, _ := reset.Open("https://example.okta.com", reset.Ask{
		By: "U_REQUESTER", Channel: "C_FACTORS", At: noon, Reason: "phishing", Source: src,
	}, 0)
	r.ID = "FR-7"
	return r
}

// The approval message names the factors as people do.
func TestApproval_namesFactors(t *testing.T) {
	for types, want := range map[string]string{
		"call sms": "only SMS and voice call",
		"push signed_nonce token:software:totp@OKTA":   "only Okta Verify",
		"push signed_nonce token:software:totp@GOOGLE": "only Okta Verify push, Okta FastPass and Google Authenticator",
		"push":                "only Okta Verify push",
		"u2f webauthn":        "only security key",
		"webauthn":            "only WebAuthn",
		"email question":      "only e-mail and security question",
		"token:hardware":      "only hardware token",
		"token@RSA web@DUO":   "only RSA SecurID and Duo",
		"retina <!channel>@x": "Only retina and &lt;!channel&gt;@x",
		"token:software:totp": "only authenticator app code",
	} {
		t.Run(types, func(t *testing.T) {
			r := pending()
			r.Asked.Options.Factors = strings.Fields(types)
			text := textOf(t, view.Approval(r, known(r)))
			if !strings.Contains(text, want) || strings.Contains(text, "reset MFA for") {
				t.Errorf("%q is missing in %s", want, text)
			}
		})
	}
}

// What the approver reads about what stays and what goes is what the options say.
func TestApproval_saysWhatGoesAlong(t *testing.T) {
	const sessions, stay, forget = "heir Okta sessions", "Okta may keep their phone numbers", "Okta forgets their phone numbers"
	for name, c := range map[string]struct {
		o         reset.Options
		says, not []string
	}{
		"all":              {reset.Options{}, []string{stay, "set up MFA again"}, []string{sessions, forget, "Only"}},
		"all and sessions": {reset.Options{RevokeSessions: true}, []string{stay, "Ends their Okta sessions", "Their Okta sessions end"}, []string{forget}},
		"sms":              {reset.Options{Factors: []string{"sms"}}, []string{stay, "They lose SMS and keep their other factors"}, []string{sessions, forget}},
		"sms and number":   {reset.Options{Factors: []string{"sms"}, ForgetPhones: true}, []string{forget}, []string{stay, sessions}},
		"no phone":         {reset.Options{Factors: []string{"push"}}, nil, []string{stay, forget}},
	} {
		t.Run(name, func(t *testing.T) {
			r := pending()
			r.Asked.Options = c.o
			text := textOf(t, view.Approval(r, known(r)))
			for _, s := range c.says {
				if !strings.Contains(text, s) {
					t.Errorf("%q is missing in %s", s, text)
				}
			}
			for _, s := range c.not {
				if strings.Contains(text, s) {
					t.Errorf("%q is said in %s", s, text)
				}
			}
		})
	}
}

// A whole search can be read, even a long one, and nothing in it comes alive.
func TestApproval_showsTheSearch(t *testing.T) {
	expr := strings.Repeat(`profile.login eq "somebody@example.com" or `, 12) + `status eq "ACTIVE"`
	text := textOf(t, view.Approval(ofSource(reset.Source{Search: expr}), known(ofSource(reset.Source{Search: expr}))))
	shown, err := json.Marshal(expr)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "`"+strings.Trim(string(shown), `"`)) {
		t.Errorf("the search is missing in %s", text)
	}
}

func TestOpened_namesTheSet(t *testing.T) {
	for want, src := range map[string]reset.Source{
		"FR-7: planning the members of `Sales`.":                           {Group: "Sales"},
		"FR-7: planning users found by the search `status eq \"ACTIVE\"`.": {Search: `status eq "ACTIVE"`},
	} {
		if got := view.Opened(listing(src)).Text; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// textOf is all of a message as it is sent.
func textOf(tb testing.TB, m view.Message) string {
	tb.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
