package okta

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"strings"
)

// Group is an Okta group.
type Group struct {
	ID   string // "00g..."
	Name string
}

type wireGroup struct {
	ID      string `json:"id"`
	Profile struct {
		Name text `json:"name"`
	} `json:"profile"`
}

func (w wireGroup) key() string { return w.ID }

func (w wireGroup) group() Group { return Group{ID: w.ID, Name: string(w.Profile.Name)} }

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

// GroupsOf lists the groups that a user is in, by name and ID, all pages; the
// built-in one of everybody too.
func (c *Client) GroupsOf(ctx context.Context, userID string) ([]Group, error) {
	const op = "list a user's groups"
	if !IsUserID(userID) {
		return nil, unsafeID(op, "the user ID")
	}
	return c.groups(ctx, op, "/api/v1/users/"+userID+"/groups")
}

// GroupMembers streams a group's users.
func (c *Client) GroupMembers(ctx context.Context, groupID string) iter.Seq2[User, error] {
	const op = "list a group's users"
	if !IsGroupID(groupID) {
		return func(yield func(User, error) bool) { yield(User{}, unsafeID(op, "the group ID")) }
	}
	return c.users(ctx, op, "/api/v1/groups/"+groupID+"/users?limit=200")
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
