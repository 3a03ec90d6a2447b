package okta

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"factorbot/okta/pacer"
)

// The shapes of Okta's identifiers. The SDK pastes what it is given into the
// path, so an ID of another shape could name another call altogether
// ("00uX/lifecycle/deactivate?x="); nothing else may reach a URL. User IDs come from
// people too and are held to the shape that Okta documents. The others come from
// Okta's own answers, whose lengths Okta promises nowhere: they only have to stay in
// their path segment, and must not be a word that Okta's paths use in their place
// (groups/rules), which the prefix sees to.
var (
	userIDPattern   = regexp.MustCompile(`^00u[A-Za-z0-9]{17}$`)
	groupIDPattern  = regexp.MustCompile(`^00g[A-Za-z0-9_-]{1,125}$`)
	orgIDPattern    = regexp.MustCompile(`^00o[A-Za-z0-9_-]{1,125}$`)
	appIDPattern    = regexp.MustCompile(`^0oa[A-Za-z0-9_-]{1,125}$`)
	factorIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
)

// maxLogin bounds a login or e-mail, in bytes: Okta's own profiles allow 100 characters, of up to four bytes each.
const maxLogin = 400

// IsUserID says whether s has the shape of an Okta user ID ("00u" and 17 letters or digits).
func IsUserID(s string) bool { return userIDPattern.MatchString(s) }

// IsGroupID says whether s can be an Okta group ID ("00g" and more letters or digits).
func IsGroupID(s string) bool { return groupIDPattern.MatchString(s) }

// IsFactorID says whether s can be an Okta factor ID: letters, digits, - and _.
func IsFactorID(s string) bool { return factorIDPattern.MatchString(s) }

// unsafeID is the refusal to send an ID. It is final: the same ID is refused again.
func unsafeID(op, what string) *Error {
	return &Error{Op: op, Effect: EffectRejected, Kind: KindUnsafeID, Summary: what + " isn't one that Okta issues, so nothing was sent"}
}

// searchable says whether a value may stand between quotes in a search or
// filter expression as it is.
func searchable(v string) bool { return searchableLogin(v) && !strings.ContainsAny(v, `"\`) }

// searchableLogin is searchable for a login, which may have the backslash that
// directories put between domain and name, and quotation marks: a term escapes them.
func searchableLogin(v string) bool {
	return v != "" && len(v) <= maxLogin && utf8.ValidString(v) &&
		!strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}

// loginPath is the escaped path segment for GET /users/{login}. Okta does not
// find logins with a slash that way, short names are ambiguous, and what could
// end or climb out of the segment is not sent at all: ok is false, and the
// login is looked up by search instead.
func loginPath(login string) (segment string, ok bool) {
	if !searchable(login) || !strings.Contains(login, "@") || strings.ContainsAny(login, `/?#%\`) {
		return "", false
	}
	return url.PathEscape(login), true
}

// Lane is who a call is for: Urgent, or a request's ID. Lanes take turns.
type Lane = pacer.Lane

// Urgent is the lane of calls that a person waits for. It goes first.
const Urgent = pacer.Urgent

type laneKey struct{}

// WithLane makes the reads under ctx take their turns in a lane; without it they are Urgent.
func WithLane(ctx context.Context, l Lane) context.Context {
	return context.WithValue(ctx, laneKey{}, l)
}

// LaneOf returns the lane in which the reads under ctx take their turns.
func LaneOf(ctx context.Context) Lane {
	l, _ := ctx.Value(laneKey{}).(Lane)
	return l
}
