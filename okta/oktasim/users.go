package oktasim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// href is one link of a _links object.
type href struct {
	Href   string `json:"href"`
	Method string `json:"method,omitempty"`
}

const userType = "otyfactorbotsim00001" // the org's only user type

// stamp is a time as Okta writes it. Users and factors bear whole seconds in
// every example of Okta's reference (created_precision makes them finer).
func (o *Org) stamp(t time.Time) string {
	return t.Truncate(max(o.set.Precision, time.Millisecond)).UTC().Format("2006-01-02T15:04:05.000Z")
}

// user is Okta's user object: a single user has links for what can be done with
// it, a user of a list only its own.
func (c *call) user(p *person, single bool) map[string]any {
	o, omit := c.org, c.request.Header.Get("Content-Type")
	self := c.base() + "/api/v1/users/" + p.id
	links := map[string]any{"self": href{Href: self}}
	if single && !strings.Contains(omit, "omitCredentialsLinks") {
		maps.Copy(links, userLinks(p, self, c.base()))
	}
	body := map[string]any{
		"id": p.id, "status": p.status, "created": o.stamp(p.created), "activated": nil, "statusChanged": o.stamp(p.changed),
		"lastLogin": nil, "lastUpdated": o.stamp(p.updated), "passwordChanged": nil, "type": map[string]string{"id": userType},
		"profile": o.profile(p), "_links": links,
	}
	if p.status != "STAGED" {
		body["activated"] = body["created"]
	}
	if p.status != "STAGED" && p.status != "PROVISIONED" {
		body["lastLogin"], body["passwordChanged"] = o.stamp(p.created.Add(time.Hour)), body["created"]
	}
	if !strings.Contains(omit, "omitCredentials") {
		body["credentials"] = map[string]any{"password": struct{}{}, "provider": map[string]string{"type": "OKTA", "name": "OKTA"}}
	}
	return body
}

// userLinks are those of a single user. resetFactors is there only if there is
// something to reset (Okta, Reset all factors).
func userLinks(p *person, self, base string) map[string]any {
	all := map[string]any{
		"schema": href{Href: base + "/api/v1/meta/schemas/user/default"},
		"type":   href{Href: base + "/api/v1/meta/types/user/" + userType},
	}
	for word, move := range lifecycle {
		if slices.Contains(move.from, p.status) {
			all[word] = href{self + "/lifecycle/" + word, http.MethodPost}
		}
	}
	if len(p.factors) > 0 {
		all["resetFactors"] = href{self + "/lifecycle/reset_factors", http.MethodPost}
	}
	return all
}

// profile is a person's profile. What is not kept is derived from the ID.
func (o *Org) profile(p *person) map[string]any {
	profile := map[string]any{"login": p.login, "email": p.email, "firstName": orNull(p.first), "lastName": orNull(p.last),
		"mobilePhone": nil, "secondEmail": nil, "employeeNumber": digits(p.id, 6)}
	if p.department != "" {
		profile["department"], profile["costCenter"] = p.department, "CC-"+digits(p.department, 4)
	}
	profile["building"] = buildings[int(digits(p.login, 1)[0]-'0')%len(buildings)]
	profile["deskNumber"], profile["partTime"] = 100+int(digits(p.id, 1)[0]-'0'), digits(p.id, 2) < "15"
	if _, given := p.extras["title"]; !given {
		at := int(digits(p.id, 1)[0] - '0')
		profile["title"], profile["city"] = titles[at%len(titles)], cities[at]
	}
	maps.Copy(profile, p.extras)
	return profile
}

func orNull(name string) any {
	if name == "" {
		return nil
	}
	return name
}

// getMe is GET /users/me: the owner of the token. A service app is nobody.
func (c *call) getMe() answer {
	if c.who.owner == nil {
		return notFound("me", "User").answer()
	}
	return ok(c.user(c.who.owner, true))
}

// getUser is GET /users/{id}, by ID, login or shortname.
func (c *call) getUser(p *person) answer { return ok(c.user(p, true)) }

// personByAny is the person of a path parameter that takes ID, login or
// shortname. "me" is the token's owner.
func (c *call) personByAny() (*person, *apiError) {
	key := c.params[0]
	p := c.org.find(key)
	if key == "me" && c.who.owner != nil {
		p = c.who.owner
	}
	return p.orRefuse(key)
}

// personByID is the person of a path parameter that takes an ID only.
func (c *call) personByID() (*person, *apiError) {
	key := c.params[0]
	if key == "me" {
		return c.personByAny()
	}
	return c.org.byID[key].orRefuse(key)
}

func (p *person) orRefuse(key string) (*person, *apiError) {
	if p == nil {
		return nil, notFound(key, "User")
	}
	if p.refusal != "" {
		return nil, okta(p.refusal)
	}
	return p, nil
}

// transition is one move of a user's life.
type transition struct {
	from  []string
	to    string
	event string
}

// lifecycle are the moves besides the reset that the org knows, by the last
// word of their path. A program that pastes an ID into a path unescaped
// reaches them (Okta, User lifecycle).
var lifecycle = map[string]transition{
	"activate":   {[]string{"STAGED", "DEPROVISIONED"}, "PROVISIONED", "user.lifecycle.activate"},
	"deactivate": {[]string{"ACTIVE", "LOCKED_OUT", "PASSWORD_EXPIRED", "PROVISIONED", "RECOVERY", "STAGED", "SUSPENDED"}, "DEPROVISIONED", "user.lifecycle.deactivate"},
	"suspend":    {[]string{"ACTIVE"}, "SUSPENDED", "user.lifecycle.suspend"},
	"unsuspend":  {[]string{"SUSPENDED"}, "ACTIVE", "user.lifecycle.unsuspend"},
	"unlock":     {[]string{"LOCKED_OUT"}, "ACTIVE", "user.account.unlock"},
}

// changeStatus is POST /users/{id}/lifecycle/{word}.
func (c *call) changeStatus(p *person) answer {
	word := c.route.pattern[len(c.route.pattern)-1]
	move := lifecycle[word]
	if !slices.Contains(move.from, p.status) {
		e := okta("E0000001", "Cannot "+word+" a user in status "+p.status+".")
		e.summary += "User"
		return e.answer()
	}
	if c.fault != Nothing {
		c.org.become(p, move.to, c.now)
		c.org.record(c.event(move.event, "User status changed", p))
	}
	return ok(struct{}{})
}

// become changes a status. Deactivation ends enrolments and memberships.
func (o *Org) become(p *person, status string, now time.Time) {
	o.touch(p, now)
	p.status, p.changed = status, now
	if status == "DEPROVISIONED" {
		p.factors = nil
		for _, g := range p.groups {
			g.members = slices.DeleteFunc(g.members, func(member *person) bool { return member == p })
			g.updated = now
		}
		p.groups = nil
	}
}

// endSessions is DELETE /users/{id}/sessions.
func (c *call) endSessions(p *person) answer {
	if c.fault != Nothing {
		p.sessions++
		c.org.record(c.event("user.session.clear", "Clear user session", p))
	}
	return noContent()
}
