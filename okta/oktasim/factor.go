package oktasim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// factor is one enrolment. What its profile shows is derived from its ID.
type factor struct {
	id       string
	kind     string // factorType
	provider string
	status   string
	created  time.Time
	real     time.Time // when it was enrolled by this machine's clock; zero: before the org was made
	again    bool      // enrolled after a reset of its owner
}

// factorKind is what Okta fixes about a type of factor.
type factorKind struct {
	providers []string // the usual one first
	prefix    string   // of IDs; what is not published is made up in the same style
	event     string   // name in the System Log's outcome
}

// factorKinds pairs types with providers as Okta's factors reference does.
var factorKinds = map[string]factorKind{
	"call":                {[]string{"OKTA"}, "clf", "CALL_FACTOR"},
	"email":               {[]string{"OKTA"}, "emf", "EMAIL_FACTOR"},
	"push":                {[]string{"OKTA"}, "opf", "OKTA_VERIFY_PUSH"},
	"question":            {[]string{"OKTA"}, "ufs", "SECURITY_QUESTION"},
	"signed_nonce":        {[]string{"OKTA"}, "pfd", "SIGNED_NONCE"},
	"sms":                 {[]string{"OKTA"}, "sms", "SMS_FACTOR"},
	"token":               {[]string{"RSA", "SYMANTEC"}, "rsa", "RSA_TOKEN"},
	"token:hardware":      {[]string{"YUBICO"}, "ykf", "YUBIKEY_TOKEN"},
	"token:hotp":          {[]string{"CUSTOM"}, "chf", "CUSTOM_HOTP"},
	"token:software:totp": {[]string{"OKTA", "GOOGLE"}, "ost", "OKTA_SOFT_TOKEN"},
	"u2f":                 {[]string{"FIDO"}, "fuf", "FIDO_U2F"},
	"web":                 {[]string{"DUO"}, "dsf", "DUO_SECURITY"},
	"webauthn":            {[]string{"FIDO"}, "fwf", "FIDO_WEBAUTHN"},
}

var factorStatuses = []string{"ACTIVE", "DISABLED", "ENROLLED", "EXPIRED", "INACTIVE", "NOT_SETUP", "PENDING_ACTIVATION"}

func newFactor(f Factor, p *person, rng *rand.Rand, now time.Time) (*factor, error) {
	kind, ok := factorKinds[f.Type]
	if !ok {
		return nil, fmt.Errorf("factor type %q is none of Okta's", f.Type)
	}
	set(&f.Provider, kind.providers[0])
	set(&f.Status, "ACTIVE")
	if !slices.Contains(factorStatuses, f.Status) || !slices.Contains(kind.providers, f.Provider) {
		return nil, fmt.Errorf("factor %s: provider %q or status %q does not go with it", f.Type, f.Provider, f.Status)
	}
	set(&f.ID, kind.prefix+seededID(rng, 17))
	if f.Created.IsZero() {
		f.Created = p.created.Add(720*time.Hour - time.Duration(rng.IntN(500))*time.Hour)
		if f.Created.After(now) {
			f.Created = p.created
		}
	}
	return &factor{id: f.ID, kind: f.Type, provider: f.Provider, status: f.Status, created: f.Created}, nil
}

// verify tells whether the factor is part of an Okta Verify enrolment, whose
// parts are removed together (Okta, Unenroll a factor).
func (f *factor) verify() bool {
	return f.provider == "OKTA" && (f.kind == "push" || f.kind == "signed_nonce" || f.kind == "token:software:totp")
}

// eventName is how the System Log calls the factor.
func (f *factor) eventName() string {
	if f.provider == "GOOGLE" {
		return "GOOGLE_AUTH"
	}
	return factorKinds[f.kind].event
}

// verifyMethods is how the log calls the methods of Okta Verify.
var verifyMethods = map[string]string{
	"push": "Get a push notification", "signed_nonce": "Use Okta FastPass", "token:software:totp": "Enter a code",
}

// authenticators has the display names of what factors are enrolled in on Identity Engine.
var authenticators = map[string]string{
	"sms": "Phone", "call": "Phone", "email": "Email", "question": "Security Question",
	"webauthn": "Security Key or Biometric Authenticator",
}

func (f *factor) authenticator() string {
	switch {
	case f.verify():
		return "Okta Verify"
	case f.provider == "GOOGLE":
		return "Google Authenticator"
	}
	return cmp.Or(authenticators[f.kind], f.provider)
}

// profile is what Okta tells of the factor's device, phone or address.
func (f *factor) profile(p *person) map[string]any {
	switch f.kind {
	case "sms", "call":
		return map[string]any{"phoneNumber": "+1415555" + digits(f.id, 4)}
	case "email":
		return map[string]any{"email": p.email}
	case "question":
		return map[string]any{"question": "favorite_art_piece", "questionText": "What is your favorite piece of art?"}
	case "push", "signed_nonce":
		return map[string]any{"credentialId": p.login, "deviceType": "SmartPhone_IPhone", "name": p.first + "'s phone", "platform": "IOS", "version": "17.0"}
	case "webauthn":
		return map[string]any{"credentialId": f.id, "authenticatorName": "Security key " + digits(f.id, 2)}
	}
	return map[string]any{"credentialId": p.login}
}

// digits are n decimal digits that depend on the text alone.
func digits(text string, n int) string {
	sum := uint64(14695981039346656037) // FNV-1a
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = byte('0' + sum>>8%10)
		sum /= 10
	}
	return string(out)
}
