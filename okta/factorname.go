package okta

import "strings"

// factorsInLog leads from what the System Log calls a factor (debugData.factor,
// or the enrolment's name) to its factorType. Okta publishes no list: these are
// the names of its own examples (help.okta.com, "User MFA Factor Deactivated" of
// Workflows) and of queries that people have published over their logs.
var factorsInLog = map[string]string{
	"OKTA_VERIFY_PUSH": "push",
	"SIGNED_NONCE":     "signed_nonce", "OKTA_FASTPASS": "signed_nonce",
	"OKTA_SOFT_TOKEN": "token:software:totp", "OKTA_VERIFY_TOTP": "token:software:totp",
	"GOOGLE_AUTH": "token:software:totp", "GOOGLE_OTP": "token:software:totp", "GOOGLE_AUTHENTICATOR": "token:software:totp",
	"SMS_FACTOR": "sms", "SMS": "sms", "CALL_FACTOR": "call", "CALL": "call",
	"EMAIL_FACTOR": "email", "EMAIL": "email", "OKTA_EMAIL": "email",
	"SECURITY_QUESTION": "question", "QUESTION": "question",
	"FIDO_WEBAUTHN": "webauthn", "FIDO2_WEBAUTHN": "webauthn", "WEBAUTHN": "webauthn",
	"FIDO_U2F": "u2f", "U2F": "u2f",
	"YUBIKEY_TOKEN": "token:hardware", "YUBIKEY_AUTH": "token:hardware",
	"RSA_TOKEN": "token", "RSA_SECURID": "token", "SYMANTEC_VIP": "token", "SYMANTEC_TOKEN": "token",
	"DUO_SECURITY": "web", "DUO": "web",
	"CUSTOM_HOTP": "token:hotp", "CUSTOM_OTP": "token:hotp",
}

// mostFactorName is how long a name may be that is passed on as it is.
const mostFactorName = 40

// FactorType leads from what the System Log calls a factor (Event.Factor) to
// its factorType: "OKTA_VERIFY_PUSH" to "push". A single word that is not
// known is given back in lower case, everything else is "".
func FactorType(logged string) string {
	key := strings.ToUpper(strings.Join(strings.FieldsFunc(logged, func(r rune) bool { return r == ' ' || r == '-' }), "_"))
	if known := factorsInLog[key]; known != "" {
		return known
	}
	word := strings.ToLower(logged)
	if len(word) > mostFactorName || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_:") != "" {
		return ""
	}
	return word
}
