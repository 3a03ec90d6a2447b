package oktasim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// directory is who and what the org knows, with an index for each way in.
type directory struct {
	people  []*person
	byID    map[string]*person
	byLogin map[string]*person   // lower case
	byEmail map[string][]*person // lower case
	byShort map[string]*person   // login up to the @, lower case; nil: of several
	groups  []*group
	byName  map[string]*group
	byGroup map[string]*group // by ID
	gone    []*person         // deleted
	made    int               // people ever made
}

func newDirectory() directory {
	return directory{
		byID: map[string]*person{}, byLogin: map[string]*person{}, byEmail: map[string][]*person{},
		byShort: map[string]*person{}, byName: map[string]*group{}, byGroup: map[string]*group{},
	}
}

// add makes a person of u. It completes what u leaves open, and refuses a
// login or ID that is taken.
func (d *directory) add(u User, roles map[string]string, rng *rand.Rand, now time.Time) (*person, error) {
	set(&u.ID, "00u"+seededID(rng, 17))
	set(&u.Email, u.Login)
	set(&u.Status, "ACTIVE")
	if u.Created.IsZero() {
		u.Created = now.AddDate(-1, 0, 0)
	}
	login := strings.ToLower(u.Login)
	if login == "" || d.byLogin[login] != nil || d.byID[u.ID] != nil {
		return nil, fmt.Errorf("user %q (%s): login empty, or login or ID taken", u.Login, u.ID)
	}
	if !slices.Contains(userStatuses, u.Status) {
		return nil, fmt.Errorf("user %q: status %q is none of Okta's", u.Login, u.Status)
	}
	p := &person{index: d.made, id: u.ID, login: u.Login, email: u.Email, first: u.FirstName, last: u.LastName,
		department: u.Department, status: u.Status, created: u.Created, updated: u.Created, changed: u.Created, extras: u.Profile}
	p.text = strings.ToLower(strings.Join([]string{p.id, p.login, p.email, p.first, p.last, p.department}, "\n"))
	for _, f := range u.Factors {
		enrolled, err := newFactor(f, p, rng, now)
		if err != nil {
			return nil, fmt.Errorf("user %q: %w", u.Login, err)
		}
		p.factors = append(p.factors, enrolled)
	}
	for _, kind := range u.Roles {
		if _, ok := roleLabels[kind]; !ok {
			return nil, fmt.Errorf("user %q: role %q is none of Okta's", u.Login, kind)
		}
		p.roles = append(p.roles, role{"ra1" + seededID(rng, 17), kind})
	}
	for _, name := range u.Groups {
		d.join(p, d.group(name, roles, rng, now))
	}
	d.index(p)
	return p, nil
}

func (d *directory) index(p *person) {
	login, email := strings.ToLower(p.login), strings.ToLower(p.email)
	d.people = append(d.people, p)
	d.made++
	d.byID[p.id] = p
	d.byLogin[login] = p
	d.byEmail[email] = append(d.byEmail[email], p)
	short, _, _ := strings.Cut(login, "@")
	if _, taken := d.byShort[short]; taken {
		p = nil
	}
	d.byShort[short] = p
}

// delete takes a person out of the directory; nil is nobody.
func (d *directory) delete(p *person) {
	if p == nil {
		return
	}
	is := func(q *person) bool { return q == p }
	login, email := strings.ToLower(p.login), strings.ToLower(p.email)
	short, _, _ := strings.Cut(login, "@")
	d.people = slices.DeleteFunc(slices.Clone(d.people), is)
	d.byEmail[email] = slices.DeleteFunc(slices.Clone(d.byEmail[email]), is)
	delete(d.byID, p.id)
	delete(d.byLogin, login)
	if d.byShort[short] == p {
		delete(d.byShort, short)
	}
	for _, g := range p.groups {
		g.members = slices.DeleteFunc(slices.Clone(g.members), is)
	}
	p.status = "DEPROVISIONED" // as before each deletion
	d.gone = append(d.gone, p)
}

// group is the group of this name, made if there is none.
func (d *directory) group(name string, roles map[string]string, rng *rand.Rand, now time.Time) *group {
	if g := d.byName[name]; g != nil {
		return g
	}
	made := now.AddDate(-2, 0, 0)
	g := &group{id: "00g" + seededID(rng, 17), name: name, role: roles[name], created: made, updated: made}
	d.groups = append(d.groups, g)
	d.byName[name], d.byGroup[g.id] = g, g
	return g
}

func (d *directory) join(p *person, g *group) {
	if !g.everyone && !slices.Contains(p.groups, g) {
		p.groups = append(p.groups, g)
		g.members = append(g.members, p)
	}
}

// find looks a person up as a path parameter that Okta describes as ID, login
// or unambiguous login shortname. Logins with a slash or a question mark are
// found by ID only (Okta, Get a user).
func (d *directory) find(key string) *person {
	if p := d.byID[key]; p != nil {
		return p
	}
	if strings.ContainsAny(key, "/?") {
		return nil
	}
	key = strings.ToLower(key)
	if p := d.byLogin[key]; p != nil {
		return p
	}
	return d.byShort[key]
}

// members are the people of a group, in the order of lists.
func (d *directory) members(g *group) []*person {
	if g.everyone {
		return d.people
	}
	return g.members
}

var userStatuses = []string{"ACTIVE", "DEPROVISIONED", "LOCKED_OUT", "PASSWORD_EXPIRED", "PROVISIONED", "RECOVERY", "STAGED", "SUSPENDED"}
