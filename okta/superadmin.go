package okta

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
)

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
