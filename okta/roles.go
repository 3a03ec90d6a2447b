package okta

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"factorbot/okta/internal/wire"
)

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

const superAdmin = "SUPER_ADMIN" // Okta's role type

// rolesAtOnce is how many administrators are asked side by side.
const rolesAtOnce = 4

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
