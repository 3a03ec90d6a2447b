package page

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"

	"factorbot/bot/slacksim/kit"
)

// initials are the one or two letters of a face.
func initials(name string) string {
	var out string
	for word := range strings.FieldsSeq(name) {
		r, _ := utf8.DecodeRuneInString(word)
		out += strings.ToUpper(string(r))
		if utf8.RuneCountInString(out) == 2 {
			break
		}
	}
	return out
}

// tint is the colour of a face, 0 to 7.
func tint(id string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32() % 8
}

func humanSize(v any) string {
	n, _ := kit.IntOf(v)
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KB", float64(n)/(1<<10))
	case n == 1:
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

func percent(part, whole int) int {
	if whole <= 0 {
		return 0
	}
	return part * 100 / whole
}

// factorNames has what people call the factor types of Okta.
var factorNames = map[string]string{
	"push": "Okta Verify", "signed_nonce": "FastPass", "token:software:totp": "Code app",
	"token:hotp": "Token", "token": "Token", "token:hardware": "Token",
	"sms": "SMS", "call": "Phone call", "email": "E-mail", "question": "Question",
	"webauthn": "Security key", "u2f": "U2F key", "web": "Duo",
}

func factorName(kind, provider string) string {
	if kind == "token:software:totp" && provider == "GOOGLE" {
		return "Google Authenticator"
	}
	return cmp.Or(factorNames[kind], kind)
}

// settingOn says whether a setting is switched on: true, or a number over 0.
func settingOn(settings map[string]any, key string) bool {
	switch v := settings[key].(type) {
	case bool:
		return v
	case float64:
		return v > 0
	case int:
		return v > 0
	}
	return false
}
