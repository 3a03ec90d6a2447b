package okta

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
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
		if i+1 == mostWidth {
			return mostWidth
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
	var users []User
	for u, err := range c.Search(ctx, strings.Join(terms, " or ")) {
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	return users, nil
}

// Sizes of a search expression. Okta publishes no maximum. A request line over
// 8 kB is refused by many servers and proxies.
const (
	firstWidth = 20
	mostWidth  = 200  // a page holds as many users
	mostExpr   = 6500 // bytes, escaped
)

// searchWidth learns how many terms Okta takes in one search: grown while it
// accepts them, then searched between the last accepted and the first refused.
type searchWidth struct {
	mu       sync.Mutex
	accepted int
	refused  int // 0: none yet
}

func newSearchWidth() *searchWidth { return &searchWidth{} }

// renew forgets a width under the first: whatever made it so small, long
// values or a bad hour of Okta's, need not last.
func (w *searchWidth) renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused != 0 && w.accepted < firstWidth {
		w.accepted, w.refused = 0, 0
	}
}

// next is how many terms to try, and whether that is settled.
func (w *searchWidth) next() (terms int, settled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.accepted == 0 && w.refused == 0:
		return firstWidth, false
	case w.refused == 0:
		return min(2*w.accepted, mostWidth), w.accepted >= mostWidth
	case w.refused-w.accepted <= max(w.accepted/16, 1):
		return max(w.accepted, 1), true
	}
	return max((w.accepted+w.refused)/2, 1), false
}

// most is an upper bound of what may still turn out to be accepted.
func (w *searchWidth) most() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == 0 {
		return mostWidth
	}
	return max(w.refused-1, 1)
}

func (w *searchWidth) accept(terms int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted = max(w.accepted, terms)
	if w.refused != 0 && w.refused <= w.accepted {
		w.refused = w.accepted + 1
	}
}

// refuse also takes back what seemed accepted: longer values count for more.
func (w *searchWidth) refuse(terms int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == 0 || terms < w.refused {
		w.refused = max(terms, 1)
	}
	if w.accepted >= w.refused {
		w.accepted = w.refused / 2
	}
}
