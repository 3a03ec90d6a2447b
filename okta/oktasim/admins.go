package oktasim

import (
	"slices"
	"strings"
)

// listUserRoles is GET /users/{userId}/roles: the person's own roles and those
// of groups.
func (c *call) listUserRoles(p *person) answer {
	list := []map[string]any{}
	for _, r := range p.roles {
		list = append(list, c.role(p, r, "USER"))
	}
	for _, g := range p.groups {
		if g.role != "" {
			list = append(list, c.role(p, role{"gra" + g.id[3:], g.role}, "GROUP"))
		}
	}
	return ok(list)
}

// role is Okta's role assignment; by is USER or GROUP.
func (c *call) role(p *person, r role, by string) map[string]any {
	since := c.org.stamp(p.created)
	body := map[string]any{
		"id": r.id, "label": roleLabels[r.kind], "type": r.kind, "status": "ACTIVE", "created": since, "lastUpdated": since,
		"assignmentType": by, "_links": map[string]any{"assignee": href{Href: c.base() + "/api/v1/users/" + p.id}},
	}
	if r.kind == "CUSTOM" {
		body["role"], body["resource-set"] = "cr0"+r.id[3:], "iam"+r.id[3:]
	}
	return body
}

// listAssignees is GET /iam/assignees/users: who has a role of their own. The
// next page is named in the body.
func (c *call) listAssignees() answer {
	page, next, more, refused := pageOf(c, c.org.people, inOrder(c.org.people), 100, 100, func(p *person) bool { return len(p.roles) > 0 })
	if refused != nil {
		return refused.answer()
	}
	value := []map[string]any{}
	for _, p := range page {
		self := c.base() + "/api/v1/users/" + p.id
		value = append(value, map[string]any{"id": p.id, "orn": "orn:okta:directory:" + c.org.id + ":users:" + p.id,
			"_links": map[string]any{"self": href{Href: self}, "roles": href{Href: self + "/roles"}}})
	}
	body := map[string]any{"value": value} // recorded: no _links on an only page
	if more {
		body["_links"] = map[string]any{"next": href{Href: c.next(cursor(next))}}
	}
	return ok(body)
}

// app is one of the org's applications.
type app struct {
	id, name, label string
	console         bool // the admin console: its users are the administrators
}

func (o *Org) apps() []app {
	return []app{
		{o.app, "saasure", "Okta Admin Console", true},
		{"0oa" + o.app[4:] + "d", "okta_enduser", "Okta Dashboard", false},
		{"0oa" + o.app[4:] + "x", "okta_browser_plugin", "Okta Browser Plugin", false},
	}
}

// appByID is the application that the path names.
func (c *call) appByID() (app, *apiError) {
	apps := c.org.apps()
	at := slices.IndexFunc(apps, func(a app) bool { return a.id == c.params[0] })
	if at < 0 {
		return app{}, notFound(c.params[0], "AppInstance")
	}
	return apps[at], nil
}

func (c *call) appBody(a app) map[string]any {
	self := c.base() + "/api/v1/apps/" + a.id
	since := c.org.stamp(c.org.groups[0].created)
	return map[string]any{"id": a.id, "orn": "orn:okta:idp:" + c.org.id + ":apps:" + a.name + ":" + a.id, "name": a.name, "label": a.label,
		"status": "ACTIVE", "created": since, "lastUpdated": since, "signOnMode": "OPENID_CONNECT", "features": []string{},
		"visibility": map[string]any{"hide": map[string]bool{"iOS": false, "web": false}},
		"_links":     map[string]any{"users": href{Href: self + "/users"}, "groups": href{Href: self + "/groups"}}}
}

// listApps is GET /apps. q is the start of name or label.
func (c *call) listApps() answer {
	var n *node
	if filter := c.query.Get("filter"); filter != "" {
		var refused *apiError
		if n, refused = c.expression(filter, func(*node) *apiError { return nil }); refused != nil {
			return refused.answer()
		}
	}
	q := strings.ToLower(c.query.Get("q"))
	return list(c, c.org.apps(), position, maxPage, maxPage, func(a app) bool {
		get := func(attribute string) any {
			return map[string]any{"status": "ACTIVE", "name": a.name, "id": a.id, "label": a.label}[attribute]
		}
		return (strings.HasPrefix(a.name, q) || strings.HasPrefix(strings.ToLower(a.label), q)) && (n == nil || n.holds(get, false))
	}, c.appBody)
}

// getApp is GET /apps/{appId}.
func (c *call) getApp(a app) answer { return ok(c.appBody(a)) }

// listAppUsers is GET /apps/{appId}/users. The admin console's users are said
// to include those whose role comes through a group.
func (c *call) listAppUsers(a app) answer {
	q := strings.ToLower(c.query.Get("q"))
	return list(c, c.org.people, inOrder(c.org.people), 50, 500, func(p *person) bool {
		admin, _ := p.admin()
		return p.present() && (admin || !a.console) && (q == "" || p.begins(q))
	}, func(p *person) map[string]any { return c.appUser(a, p) })
}

func (c *call) appUser(a app, p *person) map[string]any {
	scope := "GROUP"
	if _, own := p.admin(); own && a.console {
		scope = "USER"
	}
	since := c.org.stamp(p.created)
	return map[string]any{"id": p.id, "scope": scope, "status": "ACTIVE", "created": since, "lastUpdated": since, "statusChanged": since,
		"syncState": "DISABLED", "credentials": map[string]string{"userName": p.login}, "profile": map[string]any{},
		"_links": map[string]any{"app": href{Href: c.base() + "/api/v1/apps/" + a.id}, "user": href{Href: c.base() + "/api/v1/users/" + p.id}}}
}
