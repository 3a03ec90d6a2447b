package oktasim

import (
	"slices"
	"time"
)

// resetFactors is POST /users/{id}/lifecycle/reset_factors.
func (c *call) resetFactors(p *person) answer {
	if refused := c.mayRemove(p); refused != nil {
		return refused.answer()
	}
	c.org.books.Asked++
	if c.fault == Nothing {
		return ok(struct{}{})
	}
	removed := c.resettable(p)
	if c.fault == Part && len(removed) > 1 {
		removed = removed[:1]
	}
	if c.org.set.Engine == Classic {
		c.org.record(c.event("user.mfa.factor.reset_all", "Reset all factors for user", p))
	}
	c.remove(p, removed, "reset_factors")
	c.org.enrolAgain(p, removed)
	if c.fault == Part {
		return okta("E0000009").answer()
	}
	return ok(struct{}{})
}

// mayRemove says why the caller may not remove factors of this person, if so.
// That a user who is not active is refused with E0000038 is likely, not
// documented; that only a super administrator resets a super administrator is
// (Okta support, 2025).
func (c *call) mayRemove(p *person) *apiError {
	if p.status == "DEPROVISIONED" || p.status == "STAGED" {
		return okta("E0000038")
	}
	if p.hasRole("SUPER_ADMIN") && c.who.owner != nil && !c.who.owner.hasRole("SUPER_ADMIN") {
		return okta("E0000006")
	}
	return nil
}

// resettable are the factors that one reset takes. On Identity Engine the
// verified e-mail stays, and of two questions (the authenticator's and the
// recovery's) one reset takes one (Okta, OIE upgrade, Factors API changes).
func (c *call) resettable(p *person) []*factor {
	if c.org.set.Engine == Classic {
		return slices.Clone(p.factors)
	}
	var taken []*factor
	question := false
	for _, f := range p.factors {
		if f.kind == "email" || f.kind == "question" && question {
			continue
		}
		question = question || f.kind == "question"
		taken = append(taken, f)
	}
	return taken
}

// remove takes factors from a person, and books and logs it.
func (c *call) remove(p *person, factors []*factor, by string) {
	o := c.org
	entry := Reset{At: c.now, Real: time.Now(), Call: by, RequestID: c.id, UserAgent: c.request.UserAgent(), Late: c.fault == Late}
	for _, f := range factors {
		entry.Removed = append(entry.Removed, Removed{f.id, f.kind, f.created, f.real, f.again})
		if f.again {
			o.books.NewRemoved++
		}
		if o.set.Engine == Identity || by == "delete" {
			event := c.event("user.mfa.factor.deactivate", "Reset factor for user", p)
			event.reason = "User reset " + f.eventName() + " factor"
			event.factor = f
			o.record(event)
		}
	}
	p.factors = slices.DeleteFunc(slices.Clone(p.factors), func(f *factor) bool { return slices.Contains(factors, f) })
	p.resets = append(p.resets, entry)
	o.books.Effects++
}

// enrolAgain lets a share of the reset people enrol again a while later, each
// with one of the kinds that they had.
func (o *Org) enrolAgain(p *person, had []*factor) {
	if o.set.EnrolAgain <= 0 || o.rng.Float64() >= o.set.EnrolAgain {
		return
	}
	kind := "push"
	if len(had) > 0 {
		kind = pick(had, o.rng).kind
	}
	after := time.Duration((0.5 + o.rng.Float64()) * float64(o.set.EnrolAfter))
	o.later(after, func() {
		if p.status == "DEPROVISIONED" {
			return
		}
		o.enrol(p, kind)
	})
}

// enrol gives a person a new factor and logs it as the person's own doing.
func (o *Org) enrol(p *person, kind string) *factor {
	f := o.addFactor(p, kind)
	event := o.activation(p, f)
	event.agent, event.uri = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", "/api/v1/authn/factors/"+f.id+"/lifecycle/activate"
	if o.set.Engine == Identity {
		event.uri = "/idp/idx/challenge/answer"
	}
	o.record(event)
	return f
}

// enrolByOkta gives a person the e-mail factor that Okta enrols by itself: the event,
// as recorded, names the person as the actor, and only its request tells.
func (o *Org) enrolByOkta(p *person) *factor {
	f := o.addFactor(p, "email")
	f.again = false // nothing that the person would miss
	event := o.activation(p, f)
	event.agent, event.uri, event.url = "okta-sdk/1.0", "/api/v1/users", "/api/v1/users?activate=true"
	o.record(event)
	return f
}

func (o *Org) addFactor(p *person, kind string) *factor {
	f := &factor{
		id: factorKinds[kind].prefix + randomID(17), kind: kind, provider: factorKinds[kind].providers[0],
		status: "ACTIVE", created: o.now(), real: time.Now(), again: len(p.resets) > 0,
	}
	p.factors = append(slices.Clone(p.factors), f)
	return f
}

func (o *Org) activation(p *person, f *factor) *event {
	return &event{
		kind: "user.mfa.factor.activate", message: "Activate factor for user", actor: actorOf(p), target: p, published: o.now(),
		factor: f, reason: "User set up " + f.eventName() + " factor", transaction: randomID(27), ip: "192.0.2.10",
	}
}
