package oktasim

import (
	"net/http"
	"slices"
	"strings"
)

// roleBody is Okta's role assignment.
type roleBody struct {
	ID             string         `json:"id"`
	Label          string         `json:"label"`
	Type           string         `json:"type"`
	Status         string         `json:"status"`
	Created        string         `json:"created"`
	LastUpdated    string         `json:"lastUpdated"`
	AssignmentType string         `json:"assignmentType"` // USER or GROUP
	ResourceSet    string         `json:"resource-set,omitempty"`
	Role           string         `json:"role,omitempty"`
	Links          map[string]any `json:"_links"`
}

// listUserRoles is GET /users/{userId}/roles: the person's own roles and those
// of groups.
func (c *call) listUserRoles() answer {
	p, refused := c.personByID()
	if refused != nil {
		return refused.answer()
	}
	list := []roleBody{}
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

func (c *call) role(p *person, r role, by string) roleBody {
	since := c.org.stamp(p.created)
	body := roleBody{ID: r.id, Label: roleLabels[r.kind], Type: r.kind, Status: "ACTIVE", Created: since, LastUpdated: since,
		AssignmentType: by, Links: map[string]any{"assignee": href{Href: c.base() + "/api/v1/users/" + p.id}}}
	if r.kind == "CUSTOM" {
		body.Role, body.ResourceSet = "cr0"+r.id[3:], "iam"+r.id[3:]
	}
	return body
}

// listAssignees is GET /iam/assignees/users: who has a role of their own. The
// next page is named in the body.
func (c *call) listAssignees() answer {
	limit, refused := c.count("limit", 100, 100)
	start, badCursor := c.after()
	if refused = first(refused, badCursor); refused != nil {
		return refused.answer()
	}
	page, more, last := c.pageOf(start, limit, func(p *person) bool { return len(p.roles) > 0 })
	value := []map[string]any{}
	for _, p := range page {
		self := c.base() + "/api/v1/users/" + p.id
		value = append(value, map[string]any{"id": p.id, "orn": "orn:okta:directory:" + c.org.id + ":users:" + p.id,
			"_links": map[string]any{"self": href{Href: self}, "roles": href{Href: self + "/roles"}}})
	}
	body := map[string]any{"value": value} // recorded: no _links on an only page
	if more {
		body["_links"] = map[string]any{"next": href{Href: c.next(cursor(last + 1))}}
	}
	return ok(body)
}

// pageOf is the next page of the people who are wanted, from a place on.
func (c *call) pageOf(start, limit int, want func(*person) bool) (page []*person, more bool, last int) {
	people := c.org.people
	for _, p := range people[min(start, len(people)):] {
		if !want(p) {
			continue
		}
		if len(page) == limit {
			return page, true, last
		}
		page, last = append(page, p), p.index
	}
	return page, false, last
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

func (o *Org) appByID(id string) (app, bool) {
	apps := o.apps()
	at := slices.IndexFunc(apps, func(a app) bool { return a.id == id })
	if at < 0 {
		return app{}, false
	}
	return apps[at], true
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
	limit, refused := c.count("limit", maxPage, maxPage)
	start, badCursor := c.after()
	var n *node
	if filter := c.query.Get("filter"); filter != "" {
		parsed, err := parse(filter, c.org.set.SearchTerms)
		if err != nil {
			return okta("E0000031", err.Error()).answer()
		}
		n = parsed
	}
	if refused = first(refused, badCursor); refused != nil {
		return refused.answer()
	}
	q := strings.ToLower(c.query.Get("q"))
	list := []map[string]any{}
	for _, a := range c.org.apps() {
		get := func(attribute string) any {
			return map[string]any{"status": "ACTIVE", "name": a.name, "id": a.id, "label": a.label}[attribute]
		}
		if (strings.HasPrefix(a.name, q) || strings.HasPrefix(strings.ToLower(a.label), q)) && (n == nil || n.holds(get, false)) {
			list = append(list, c.appBody(a))
		}
	}
	start = min(start, len(list))
	end := min(start+limit, len(list))
	return answer{status: http.StatusOK, body: list[start:end], header: c.links(end, end < len(list))}
}

// getApp is GET /apps/{appId}.
func (c *call) getApp() answer {
	a, found := c.org.appByID(c.params[0])
	if !found {
		return notFound(c.params[0], "AppInstance").answer()
	}
	return ok(c.appBody(a))
}

// listAppUsers is GET /apps/{appId}/users. The admin console's users are said
// to include those whose role comes through a group.
func (c *call) listAppUsers() answer {
	a, found := c.org.appByID(c.params[0])
	if !found {
		return notFound(c.params[0], "AppInstance").answer()
	}
	limit, refused := c.count("limit", 50, 500)
	start, badCursor := c.after()
	if refused = first(refused, badCursor); refused != nil {
		return refused.answer()
	}
	q := strings.ToLower(c.query.Get("q"))
	page, more, last := c.pageOf(start, limit, func(p *person) bool {
		admin, _ := p.admin()
		return p.status != "DEPROVISIONED" && (admin || !a.console) && (q == "" || p.begins(q))
	})
	list := make([]map[string]any, len(page))
	for i, p := range page {
		list[i] = c.appUser(a, p)
	}
	return answer{status: http.StatusOK, body: list, header: c.links(last+1, more)}
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
