package policy

import (
	"slices"

	"factorbot/bot/reset"
)

// IsApprover reports whether the person may approve requests of others.
func (r Rules) IsApprover(p Person) bool { return r.approver(p) == nil }

// approver refuses who is not an approver. Where approvers.okta_groups is set,
// everybody must be ACTIVE in Okta and in one of these groups, even those that
// another list names.
func (r Rules) approver(p Person) error {
	if err := p.trusted(); err != nil {
		return err
	}
	g := r.Approvers
	switch {
	case len(g.OktaGroups) == 0:
		return allow(nil, g.names(p), CodeNotApprover, onlyApprovers)
	case p.Okta == nil:
		return refuse(CodeNotApprover, "Approvers come from an Okta group here, and your Slack e-mail doesn't lead to exactly one Okta user.")
	case !p.Okta.active():
		return refuse(CodeNotApprover, "Your Okta account isn't active, so you can't approve.")
	}
	return allow(nil, p.inOkta(g.OktaGroups), CodeNotApprover, onlyApprovers)
}

const onlyApprovers = "Only approvers can do this."

// BreaksGlass reports whether the person is one of those who approve that
// protected users are included. Where approvers.okta_groups is set, their Okta account must be ACTIVE.
func (r Rules) BreaksGlass(p Person) bool {
	if p.trusted() != nil || !slices.Contains(r.Protect.Approvers, p.ID) {
		return false
	}
	return len(r.Approvers.OktaGroups) == 0 || p.Okta != nil && p.Okta.active()
}

// decides reports whether the person is one whose decisions on the request count, if it is not their own.
func (r Rules) decides(p Person, req *reset.Request) bool {
	return r.IsApprover(p) || req.Asked.Options.BreakGlass && r.BreaksGlass(p)
}

// MayDecide judges whether a person may deny a request or take rows out of it.
func (r Rules) MayDecide(p Person, req *reset.Request) error {
	if err := p.fit(); err != nil {
		return err
	}
	if p.asked(req) {
		return errOwn()
	}
	if r.decides(p, req) {
		return nil
	}
	return r.approver(p)
}

// asked reports whether the request is the person's own, by the Slack account or by the Okta user.
func (p Person) asked(req *reset.Request) bool {
	return p.ID == req.Asked.By || req.Asked.Okta != "" && slices.Contains(p.OktaIDs, req.Asked.Okta)
}

func errOwn() error {
	return refuse(CodeOwnRequest, "You can't approve your own request.")
}

// ApprovalContext is what has to be known, besides who somebody is, before their approval counts.
type ApprovalContext struct {
	Requester Person   // as known now
	Earlier   []Person // whose approvals count already, as known now
	Row       int      // the row of the plan that resets the approver; 0: none
}

// MayApprove judges whether a person's approval of a request counts: by an
// approver who is neither the requester, nor a target, nor somebody whose
// approval counts already, by whatever account.
func (r Rules) MayApprove(p Person, req *reset.Request, l ApprovalContext) error {
	if err := r.MayDecide(p, req); err != nil {
		return err
	}
	switch {
	case p.Same(l.Requester):
		return errOwn()
	case l.Row > 0:
		return refuse(CodeOwnTarget, "You're one of its users, so you can't approve it.")
	case slices.ContainsFunc(l.Earlier, func(o Person) bool { return o.ID != p.ID && p.Same(o) }):
		return refuse(CodeSamePerson, "You already approved this with another account. Somebody else must approve too.")
	}
	return nil
}

// NewDecision makes the decision of an approver who saw the plan with this digest.
func (r Rules) NewDecision(p Person, t reset.Terms, shown reset.Digest) reset.Decision {
	v := reset.Decision{By: p.ID, Digest: shown}
	if p.Okta != nil {
		v.Okta, v.Login = p.Okta.ID, p.Okta.Login
	}
	for i, q := range t.From {
		if slices.Contains(q.Members, string(p.ID)) || common(q.Members, p.Usergroups) || p.inOkta(q.Members) {
			v.From = append(v.From, i)
		}
	}
	return v
}

// Able returns the persons whose approval of the request could count: of those
// listed, each person once, but for the requester and the targets.
func (r Rules) Able(listed []Person, req *reset.Request, requester Person, isTarget func(Person) bool) (able []Person) {
	for _, p := range listed {
		if r.MayApprove(p, req, ApprovalContext{Requester: requester, Earlier: able}) == nil && !isTarget(p) {
			able = append(able, p)
		}
	}
	return able
}
