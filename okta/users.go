package okta

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// User is what is needed of an Okta user.
type User struct {
	ID         string // "00u..."
	Login      string // unique in the org, compared without regard to case
	Email      string // not unique
	Status     string // "ACTIVE", "SUSPENDED", ...
	FirstName  string
	LastName   string
	Department string
	Created    time.Time
}

type wireUser struct {
	ID      string    `json:"id"`
	Status  string    `json:"status"`
	Created time.Time `json:"created"`
	Profile struct {
		Login      text `json:"login"`
		Email      text `json:"email"`
		FirstName  text `json:"firstName"`
		LastName   text `json:"lastName"`
		Department text `json:"department"`
	} `json:"profile"`
}

func (w wireUser) key() string { return w.ID }

// text is a string of a profile. An org may give an attribute another type;
// what is no string counts as absent.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

func (w wireUser) user() User {
	p := w.Profile
	return User{ID: w.ID, Status: w.Status, Created: w.Created, Login: string(p.Login), Email: string(p.Email),
		FirstName: string(p.FirstName), LastName: string(p.LastName), Department: string(p.Department)}
}

// briefUsers asks Okta to leave credentials and links out of users, which it
// documents as the faster way for lists.
var briefUsers = http.Header{"Content-Type": {`application/json; okta-response="omitCredentials,omitCredentialsLinks,omitTransitioningToStatus"`}}

// Me is the owner of the API token; for a service app, a User with its client ID only.
func (c *Client) Me(ctx context.Context) (User, error) {
	if c.clientID != "" {
		return User{ID: c.clientID}, nil
	}
	const op = "ask who we are"
	u, err := c.user(ctx, op, "me")
	if err == nil && !IsUserID(u.ID) {
		return User{}, &Error{Op: op, Effect: EffectDoubt, Kind: KindServer, Summary: "an answer without a user ID", Advice: adviceServer}
	}
	return u, err
}

// Self is the user whose token this is: the bot's own service user. A service
// app is no user: ok is false.
func (c *Client) Self(ctx context.Context) (self User, ok bool, err error) {
	if c.clientID != "" {
		return User{}, false, nil
	}
	self, err = c.Me(ctx)
	return self, err == nil, err
}

// User finds one user by ID or login. An answer about somebody else than was
// asked for (a short name, a re-used address) is an error of KindNotFound.
func (c *Client) User(ctx context.Context, idOrLogin string) (User, error) {
	const op = "look up a user"
	if IsUserID(idOrLogin) {
		u, err := c.user(ctx, op, idOrLogin)
		if err == nil && u.ID != idOrLogin {
			return User{}, notFound(op)
		}
		return u, err
	}
	if segment, ok := loginPath(idOrLogin); ok {
		u, err := c.user(ctx, op, segment)
		if err == nil && (!IsUserID(u.ID) || !strings.EqualFold(u.Login, idOrLogin)) {
			return User{}, notFound(op)
		}
		return u, err
	}
	if !searchableLogin(idOrLogin) {
		return User{}, unsafeID(op, "the ID or login")
	}
	for u, err := range c.Search(ctx, term(ByLogin, idOrLogin)) {
		if err != nil || strings.EqualFold(u.Login, idOrLogin) {
			return u, err
		}
	}
	return User{}, notFound(op)
}

func notFound(op string) *Error {
	return &Error{Op: op, Effect: EffectRejected, Kind: KindNotFound, Summary: "no such user", Advice: adviceNotFound}
}

// user asks for one user; segment is escaped.
func (c *Client) user(ctx context.Context, op, segment string) (User, error) {
	w, _, err := read[wireUser](ctx, c, op, "/api/v1/users/"+segment)
	return w.user(), err
}

// Search streams the users that match an expression of Okta's search language,
// DEPROVISIONED ones too. A wrong expression is an error of KindExpression
// with Okta's own complaint. The index lags a moment behind what was written.
func (c *Client) Search(ctx context.Context, expr string) iter.Seq2[User, error] {
	return c.users(ctx, "search users", "/api/v1/users?limit=200&search="+url.QueryEscape(expr))
}

// users streams all pages of a list of users. What has no ID of Okta's shape is left out.
func (c *Client) users(ctx context.Context, op, path string) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		for w, err := range pages[wireUser](ctx, c, op, path, briefUsers) {
			if err != nil {
				yield(User{}, err)
				return
			}
			if IsUserID(w.ID) && !yield(w.user(), nil) {
				return
			}
		}
	}
}
