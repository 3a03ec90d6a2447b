package okta

import (
	"context"
	"net/url"
	"slices"
	"strings"
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
