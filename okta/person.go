package okta

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// twinsRead is up to how many users of one e-mail are read again one by one.
// More are not one person, whatever is read.
const twinsRead = 5

// UsersByEmail finds every user whose primary e-mail or login is exactly this
// address, ASCII case ignored, whatever their status; who needs one person
// asks OneByEmail. Search finds them and lags a moment, so each is read
// again by ID, and a login that search does not know yet is asked for.
// Letters beyond ASCII must be the same: to fold them (the Kelvin sign is a k)
// could make two people one.
func (c *Client) UsersByEmail(ctx context.Context, email string) ([]User, error) {
	const op = "find a user by e-mail"
	if !searchable(email) || !strings.Contains(email, "@") {
		return nil, unsafeID(op, "the e-mail address")
	}
	var found []User
	byLogin := false
	for u, err := range c.users(ctx, op, "/api/v1/users?limit=200&search="+url.QueryEscape(term(ByEmail, email)+" or "+term(ByLogin, email))) {
		if err != nil {
			return nil, err
		}
		if u.hasAddress(email) {
			found = append(found, u)
			byLogin = byLogin || sameAddress(u.Login, email)
		}
	}
	if len(found) > twinsRead {
		return found, nil
	}
	found, err := c.readAgain(ctx, found, email)
	if err != nil || byLogin {
		return found, err
	}
	return c.addByLogin(ctx, found, email)
}

// OneByEmail tells which of the users that UsersByEmail found is the person with the
// address, to permit something: the one whose login it is, for a login is unique; else
// the only one who has it as e-mail. Who is DEPROVISIONED is nobody's twin, but is the
// person where there is nobody else.
func OneByEmail(users []User, email string) (one User, ok bool) {
	left := slices.DeleteFunc(slices.Clone(users), func(u User) bool { return u.Status == "DEPROVISIONED" })
	if len(left) == 0 {
		left = users
	}
	for _, u := range left {
		if sameAddress(u.Login, email) {
			return u, true
		}
	}
	if len(left) != 1 {
		return User{}, false
	}
	return left[0], true
}

func (u User) hasAddress(email string) bool {
	return sameAddress(u.Email, email) || sameAddress(u.Login, email)
}

// sameAddress compares with the case of ASCII letters ignored, and of no others.
func sameAddress(a, b string) bool {
	lower := func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	return a != "" && strings.Map(lower, a) == strings.Map(lower, b)
}

// readAgain keeps of the found users those who are still what search said.
func (c *Client) readAgain(ctx context.Context, found []User, email string) ([]User, error) {
	var kept []User
	for _, u := range found {
		now, err := c.User(ctx, u.ID)
		switch {
		case IsKind(err, KindNotFound):
		case err != nil:
			return nil, err
		case now.hasAddress(email):
			kept = append(kept, now)
		}
	}
	return kept, nil
}

// addByLogin adds the user who has the address as login, if there is one.
func (c *Client) addByLogin(ctx context.Context, found []User, email string) ([]User, error) {
	segment, ok := loginPath(email)
	if !ok {
		return found, nil
	}
	u, err := c.user(ctx, "find a user by e-mail", segment)
	switch {
	case IsKind(err, KindNotFound):
		return found, nil
	case err != nil:
		return nil, err
	case IsUserID(u.ID) && sameAddress(u.Login, email):
		return append(found, u), nil
	}
	return found, nil
}

type wireGroup struct {
	ID      string `json:"id"`
	Profile struct {
		Name text `json:"name"`
	} `json:"profile"`
}

func (w wireGroup) key() string { return w.ID }

func (w wireGroup) group() Group { return Group{ID: w.ID, Name: string(w.Profile.Name)} }

// GroupsOf lists the groups that a user is in, by name and ID, all pages; the
// built-in one of everybody too.
func (c *Client) GroupsOf(ctx context.Context, userID string) ([]Group, error) {
	const op = "list a user's groups"
	if !IsUserID(userID) {
		return nil, unsafeID(op, "the user ID")
	}
	return c.groups(ctx, op, "/api/v1/users/"+userID+"/groups")
}

// Group reads one group. One that does not exist is an error of KindNotFound.
func (c *Client) Group(ctx context.Context, id string) (Group, error) {
	const op = "look up a group"
	if !IsGroupID(id) {
		return Group{}, unsafeID(op, "the group ID")
	}
	w, _, err := read[wireGroup](ctx, c, op, "/api/v1/groups/"+id)
	if err == nil && w.ID != id {
		err = &Error{Op: op, Effect: EffectRejected, Kind: KindNotFound, Summary: "no such group", Advice: adviceNotFound}
	}
	if err != nil {
		return Group{}, err
	}
	return w.group(), nil
}

const superAdmin = "SUPER_ADMIN" // Okta's role type

// rolesAtOnce is how many administrators are asked side by side.
const rolesAtOnce = 4

// Self is the user whose token this is: the bot's own service user. A service
// app is no user: ok is false.
func (c *Client) Self(ctx context.Context) (self User, ok bool, err error) {
	if c.clientID != "" {
		return User{}, false, nil
	}
	self, err = c.Me(ctx)
	return self, err == nil, err
}

// SuperAdmins is every user who is ACTIVE and holds SUPER_ADMIN, directly or
// by a group, by login. Only administrators (see Admins) are asked, one call
// each in UsersBucket, and one more in a bucket of its own for those who hold it.
// An error if any of it cannot be read: half a list could show the wrong last one.
func (c *Client) SuperAdmins(ctx context.Context) ([]User, error) {
	admins, err := c.Admins(ctx)
	if err != nil {
		return nil, err
	}
	ids := slices.Sorted(maps.Keys(admins))
	active := make([]User, len(ids)) // no ID: not one
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(rolesAtOnce)
	for i, id := range ids {
		g.Go(func() (err error) {
			active[i], err = c.asSuperAdmin(gctx, id)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	active = slices.DeleteFunc(active, func(u User) bool { return u.ID == "" })
	slices.SortFunc(active, func(a, b User) int { return cmp.Compare(a.Login, b.Login) })
	return active, nil
}

// asSuperAdmin is the user, if an ACTIVE super administrator, else nobody. Who
// was deleted since the list was read is nobody.
func (c *Client) asSuperAdmin(ctx context.Context, id string) (User, error) {
	roles, err := c.roles(ctx, id)
	if IsKind(err, KindNotFound) {
		return User{}, nil
	}
	if err != nil {
		return User{}, err
	}
	holds := func(r wireRole) bool { return r.Type == superAdmin && r.Status != "INACTIVE" }
	if !slices.ContainsFunc(roles, holds) {
		return User{}, nil
	}
	u, err := c.User(ctx, id)
	if IsKind(err, KindNotFound) || err == nil && u.Status != "ACTIVE" {
		return User{}, nil
	}
	return u, err
}
