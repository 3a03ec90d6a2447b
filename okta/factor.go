package okta

import (
	"cmp"
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"factorbot/okta/internal/wire"
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

// Roles lists the types of a user's administrator roles, such as
// "SUPER_ADMIN" or "CUSTOM"; none: not an administrator.
func (c *Client) Roles(ctx context.Context, userID string) ([]string, error) {
	roles, err := c.roles(ctx, userID)
	if err != nil {
		return nil, err
	}
	var types []string
	for _, r := range roles {
		types = append(types, cmp.Or(r.Type, "UNKNOWN"))
	}
	slices.Sort(types)
	return slices.Compact(types), nil
}

type wireRole struct {
	Type   string `json:"type"`
	Status string `json:"status"` // "ACTIVE" or "INACTIVE"
}

// roles lists a user's role assignments, his own and those of his groups.
func (c *Client) roles(ctx context.Context, userID string) ([]wireRole, error) {
	const op = "list roles"
	if !IsUserID(userID) {
		return nil, unsafeID(op, "the user ID")
	}
	roles, _, err := readList[wireRole](ctx, c, op, "/api/v1/users/"+userID+"/roles", nil)
	return roles, err
}

// Admins is every administrator of the org, by user ID: those with a role of
// their own, and those assigned to the Okta Admin Console (said to have those
// whose role comes through a group). An error if either cannot be read:
// half a list protects nobody.
func (c *Client) Admins(ctx context.Context) (map[string]bool, error) {
	admins := map[string]bool{}
	if err := c.roleAssignees(ctx, admins); err != nil {
		return nil, err
	}
	console, err := c.adminConsole(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.appUsers(ctx, console, admins); err != nil {
		return nil, err
	}
	return admins, nil
}

// roleAssignees reads GET /iam/assignees/users, whose next page is named in
// the body's _links, perhaps in a Link header too.
func (c *Client) roleAssignees(ctx context.Context, admins map[string]bool) error {
	const op = "list administrators"
	type assignees struct {
		Value []wireID `json:"value"`
		Links struct {
			Next struct {
				Href string `json:"href"`
			} `json:"next"`
		} `json:"_links"`
	}
	page := func(path string) (users []wireID, next string, err error) {
		got, ans, err := read[assignees](ctx, c, op, path)
		if err != nil {
			return nil, "", err
		}
		href := got.Links.Next.Href
		if next = cmp.Or(wire.APIPath(href), ans.next); next == "" && href != "" {
			err = &Error{Op: op, Effect: EffectDoubt, Kind: KindServer, Summary: "a next page that isn't Okta's", Advice: adviceServer}
		}
		return got.Value, next, err
	}
	return addAll(admins, follow(op, "/api/v1/iam/assignees/users?limit=100", page))
}

// wireID is an object of which only the ID is needed.
type wireID struct {
	ID string `json:"id"`
}

func (w wireID) key() string { return w.ID }

// addAll adds the users of a list.
func addAll(to map[string]bool, users iter.Seq2[wireID, error]) error {
	for u, err := range users {
		if err != nil {
			return err
		}
		to[u.ID] = true
	}
	return nil
}

// adminConsole finds the Okta Admin Console application. Okta names it
// "saasure" inside.
func (c *Client) adminConsole(ctx context.Context) (string, error) {
	const op = "find the Okta Admin Console application"
	for _, query := range []string{`filter=` + url.QueryEscape(`name eq "saasure"`), "q=" + url.QueryEscape("Okta Admin Console")} {
		for app, err := range pages[wireApp](ctx, c, op, "/api/v1/apps?limit=200&"+query, nil) {
			if IsKind(err, KindExpression, KindInvalid) {
				break
			}
			if err != nil {
				return "", err
			}
			if appIDPattern.MatchString(app.ID) && (app.Name == "saasure" || app.Label == "Okta Admin Console") {
				return app.ID, nil
			}
		}
	}
	return "", &Error{Op: op, Effect: EffectRejected, Kind: KindNotFound, Summary: "Okta lists no such application to us",
		Advice: "Let the bot's role read applications, so that it can see who is an administrator through a group."}
}

type wireApp struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Label string `json:"label"`
}

func (w wireApp) key() string { return w.ID }

func (c *Client) appUsers(ctx context.Context, appID string, admins map[string]bool) error {
	return addAll(admins, pages[wireID](ctx, c, "list the users of the Okta Admin Console", "/api/v1/apps/"+appID+"/users?limit=200", nil))
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
