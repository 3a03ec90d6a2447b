package oktasim

import (
	"slices"
	"strings"
	"time"
)

// person is a user of the org. The org's lock guards all of it.
type person struct {
	index      int // place in Org.people: the order of lists
	id         string
	login      string
	email      string
	first      string
	last       string
	department string
	status     string
	created    time.Time
	updated    time.Time
	changed    time.Time // of the status
	extras     map[string]any
	factors    []*factor
	groups     []*group
	roles      []role
	text       string // what State looks through, lower case

	resets   []Reset
	sessions int       // how often they were ended
	refusal  string    // E-code that every call about this person gets, see Org.Refuse
	stale    *person   // what search still sees; nil: nothing, the person is new
	fresh    time.Time // search sees the person as it is from then on
}

// group is a set of people. Everyone holds all who are not deactivated.
type group struct {
	id       string
	name     string
	everyone bool
	role     string // that membership gives, "": none
	members  []*person
	created  time.Time
	updated  time.Time
}

// role is one role held directly.
type role struct {
	id   string
	kind string // Okta's role type, such as HELP_DESK_ADMIN
}

// roleLabels are Okta's standard roles and the names that its console gives
// them (Okta, Standard roles).
var roleLabels = map[string]string{
	"API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
	"APP_ADMIN":                   "Application Administrator",
	"CUSTOM":                      "Factor reset",
	"GROUP_MEMBERSHIP_ADMIN":      "Group Membership Administrator",
	"HELP_DESK_ADMIN":             "Help Desk Administrator",
	"ORG_ADMIN":                   "Organization Administrator",
	"READ_ONLY_ADMIN":             "Read Only Administrator",
	"REPORT_ADMIN":                "Report Administrator",
	"SUPER_ADMIN":                 "Super Administrator",
	"USER_ADMIN":                  "Group Administrator",
}

func (p *person) fullName() string { return strings.TrimSpace(p.first + " " + p.last) }

// hasRole tells whether the person holds the role, directly or by a group.
func (p *person) hasRole(kind string) bool {
	return slices.ContainsFunc(p.roles, func(r role) bool { return r.kind == kind }) ||
		slices.ContainsFunc(p.groups, func(g *group) bool { return g.role == kind })
}

// admin tells whether the person may open the admin console, and whether by a
// role of their own.
func (p *person) admin() (any, own bool) {
	own = len(p.roles) > 0
	return own || slices.ContainsFunc(p.groups, func(g *group) bool { return g.role != "" }), own
}

// asSearched is the person as search sees it now; nil: not yet.
func (p *person) asSearched(now time.Time) *person {
	if now.Before(p.fresh) {
		return p.stale
	}
	return p
}

// touch is called before a change that search will see late.
func (o *Org) touch(p *person, now time.Time) {
	if o.set.SearchLag > 0 && !now.Before(p.fresh) {
		before := *p
		p.stale, p.fresh = &before, now.Add(o.set.SearchLag)
	}
	p.updated = now
}

func (p *person) user() User {
	u := User{ID: p.id, Login: p.login, Email: p.email, FirstName: p.first, LastName: p.last,
		Department: p.department, Status: p.status, Created: p.created, Profile: p.extras, Resets: len(p.resets)}
	for _, f := range p.factors {
		u.Factors = append(u.Factors, Factor{ID: f.id, Type: f.kind, Provider: f.provider, Status: f.status, Created: f.created, Real: f.real})
	}
	for _, g := range p.groups {
		u.Groups = append(u.Groups, g.name)
	}
	for _, r := range p.roles {
		u.Roles = append(u.Roles, r.kind)
	}
	return u
}
