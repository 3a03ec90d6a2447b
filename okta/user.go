package okta

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"iter"
	"net/http"
	"net/url"
	"slices"
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

// Group is an Okta group.
type Group struct {
	ID   string // "00g..."
	Name string
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

// GroupMembers streams a group's users.
func (c *Client) GroupMembers(ctx context.Context, groupID string) iter.Seq2[User, error] {
	const op = "list a group's users"
	if !IsGroupID(groupID) {
		return func(yield func(User, error) bool) { yield(User{}, unsafeID(op, "the group ID")) }
	}
	return c.users(ctx, op, "/api/v1/groups/"+groupID+"/users?limit=200")
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

// GroupsByName finds the groups with exactly this name. Names are unique
// among Okta's own groups only; those of other directories may repeat them.
func (c *Client) GroupsByName(ctx context.Context, name string) ([]Group, error) {
	const op = "find a group"
	if !searchable(name) {
		return nil, unsafeID(op, "the group's name")
	}
	found, err := c.groups(ctx, op, "/api/v1/groups?limit=200&search="+url.QueryEscape(`profile.name eq "`+name+`"`))
	return slices.DeleteFunc(found, func(g Group) bool { return !strings.EqualFold(g.Name, name) }), err
}

// groups reads all pages of a list of groups. What has no ID of Okta's shape is left out.
func (c *Client) groups(ctx context.Context, op, path string) ([]Group, error) {
	all, err := collect(pages[wireGroup](ctx, c, op, path, nil))
	var groups []Group
	for _, g := range all {
		if IsGroupID(g.ID) {
			groups = append(groups, g.group())
		}
	}
	return groups, err
}

// What bounds a list: a next link that leads in a circle would never end, nor
// would one whose cursor goes stale each time.
const (
	maxPages    = 5000
	maxRestarts = 3
)

// keyed is an element of a list, by what tells it from all others; "": nothing does.
type keyed interface{ key() string }

// pages streams the elements of a list, page after page by the next link.
func pages[T keyed](ctx context.Context, c *Client, op, first string, header http.Header) iter.Seq2[T, error] {
	return follow(op, first, func(path string) ([]T, string, error) {
		items, ans, err := readList[T](ctx, c, op, path, header)
		return items, ans.next, err
	})
}

// follow streams the elements of a list by its pages. Where Okta no longer knows the
// cursor of a next link the list starts again, and what was shown before is left out. Keys
// are remembered by a hash of 64 bits: a list may have a hundred thousand.
func follow[T keyed](op, first string, page func(path string) (items []T, next string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		seed, shown, restarts := maphash.MakeSeed(), map[uint64]bool{}, 0
		seen := map[string]bool{} // pages, since the last start: in a circle nobody knows what is missing
		for n, path := 0, first; path != ""; n++ {
			if n == maxPages || seen[path] {
				yield(zero, &Error{Op: op, Effect: EffectDoubt, Kind: KindServer, Summary: "the list has no end", Advice: adviceServer})
				return
			}
			seen[path] = true
			items, next, err := page(path)
			if IsKind(err, KindCursor) && path != first && restarts < maxRestarts {
				path, restarts = first, restarts+1
				clear(seen)
				continue
			}
			if err != nil {
				yield(zero, err)
				return
			}
			for _, item := range items {
				hash := maphash.String(seed, item.key())
				if restarts > 0 && item.key() != "" && shown[hash] {
					continue
				}
				shown[hash] = true
				if !yield(item, nil) {
					return
				}
			}
			if next == path {
				return
			}
			path = next
		}
	}
}

// collect returns all that a list yields.
func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for one, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// array decodes a JSON array element by element, so that a page is not held
// twice, and afresh each time it is called.
func array[T any](into *[]T) func(*json.Decoder) error {
	return func(d *json.Decoder) error {
		*into = (*into)[:0]
		tok, err := d.Token()
		if err != nil {
			return err
		}
		if tok != json.Delim('[') {
			return &json.UnmarshalTypeError{Value: "something else", Offset: d.InputOffset()}
		}
		for d.More() {
			var item T
			if err := d.Decode(&item); err != nil {
				return err
			}
			*into = append(*into, item)
		}
		_, err = d.Token()
		return err
	}
}
