package oktasim

import (
	"net/http"
	"slices"
	"strings"
)

// groupBody is Okta's group object.
type groupBody struct {
	ID                    string         `json:"id"`
	Created               string         `json:"created"`
	LastUpdated           string         `json:"lastUpdated"`
	LastMembershipUpdated string         `json:"lastMembershipUpdated"`
	ObjectClass           []string       `json:"objectClass"`
	Type                  string         `json:"type"`
	Profile               map[string]any `json:"profile"`
	Links                 map[string]any `json:"_links"`
}

func (g *group) kind() string {
	if g.everyone {
		return "BUILT_IN"
	}
	return "OKTA_GROUP"
}

func (g *group) description() string {
	if g.everyone {
		return "All users in your organization"
	}
	return "People of " + g.name
}

func (c *call) group(g *group) groupBody {
	self := c.base() + "/api/v1/groups/" + g.id
	return groupBody{ID: g.id, Created: c.org.stamp(g.created), LastUpdated: c.org.stamp(g.created), LastMembershipUpdated: c.org.stamp(g.updated),
		ObjectClass: []string{"okta:user_group"}, Type: g.kind(), Profile: map[string]any{"name": g.name, "description": g.description()},
		Links: map[string]any{"users": href{Href: self + "/users"}, "apps": href{Href: self + "/apps"}}}
}

// listGroups is GET /groups. search ignores case, filter does not.
func (c *call) listGroups() answer {
	search, filter, q := c.query.Get("search"), c.query.Get("filter"), strings.ToLower(c.query.Get("q"))
	if search != "" && filter != "" {
		return okta("E0000033").answer()
	}
	limit, refused := c.count("limit", 10000, 10000)
	start, badCursor := c.after()
	want := func(g *group) bool { return strings.HasPrefix(strings.ToLower(g.name), q) }
	if expression := search + filter; expression != "" {
		matches, bad := c.groupExpression(expression, search != "")
		refused = first(refused, bad)
		want = matches
	}
	if refused = first(refused, badCursor); refused != nil {
		return refused.answer()
	}
	page, next, more := []groupBody{}, 0, false
	for i, g := range c.org.groups[min(start, len(c.org.groups)):] {
		if !want(g) {
			continue
		}
		if len(page) == limit {
			more = true
			break
		}
		page, next = append(page, c.group(g)), start+i+1
	}
	return answer{status: http.StatusOK, body: page, header: c.links(next, more)}
}

func first(errs ...*apiError) *apiError {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// groupAttributes are those that expressions on groups may name.
var groupAttributes = []string{"id", "type", "created", "lastUpdated", "lastMembershipUpdated", "profile.name", "profile.description"}

func (c *call) groupExpression(expression string, fold bool) (func(*group) bool, *apiError) {
	n, err := parse(expression, c.org.set.SearchTerms)
	if err != nil {
		return nil, okta("E0000031", err.Error())
	}
	refused := n.comparisons(func(n *node) *apiError {
		text := strings.HasPrefix(n.attribute, "profile.")
		if !slices.Contains(groupAttributes, n.attribute) || n.op == "ne" || n.op == "ew" || n.op == "co" && !text {
			return okta("E0000031", n.attribute+" "+n.op+" is not supported.")
		}
		return nil
	})
	return func(g *group) bool {
		return n.holds(func(attribute string) any { return g.attribute(attribute) }, fold)
	}, refused
}

func (g *group) attribute(name string) any {
	switch name {
	case "id":
		return g.id
	case "type":
		return g.kind()
	case "created", "lastUpdated":
		return g.created
	case "lastMembershipUpdated":
		return g.updated
	case "profile.name":
		return g.name
	}
	return g.description()
}

// getGroup is GET /groups/{groupId}.
func (c *call) getGroup() answer {
	g := c.org.byGroup[c.params[0]]
	if g == nil {
		return notFound(c.params[0], "UserGroup").answer()
	}
	return ok(c.group(g))
}

// listMembers is GET /groups/{groupId}/users: without the deactivated, who
// lose their memberships.
func (c *call) listMembers() answer {
	g := c.org.byGroup[c.params[0]]
	if g == nil {
		return notFound(c.params[0], "UserGroup").answer()
	}
	limit, refused := c.count("limit", 1000, 1000)
	if refused != nil {
		return refused.answer()
	}
	return c.users(selection{c.org.members(g), func(p *person) bool { return p.status != "DEPROVISIONED" }}, limit, true)
}

// listUserGroups is GET /users/{id}/groups.
func (c *call) listUserGroups() answer {
	p, refused := c.personByAny()
	if refused != nil {
		return refused.answer()
	}
	list := []groupBody{}
	if p.status != "DEPROVISIONED" {
		list = append(list, c.group(c.org.byName["Everyone"]))
	}
	for _, g := range p.groups {
		list = append(list, c.group(g))
	}
	return ok(list)
}
