package oktasim

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// factorBody is Okta's factor object.
type factorBody struct {
	ID          string         `json:"id"`
	FactorType  string         `json:"factorType"`
	Provider    string         `json:"provider"`
	VendorName  string         `json:"vendorName"`
	Status      string         `json:"status"`
	Created     string         `json:"created"`
	LastUpdated string         `json:"lastUpdated"`
	Profile     map[string]any `json:"profile"`
	Links       map[string]any `json:"_links"`
	Embedded    map[string]any `json:"_embedded,omitempty"`
}

// factor is an enrolment as Okta shows it. One that is still being set up shows
// its secret, as Okta's own example of the list does.
func (c *call) factor(p *person, f *factor) factorBody {
	created := c.org.stamp(f.created)
	user := c.base() + "/api/v1/users/" + p.id
	self := user + "/factors/" + f.id
	body := factorBody{ID: f.id, FactorType: f.kind, Provider: f.provider, VendorName: f.provider, Status: f.status,
		Created: created, LastUpdated: created, Profile: f.profile(p)}
	body.Links = map[string]any{"self": allow(self, "GET", "DELETE"), "user": allow(user, "GET")}
	if f.status == "PENDING_ACTIVATION" {
		body.Links["activate"] = allow(self+"/lifecycle/activate", "POST")
		body.Embedded = map[string]any{"activation": map[string]any{"timeStep": 30, "sharedSecret": "SIM" + strings.ToUpper(f.id[3:16]),
			"encoding": "base32", "keyLength": 6}}
	} else {
		body.Links["verify"] = allow(self+"/verify", "POST")
	}
	return body
}

// hinted is a link that says what it takes.
type hinted struct {
	Href  string `json:"href"`
	Hints struct {
		Allow []string `json:"allow"`
	} `json:"hints"`
}

func allow(url string, methods ...string) hinted {
	link := hinted{Href: url}
	link.Hints.Allow = methods
	return link
}

// listFactors is GET /users/{userId}/factors.
func (c *call) listFactors(p *person) answer {
	list := make([]factorBody, len(p.factors))
	for i, f := range p.factors {
		list[i] = c.factor(p, f)
	}
	return ok(list)
}

// enrolment is a factor and whose it is.
type enrolment struct {
	*person
	*factor
}

// enrolment is the one that the path names.
func (c *call) enrolment() (enrolment, *apiError) {
	p, refused := c.personByID()
	if refused != nil {
		return enrolment{}, refused
	}
	at := slices.IndexFunc(p.factors, func(f *factor) bool { return f.id == c.params[1] })
	if at < 0 {
		return enrolment{}, notFound(c.params[1], "UserFactor")
	}
	return enrolment{p, p.factors[at]}, nil
}

// getFactor is GET /users/{userId}/factors/{factorId}.
func (c *call) getFactor(e enrolment) answer { return ok(c.factor(e.person, e.factor)) }

// deleteFactor is DELETE /users/{userId}/factors/{factorId}. Push or FastPass
// take the rest of Okta Verify with them; so a sibling is not found any more.
func (c *call) deleteFactor(e enrolment) answer {
	p, f := e.person, e.factor
	if refused := c.mayRemove(p); refused != nil {
		return refused.answer()
	}
	if given := c.query.Get("removeRecoveryEnrollment"); given != "" {
		forget, err := strconv.ParseBool(given)
		if err != nil {
			return invalid("removeRecoveryEnrollment", "must be true or false").answer()
		}
		if forget && c.fault != Nothing {
			c.org.books.Forgotten++
		}
	}
	if c.fault == Nothing {
		return noContent()
	}
	gone := []*factor{f}
	if f.kind == "push" || f.kind == "signed_nonce" {
		gone = slices.DeleteFunc(slices.Clone(p.factors), func(other *factor) bool { return !other.verify() })
	}
	c.remove(p, gone, "delete")
	c.org.enrolAgain(p, gone)
	return noContent()
}

// transactionURL is where the outcome of a push is read.
func (c *call) transactionURL(p *person, f *factor, id string) string {
	return c.base() + "/api/v1/users/" + p.id + "/factors/" + f.id + "/transactions/" + url.PathEscape(id)
}

// created is 201, which a push answers with.
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }
