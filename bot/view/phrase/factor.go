package phrase

import (
	"slices"
)

// factorName is what people call some factors together.
type factorName struct {
	types []string // TYPE or TYPE@PROVIDER in Okta's words
	words string
}

// factorNames are in the order in which they are told; what is made of several comes first.
func factorNames() []factorName {
	return []factorName{
		{[]string{"push", "signed_nonce", "token:software:totp@OKTA"}, "Okta Verify"},
		{[]string{"u2f", "webauthn"}, "security key"},
		{[]string{"push"}, "Okta Verify push"},
		{[]string{"signed_nonce"}, "Okta FastPass"},
		{[]string{"token:software:totp@OKTA"}, "Okta Verify code"},
		{[]string{"token:software:totp@GOOGLE"}, "Google Authenticator"},
		{[]string{"token:software:totp"}, "authenticator app code"},
		{[]string{"sms"}, "SMS"},
		{[]string{"call"}, "voice call"},
		{[]string{"email"}, "e-mail"},
		{[]string{"question"}, "security question"},
		{[]string{"webauthn"}, "WebAuthn"},
		{[]string{"u2f"}, "U2F"},
		{[]string{"token:hardware@YUBICO"}, "YubiKey code"},
		{[]string{"token:hardware"}, "hardware token"},
		{[]string{"token:hotp"}, "custom one-time password"},
		{[]string{"token@RSA"}, "RSA SecurID"},
		{[]string{"token@SYMANTEC"}, "Symantec VIP"},
		{[]string{"token"}, "RSA or Symantec token"},
		{[]string{"web@DUO"}, "Duo"},
		{[]string{"web"}, "web"},
	}
}

// Factors names factors for people; what has no name keeps Okta's word. Plain text.
func Factors(types []string) []string {
	left := slices.Clone(types)
	var words []string
	for _, n := range factorNames() {
		if slices.ContainsFunc(n.types, func(t string) bool { return !slices.Contains(left, t) }) {
			continue
		}
		words = append(words, n.words)
		left = slices.DeleteFunc(left, func(t string) bool { return slices.Contains(n.types, t) })
	}
	for _, t := range left {
		words = append(words, Cut(Line(t), 30))
	}
	return words
}
