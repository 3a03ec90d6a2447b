package okta

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"factorbot/okta/internal/width"
)

// RefKind is how a person is named.
type RefKind string

const (
	ByID    RefKind = "id"
	ByLogin RefKind = "login"
	ByEmail RefKind = "email"
)

// Ref names a person as the requester did.
type Ref struct {
	Kind  RefKind
	Value string
}

// Match is who a Ref turned out to be. No user: not found. Two or more: the
// e-mail of several. Err: this one could not be looked up (an unsafe value, a
// user outside the role's reach).
type Match struct {
	Users []User
	Err   error
}

// fold makes refs comparable: logins and e-mails regardless of case.
func fold(r Ref) Ref {
	if r.Kind != ByID {
		r.Value = strings.ToLower(r.Value)
	}
	return r
}

func (r Ref) safe() bool {
	switch r.Kind {
	case ByID:
		return IsUserID(r.Value)
	case ByLogin:
		return searchableLogin(r.Value)
	case ByEmail:
		return searchable(r.Value)
	}
	return false
}

// escape writes a value between quotes of a search expression, as a JSON string (RFC 7644, 3.4.2.2).
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// term is one comparison of a search expression; the value is searchable, or a searchable login.
func term(k RefKind, value string) string {
	property := "id"
	if k != ByID {
		property = "profile." + string(k)
	}
	return property + ` eq "` + escape.Replace(value) + `"`
}

// fitting is how many of the terms an expression of the largest size holds.
func fitting(left []Ref) int {
	size := 0
	for i, ref := range left {
		size += len(url.QueryEscape(term(ref.Kind, ref.Value))) + len("+or+")
		if size > mostExpr {
			return max(i, 1)
		}
		if i+1 == width.Most {
			return width.Most
		}
	}
	return len(left)
}

// tooWide says whether Okta found an expression too complex or too long. It
// says so with a 500 too, when the search took too long.
func tooWide(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.Kind == KindExpression || e.Kind == KindServer || e.Status == 400 || e.Status == 431)
}

// withheld says whether Okta does not let us list users: roles that reach some
// groups only are refused, or run into timeouts. Asking one by one still works.
func withheld(err error) bool {
	return IsKind(err, KindForbidden, KindServer)
}

func (c *Client) searchTerms(ctx context.Context, chunk []Ref) ([]User, error) {
	terms := make([]string, len(chunk))
	for i, ref := range chunk {
		terms[i] = term(ref.Kind, ref.Value)
	}
	return collect(c.Search(ctx, strings.Join(terms, " or ")))
}

// mostExpr bounds a search expression, in bytes, escaped. Okta publishes no maximum. A
// request line over 8 kB is refused by many servers and proxies.
const mostExpr = 6500
