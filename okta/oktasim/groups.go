package oktasim

import "strings"

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

// group is Okta's group object.
func (c *call) group(g *group) map[string]any {
	self := c.base() + "/api/v1/groups/" + g.id
	created := c.org.stamp(g.created)
	return map[string]any{
		"id": g.id, "created": created, "lastUpdated": created, "lastMembershipUpdated": c.org.stamp(g.updated),
		"objectClass": []string{"okta:user_group"}, "type": g.kind(), "profile": map[string]any{"name": g.name, "description": g.description()},
		"_links": map[string]any{"users": href{Href: self + "/users"}, "apps": href{Href: self + "/apps"}},
	}
}

// listGroups is GET /groups. search ignores case, filter does not.
func (c *call) listGroups() answer {
	search, filter, q := c.query.Get("search"), c.query.Get("filter"), strings.ToLower(c.query.Get("q"))
	if search != "" && filter != "" {
		return okta("E0000033").answer()
	}
	want := func(g *group) bool { return strings.HasPrefix(strings.ToLower(g.name), q) }
	if expression := search + filter; expression != "" {
		var refused *apiError
		if want, refused = c.groupExpression(expression, search != ""); refused != nil {
			return refused.answer()
		}
	}
	return list(c, c.org.groups, position, 10000, 10000, want, c.group)
}

// groupAttributes are those that expressions on groups may name.
var groupAttributes = map[string]func(*group) any{
	"id":                    func(g *group) any { return g.id },
	"type":                  func(g *group) any { return g.kind() },
	"created":               func(g *group) any { return g.created },
	"lastUpdated":           func(g *group) any { return g.created },
	"lastMembershipUpdated": func(g *group) any { return g.updated },
	"profile.name":          func(g *group) any { return g.name },
	"profile.description":   func(g *group) any { return g.description() },
}

func (c *call) groupExpression(expression string, fold bool) (func(*group) bool, *apiError) {
	n, refused := c.expression(expression, func(n *node) *apiError {
		text := strings.HasPrefix(n.attribute, "profile.")
		if groupAttributes[n.attribute] == nil || n.op == "ne" || n.op == "ew" || n.op == "co" && !text {
			return okta("E0000031", n.attribute+" "+n.op+" is not supported.")
		}
		return nil
	})
	return func(g *group) bool {
		return n.holds(func(attribute string) any { return groupAttributes[attribute](g) }, fold)
	}, refused
}

// groupByID is the group that the path names.
func (c *call) groupByID() (*group, *apiError) {
	if g := c.org.byGroup[c.params[0]]; g != nil {
		return g, nil
	}
	return nil, notFound(c.params[0], "UserGroup")
}

// getGroup is GET /groups/{groupId}.
func (c *call) getGroup(g *group) answer { return ok(c.group(g)) }

// listMembers is GET /groups/{groupId}/users: without the deactivated, who
// lose their memberships.
func (c *call) listMembers(g *group) answer {
	return c.users(selection{c.org.members(g), (*person).present}, 1000, 1000)
}

// listUserGroups is GET /users/{id}/groups.
func (c *call) listUserGroups(p *person) answer {
	list := []map[string]any{}
	if p.status != "DEPROVISIONED" {
		list = append(list, c.group(c.org.byName["Everyone"]))
	}
	for _, g := range p.groups {
		list = append(list, c.group(g))
	}
	return ok(list)
}
