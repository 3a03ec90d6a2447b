package okta

import (
	"context"
	"strings"
	"time"
)

// Factor is one MFA enrolment. Okta's answer can hold the shared secret of a
// TOTP that is being activated; nothing of it is decoded beyond this.
type Factor struct {
	ID          string    `json:"id"`
	Type        string    `json:"factorType"` // "push", "sms", "token:software:totp", ...
	Provider    string    `json:"provider"`   // "OKTA", "GOOGLE", "FIDO", ...
	Status      string    `json:"status"`     // "ACTIVE", "PENDING_ACTIVATION", ...
	Created     time.Time `json:"created"`    // by Okta's clock
	LastUpdated time.Time `json:"lastUpdated"`
}

// Factors lists a user's factors, as the enrolment policy shows them to a
// caller from this address: an empty list proves nothing.
func (c *Client) Factors(ctx context.Context, userID string) ([]Factor, error) {
	const op = "list factors"
	if !IsUserID(userID) {
		return nil, unsafeID(op, "the user ID")
	}
	factors, _, err := readList[Factor](ctx, c, op, "/api/v1/users/"+userID+"/factors", nil)
	return factors, err
}

// FactorsNow lists a user's factors on behalf of a slot that is held, right before
// it is used: it goes before all other calls and takes no place of its own.
// asOf is when the reading left, by our clock; the list is not older.
func (c *Client) FactorsNow(ctx context.Context, s *Slot, userID string) (factors []Factor, asOf time.Time, err error) {
	const op = "list factors"
	switch {
	case !IsUserID(userID):
		return nil, time.Time{}, unsafeID(op, "the user ID")
	case s == nil || s.spent.Load():
		return nil, time.Time{}, &Error{Op: op, Effect: EffectNone, Kind: KindInvalid, Summary: "the slot is spent"}
	}
	factors, ans, err := readList[Factor](s.Context(ctx), c, op, "/api/v1/users/"+userID+"/factors", nil)
	return factors, ans.left, err
}

// emailFactor is the type of the one factor that Okta enrols by itself.
const emailFactor = "email"

// factorsInLog leads from what the System Log calls a factor (in an outcome's
// reason, in debugData.factor, or as an enrolment's method or name) to its
// factorType. Okta publishes no list: these are names that were recorded, those of
// its own examples (help.okta.com, "User MFA Factor Deactivated" of Workflows),
// the keys of its authenticators (developer.okta.com, concepts, multifactor
// authentication, with the three of Okta Verify's standalone authenticators), and
// those of queries that people have published over their logs.
var factorsInLog = map[string]string{
	"OKTA_VERIFY_PUSH": "push", "GET_A_PUSH_NOTIFICATION": "push",
	"SIGNED_NONCE": "signed_nonce", "OKTA_FASTPASS": "signed_nonce", "OKTA_VERIFY_FASTPASS": "signed_nonce", "FASTPASS": "signed_nonce", "USE_OKTA_FASTPASS": "signed_nonce",
	"OKTA_SOFT_TOKEN": "token:software:totp", "OKTA_VERIFY_TOTP": "token:software:totp",
	"GOOGLE_AUTH": "token:software:totp", "GOOGLE_OTP": "token:software:totp", "GOOGLE_AUTHENTICATOR": "token:software:totp",
	"SMS_FACTOR": "sms", "SMS": "sms", "CALL_FACTOR": "call", "CALL": "call",
	"EMAIL_FACTOR": emailFactor, "EMAIL": emailFactor, "OKTA_EMAIL": emailFactor,
	"SECURITY_QUESTION": "question", "QUESTION": "question",
	"FIDO_WEBAUTHN": "webauthn", "FIDO2_WEBAUTHN": "webauthn", "WEBAUTHN": "webauthn", "SECURITY_KEY": "webauthn", "PASSKEY": "webauthn",
	"FIDO_U2F": "u2f", "U2F": "u2f",
	"YUBIKEY_TOKEN": "token:hardware", "YUBIKEY_AUTH": "token:hardware",
	"RSA_TOKEN": "token", "RSA_SECURID": "token", "SYMANTEC_VIP": "token", "SYMANTEC_TOKEN": "token",
	"DUO_SECURITY": "web", "DUO": "web",
	"CUSTOM_HOTP": "token:hotp", "CUSTOM_OTP": "token:hotp",
}

// mostFactorName is how long a name may be that is passed on as it is.
const mostFactorName = 40

// factorKey is how factorsInLog spells a name.
func factorKey(logged string) string {
	return strings.ToUpper(strings.Join(strings.FieldsFunc(logged, func(r rune) bool { return r == ' ' || r == '-' }), "_"))
}

// FactorType leads from what the System Log calls a factor (Event.Factor) to
// its factorType: "OKTA_VERIFY_PUSH" to "push". A single word that is not
// known is given back in lower case, everything else is "".
func FactorType(logged string) string {
	if known := factorsInLog[factorKey(logged)]; known != "" {
		return known
	}
	word := strings.ToLower(logged)
	if len(word) > mostFactorName || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789_:") != "" {
		return ""
	}
	return word
}
