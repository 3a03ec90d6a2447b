package roster_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"factorbot/bot/roster"
)

// oktaTypes are Okta's factorType words (management API, schema UserFactorType, release 2026.06.3).
var oktaTypes = []string{
	"call", "email", "push", "question", "signed_nonce", "sms", "token", "token:hardware", "token:hotp",
	"token:software:totp", "u2f", "web", "webauthn",
}

func TestFactorTypes(t *testing.T) {
	tests := []struct {
		names string // as the command has them, with commas
		want  string
	}{
		{"sms,call", "call sms"},
		{"call,sms,SMS,Call", "call sms"},
		{"SMS", "sms"},
		{"text message,Text Messages", "sms"},
		{"voice call,phone call,phone calls", "call"},
		{"sms call", "call sms"},
		{"sms and voice call", "call sms"},
		{"sms + call", "call sms"},
		{"phone", "call sms"},
		{"e-mail", "email"},
		{"E-Mail,email,EMAIL", "email"},
		{"Okta Verify", "push signed_nonce token:software:totp@OKTA"},
		{"okta-verify", "push signed_nonce token:software:totp@OKTA"},
		{"okta verify push", "push"},
		{"Okta FastPass", "signed_nonce"},
		{"okta_verify_fastpass", "signed_nonce"}, // the keys of Okta Verify split into three authenticators
		{"okta_verify_push", "push"},
		{"okta_verify_totp", "token:software:totp@OKTA"},
		{"Okta Verify TOTP", "token:software:totp@OKTA"},
		{"Google Authenticator", "token:software:totp@GOOGLE"},
		{"googleauthenticator,okta verify", "push signed_nonce token:software:totp@GOOGLE token:software:totp@OKTA"},
		{"TOTP", "token:software:totp"},
		{"TOTP,Google Authenticator", "token:software:totp"},
		{"Okta Verify,TOTP", "push signed_nonce token:software:totp"},
		{"security key", "u2f webauthn"},
		{"Security Keys", "u2f webauthn"},
		{"WebAuthn,FIDO2", "webauthn"},
		{"security question", "question"},
		{"YubiKey", "token:hardware@YUBICO"},
		{"YubiKeys,hardware token", "token:hardware"},
		{"Duo", "web@DUO"},
		{"RSA SecurID,Symantec VIP", "token@RSA token@SYMANTEC"},
		{"rsa,token", "token"},
		{"token:software:totp@google", "token:software:totp@GOOGLE"},
		{"signed nonce,Token:Hotp", "signed_nonce token:hotp"},
		{"all", ""},
		{"All", ""},
	}
	for _, tt := range tests {
		t.Run(tt.names, func(t *testing.T) {
			got, err := roster.FactorTypes(strings.Split(tt.names, ","))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got, err := roster.FactorTypes(nil); got != nil || err != nil {
		t.Errorf("no names: %v, %v", got, err)
	}
	for _, word := range oktaTypes {
		if got, err := roster.FactorTypes([]string{word}); err != nil || !slices.Equal(got, []string{word}) {
			t.Errorf("Okta's own %s: %v, %v", word, got, err)
		}
	}
}

func TestFactorTypes_refused(t *testing.T) {
	for name, nearest := range map[string]string{
		"webautn":                "webauthn",
		"gogle authenticator":    "google authenticator",
		"okta verfy":             "okta verify",
		"Seccurity Key":          "security key",
		"yubi":                   "yubikey",
		"mss":                    "sms",
		"slms":                   "sms",
		"puhs":                   "push",
		"uphs":                   "",
		"tsxe":                   "",
		"xcall":                  "call",
		"txet":                   "text",
		"emial":                  "email",
		"uhps":                   "",
		"fido3":                  "fido", // the first of those as near
		strings.Repeat("s", 100): "",
		"carrier pigeon":         "",
		"all sms":                "",
		"sms quarks":             "",
		"and":                    "",
		"":                       "",
		"../x":                   "",
		"\u202esms<!channel>":    "",
		"token:software:totp@@x": "token:software:totp",
	} {
		got, err := roster.FactorTypes([]string{name})
		var refused *roster.Error
		if !errors.As(err, &refused) {
			t.Errorf("%q: got %v, %v", name, got, err)
			continue
		}
		if refused.Code != roster.CodeFactor || suggested(refused) != nearest || !strings.Contains(refused.Words, "isn't a factor") {
			t.Errorf("%q: %q: %s", name, refused.Code, refused.Words)
		}
	}
	if got, err := roster.FactorTypes([]string{"all", "sms"}); err == nil {
		t.Errorf("all and some: %v", got)
	}
}

// The names go through the command as people write them.
func TestFactorTypes_ofCommands(t *testing.T) {
	for text, want := range map[string]string{
		"factors:sms,call ana@example.com because x":                           "call sms",
		"factors: sms , call ana@example.com because x":                        "call sms",
		"ana@example.com factors:sms call because x":                           "call sms",
		"ana@example.com factors: Okta Verify, “security key” because x":       "push signed_nonce token:software:totp@OKTA u2f webauthn",
		"factors:e\u2011mail <@U1> because x":                                  "email",
		"factors:token:software:totp,token:hardware ana@example.com because x": "token:hardware token:software:totp",
		"factors:sms group:Sales factors:call because x":                       "call sms",
		"factors:token:software:totp@GOOGLE ana@example.com because x":         "token:software:totp@GOOGLE",
	} {
		c, err := roster.ParseCommand(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := roster.FactorTypes(c.Factors)
		if err != nil || strings.Join(got, " ") != want || len(c.Users) != 1 {
			t.Errorf("%s: %v, %v, users %v", text, got, err, c.Users)
		}
	}
}

// FuzzFactorTypes: what comes out is Okta's word, with a provider at most, or a refusal.
func FuzzFactorTypes(f *testing.F) {
	for _, s := range []string{"sms", "Okta Verify", "sms and call", "all", "", "token:software:totp@GOOGLE", "@", "ſms", "e-mail,x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := roster.FactorTypes(strings.Split(text, ","))
		if err != nil {
			var refused *roster.Error
			if !errors.As(err, &refused) || strings.ContainsFunc(refused.Words, unicode.IsControl) {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		if !slices.IsSorted(got) {
			t.Errorf("%q: %v is not sorted", text, got)
		}
		for _, word := range got {
			if kind, _, _ := strings.Cut(word, "@"); !slices.Contains(oktaTypes, kind) {
				t.Errorf("%q: %q is none of Okta's", text, word)
			}
		}
		again, err := roster.FactorTypes(got)
		if len(got) > 0 && (err != nil || !slices.Equal(again, got)) {
			t.Errorf("%q: %v becomes %v, %v", text, got, again, err)
		}
	})
}
