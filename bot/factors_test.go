package bot_test

import (
	"slices"
	"testing"

	"factorbot/bot/roster"
	"factorbot/bot/view/phrase"
)

// What the bot calls a factor is what a person types to ask for it. The types are those of
// UserFactorType, the providers those of UserFactorProvider that the types have (Okta's
// management API, release 2026.06.3).
func TestFactors_names_lead_back(t *testing.T) {
	for _, types := range [][]string{
		{"push", "signed_nonce", "token:software:totp@OKTA"}, {"u2f", "webauthn"},
		{"call"}, {"email"}, {"push"}, {"question"}, {"signed_nonce"}, {"sms"}, {"token"}, {"token@RSA"}, {"token@SYMANTEC"},
		{"token:hardware"}, {"token:hardware@YUBICO"}, {"token:hotp"}, {"token:software:totp"}, {"token:software:totp@GOOGLE"},
		{"token:software:totp@OKTA"}, {"u2f"}, {"web"}, {"web@DUO"}, {"webauthn"},
	} {
		names := phrase.Factors(types)
		got, err := roster.FactorTypes(names)
		if err != nil || !slices.Equal(got, types) {
			t.Errorf("%v is called %v, which is read as %v, %v", types, names, got, err)
		}
	}
}
