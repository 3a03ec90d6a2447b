package page

import (
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

// factorName is what people call a factor type of Okta.
func factorName(kind, provider string) string {
	switch kind {
	case "push":
		return "Okta Verify"
	case "signed_nonce":
		return "FastPass"
	case "token:software:totp":
		if provider == "GOOGLE" {
			return "Google Authenticator"
		}
		return "Code app"
	case "token:hotp", "token", "token:hardware":
		return "Token"
	case "sms":
		return "SMS"
	case "call":
		return "Phone call"
	case "email":
		return "E-mail"
	case "question":
		return "Question"
	case "webauthn":
		return "Security key"
	case "u2f":
		return "U2F key"
	case "web":
		return "Duo"
	}
	return kind
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
