package oktasim

import (
	"cmp"
	"slices"
	"strings"
)

// baseAttributes are the base profile of Okta's default user type.
var baseAttributes = strings.Fields(`city costCenter countryCode department displayName division email employeeNumber firstName
	honorificPrefix honorificSuffix lastName locale login manager managerId middleName mobilePhone nickName organization
	postalAddress preferredLanguage primaryPhone profileUrl secondEmail state streetAddress timezone title userType zipCode`)

// times are the attributes that hold one.
var times = []string{"created", "activated", "statusChanged", "lastUpdated", "lastLogin", "passwordChanged"}

// contained are the attributes that a search with co may look in: names,
// e-mail addresses and usernames (Okta release notes, Improved user search).
var contained = []string{"profile.firstName", "profile.lastName", "profile.email", "profile.login"}

// filtered are the attributes of the older filter parameter, with eq only but
// for the last (Okta, List all users, filter).
var filtered = []string{"status", "id", "profile.login", "profile.email", "profile.firstName", "profile.lastName", "lastUpdated"}

// expression parses an expression, every comparison of which passes check.
func (c *call) expression(text string, check func(*node) *apiError) (*node, *apiError) {
	n, err := parse(text, c.org.set.MaxSearchTerms)
	if err != nil {
		return nil, okta("E0000031", err.Error())
	}
	return n, n.comparisons(check)
}

// search selects by an expression of the search parameter, case ignored, among
// the people as search sees them now, the deactivated too. Values of "ne" and
// "ew" are not supported.
func (c *call) search(expression string) (selection, *apiError) {
	o := c.org
	n, refused := c.expression(expression, func(n *node) *apiError {
		switch {
		case n.op == "ne" || n.op == "ew":
			return okta("E0000031", "The operator "+n.op+" is not supported.")
		case n.op == "co" && !slices.Contains(contained, n.attribute):
			return okta("E0000031", "The operator co is not supported for "+n.attribute+".")
		case !o.hasAttribute(n.attribute):
			return okta("E0000031", "Unknown attribute "+n.attribute+".")
		case slices.Contains(times, n.attribute) && n.op != "pr":
			if _, ok := moment(n.value); !ok {
				return okta("E0000031", n.attribute+" is compared with a date.")
			}
		}
		return nil
	})
	if refused != nil {
		return selection{}, refused
	}
	return selection{o.candidates(n), func(p *person) bool {
		seen := p.asSearched(c.now)
		return seen != nil && n.holds(func(attribute string) any { return o.attribute(seen, attribute) }, true)
	}}, nil
}

// filter selects by an expression of the filter parameter, case respected.
func (c *call) filter(expression string) (selection, *apiError) {
	o := c.org
	n, refused := c.expression(expression, func(n *node) *apiError {
		at := slices.Index(filtered, n.attribute)
		ranged := slices.Contains([]string{"gt", "ge", "lt", "le"}, n.op) && n.attribute == "lastUpdated"
		if at < 0 || n.op != "eq" && !ranged {
			return okta("E0000094", n.attribute+" "+n.op)
		}
		return nil
	})
	if refused != nil {
		return selection{}, refused
	}
	return selection{o.candidates(n), func(p *person) bool {
		return n.holds(func(attribute string) any { return o.attribute(p, attribute) }, false)
	}}, nil
}

// candidates are all people for which an expression can be true, in the order of
// lists: found by an index where it asks for an ID, login or e-mail.
func (o *Org) candidates(n *node) []*person {
	found, narrow := o.indexed(n)
	if !narrow {
		return o.people
	}
	slices.SortFunc(found, func(a, b *person) int { return cmp.Compare(a.index, b.index) })
	return slices.Compact(found)
}

// indexed is nobody missed of an expression's people, if an index can tell.
// What search still sees in an old state has the same ID, login and e-mail:
// this org changes none of them.
func (o *Org) indexed(n *node) (found []*person, narrow bool) {
	switch n.op {
	case "and":
		if found, narrow = o.indexed(n.left); narrow {
			return found, true
		}
		return o.indexed(n.right)
	case "or":
		left, narrowLeft := o.indexed(n.left)
		right, narrowRight := o.indexed(n.right)
		return append(left, right...), narrowLeft && narrowRight
	case "eq":
		return o.indexedBy(n.attribute, strings.ToLower(text(n.value)), text(n.value))
	}
	return nil, false
}

// indexedBy compares IDs exactly: two of them may differ in case alone.
func (o *Org) indexedBy(attribute, folded, exact string) (found []*person, narrow bool) {
	var p *person
	switch attribute {
	case "id":
		p = o.byID[exact]
	case "profile.login":
		p = o.byLogin[folded]
	case "profile.email":
		return slices.Clone(o.byEmail[folded]), true
	default:
		return nil, false
	}
	if p == nil {
		return nil, true
	}
	return []*person{p}, true
}

func (o *Org) hasAttribute(name string) bool {
	if name == "id" || name == "status" || name == "type.id" || slices.Contains(times, name) {
		return true
	}
	name, inProfile := strings.CutPrefix(name, "profile.")
	return inProfile && (slices.Contains(baseAttributes, name) || o.custom[name] != "")
}

// attribute is what an expression compares.
func (o *Org) attribute(p *person, name string) any {
	switch name {
	case "id":
		return p.id
	case "status":
		return p.status
	case "type.id":
		return userType
	case "created", "activated", "passwordChanged":
		return p.created
	case "statusChanged":
		return p.changed
	case "lastUpdated":
		return p.updated
	case "profile.login":
		return p.login
	case "profile.email":
		return p.email
	case "profile.firstName":
		return p.first
	case "profile.lastName":
		return p.last
	case "profile.department":
		return p.department
	}
	value := o.profile(p)[strings.TrimPrefix(name, "profile.")]
	if n, whole := value.(int); whole {
		return float64(n)
	}
	return value
}
