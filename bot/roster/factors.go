package roster

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"factorbot/bot/roster/internal/refusal"
)

// verify is all that the Okta Verify app enrols: codes, push, and FastPass
// (help.okta.com, "Configure Okta Verify options"). Okta unenrols them together.
var verify = []string{"push", "signed_nonce", "token:software:totp@OKTA"}

// factorNames leads from what people call a factor to Okta's factorType, with
// @PROVIDER where the type alone would also mean somebody else's (management
// API, schemas UserFactorType and UserFactorProvider, release 2026.06.3).
var factorNames = map[string][]string{
	"call": {"call"}, "phone call": {"call"}, "voice": {"call"}, "voice call": {"call"},
	"phone": {"call", "sms"}, "phone number": {"call", "sms"},
	"sms": {"sms"}, "text": {"sms"}, "text message": {"sms"},
	"email": {"email"}, "email code": {"email"}, "magic link": {"email"},
	"question": {"question"}, "security question": {"question"},

	"push": {"push"}, "push notification": {"push"}, "okta verify push": {"push"},
	"signed_nonce": {"signed_nonce"}, "fastpass": {"signed_nonce"}, "okta fastpass": {"signed_nonce"}, "okta verify fastpass": {"signed_nonce"},
	"okta verify": verify, "verify": verify,
	"okta verify totp": {"token:software:totp@OKTA"}, "okta verify code": {"token:software:totp@OKTA"},
	"google authenticator": {"token:software:totp@GOOGLE"}, "google": {"token:software:totp@GOOGLE"},
	"token:software:totp": {"token:software:totp"}, "totp": {"token:software:totp"},
	"software token": {"token:software:totp"}, "authenticator app": {"token:software:totp"}, "authenticator app code": {"token:software:totp"},

	"webauthn": {"webauthn"}, "fido2": {"webauthn"}, "passkey": {"webauthn"}, "biometric": {"webauthn"},
	"touch id": {"webauthn"}, "face id": {"webauthn"}, "windows hello": {"webauthn"},
	"u2f": {"u2f"}, "fido": {"u2f", "webauthn"}, "security key": {"u2f", "webauthn"},

	"token:hardware": {"token:hardware"}, "hardware token": {"token:hardware"},
	"yubikey": {"token:hardware@YUBICO"}, "yubikey otp": {"token:hardware@YUBICO"}, "yubikey code": {"token:hardware@YUBICO"},
	"token:hotp": {"token:hotp"}, "hotp": {"token:hotp"}, "custom otp": {"token:hotp"}, "custom one-time password": {"token:hotp"},
	"token": {"token"}, "rsa or symantec token": {"token"}, "rsa": {"token@RSA"}, "rsa securid": {"token@RSA"}, "securid": {"token@RSA"},
	"symantec": {"token@SYMANTEC"}, "symantec vip": {"token@SYMANTEC"},
	"web": {"web"}, "duo": {"web@DUO"}, "duo security": {"web@DUO"},
}

// everyFactor is the name that asks for no choice.
const everyFactor = "all"

// FactorTypes leads the names of a command's "factors:" to Okta's words, each
// TYPE or TYPE@PROVIDER, sorted, none twice or inside another. Names are taken
// in any case, in the plural, with or without blanks and dashes, and several in
// one text if each is known. "all" alone, like no name, gives none: every
// factor. An unknown name is an *Error with the nearest known one.
func FactorTypes(names []string) ([]string, error) {
	if len(names) == 1 && folded(names[0]) == everyFactor {
		return nil, nil
	}
	var types []string
	for _, name := range names {
		found, err := typesOf(name)
		if err != nil {
			return nil, err
		}
		types = append(types, found...)
	}
	slices.Sort(types)
	types = slices.Compact(types)
	return slices.DeleteFunc(types, func(t string) bool {
		kind, _, of := strings.Cut(t, "@")
		return of && slices.Contains(types, kind)
	}), nil
}

// typesOf reads one text, which may name several factors: "sms and voice call".
// The longest name that fits comes first, so that "security key" is one.
func typesOf(text string) ([]string, error) {
	var types []string
	words := strings.Fields(text)
	for len(words) > 0 {
		if slices.Contains(fillers, strings.ToLower(words[0])) {
			words = words[1:]
			continue
		}
		n := len(words)
		for ; n > 0; n-- {
			if found := lookUp(strings.Join(words[:n], " ")); found != nil {
				types = append(types, found...)
				break
			}
		}
		if n == 0 {
			return nil, unknownFactor(strings.Join(words, " "))
		}
		words = words[n:]
	}
	if len(types) == 0 {
		return nil, unknownFactor(text)
	}
	return types, nil
}

// lookUp returns what a name stands for, nil if it is not known.
func lookUp(name string) []string {
	key := folded(name)
	singular := strings.TrimSuffix(key, "s")
	for known, types := range factorNames {
		if k := folded(known); k == key || k == singular {
			return types
		}
		for _, t := range types { // a word of ours, such as token:software:totp@GOOGLE
			if strings.EqualFold(t, strings.TrimSpace(name)) {
				return []string{t}
			}
		}
	}
	return nil
}

// folded leaves a name's letters and digits, in lower case: "E-Mail" is "email".
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

func unknownFactor(name string) *Error {
	known := slices.Sorted(maps.Keys(factorNames))
	if near := nearest(name, known); near != "" {
		return refusal.New(CodeFactor, 0, "%s isn't a factor. Did you mean %s?", refusal.Quote(name), refusal.Quote(near))
	}
	return refusal.New(CodeFactor, 0, "%s isn't a factor. Write for example: sms, voice call, e-mail, Okta Verify, Google Authenticator, security key, YubiKey, security question, or one of Okta's factor types.", refusal.Quote(name))
}
