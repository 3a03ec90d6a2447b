package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"factorbot/bot/reset"
)

// maxReason is how many characters a reason may have; it is repeated in every message of the request.
const maxReason = 1000

// MayAsk judges whether a person may ask for resets in a channel, for a reason.
func (r Rules) MayAsk(p Person, c reset.Channel, reason string) error {
	if err := p.fit(); err != nil {
		return err
	}
	if !slices.Contains(r.Channels, c) {
		return refuse(CodeChannel, "Resets can't be requested here.")
	}
	if err := r.IsRequester(p); err != nil {
		return err
	}
	return r.checkReason(reason)
}

func (r Rules) checkReason(reason string) error {
	reason = strings.TrimSpace(reason)
	switch n := utf8.RuneCountInString(reason); {
	case reason == "" && r.RequireReason:
		return refuse(CodeNoReason, "Add a reason: `... because lost phone`, or as the message with the file.")
	case n > maxReason:
		return refuse(CodeReasonLong, "The reason has %s characters; %s is the limit. Make it shorter.", reset.Count(n), reset.Count(maxReason))
	case r.ReasonPattern != nil && !r.ReasonPattern.MatchString(reason):
		return refuse(CodeReasonPattern, "The reason needs more, such as a ticket number: it must match %s.", r.ReasonPattern)
	}
	return nil
}

// IsRequester judges whether a person may ask for resets at all.
func (r Rules) IsRequester(p Person) error {
	return allow(p.fit(), r.Requesters.Empty() || r.Requesters.Has(p), CodeNotRequester, "You can't request resets. Ask your admin.")
}

// MayBreakGlass judges whether a request may include protected users: only
// where the policy names those who approve that.
func (r Rules) MayBreakGlass() error {
	return allow(nil, len(r.Protect.Approvers) > 0, CodeBreakGlass, "Protected users can't be included here: nobody can approve it. Your admin can name `protect.approvers`.")
}

// MayCancel judges whether a person may cancel a request: its requester and the approvers.
func (r Rules) MayCancel(p Person, req *reset.Request) error { return r.mayStop(p, req, "cancel") }

// MayPause judges whether a person may pause a request: its requester and the approvers.
func (r Rules) MayPause(p Person, req *reset.Request) error { return r.mayStop(p, req, "pause") }

func (r Rules) mayStop(p Person, req *reset.Request, verb string) error {
	return allow(p.fit(), p.ID == req.Asked.By || r.stops(p, req), CodeNotTheirs, "Only the requester and approvers can %s %s.", verb, req.ID)
}

// MayDeny judges whether a person may deny a request: whoever may stop it and did not ask for it.
func (r Rules) MayDeny(p Person, req *reset.Request) error {
	if err := p.fit(); err != nil {
		return err
	}
	if p.asked(req) {
		return errOwn()
	}
	return allow(nil, r.stops(p, req), CodeNotApprover, onlyApprovers)
}

// stops reports whether the person may stop a request that is not their own. That a
// list of the policy names an approver is enough, whether or not Okta answers: to let
// something happen takes [Rules.IsApprover].
func (r Rules) stops(p Person, req *reset.Request) bool {
	glass := req.Asked.Options.BreakGlass && slices.Contains(r.Protect.Approvers, p.ID)
	return p.fit() == nil && (r.Approvers.names(p) || glass)
}

// AsksOkta reports whether the policy names people by Okta groups.
func (r Rules) AsksOkta() bool {
	return len(r.Approvers.OktaGroups)+len(r.Requesters.OktaGroups) > 0
}

// MayResume judges whether a person may lift a pause at all: an approver who is
// not the requester, or the requester. Which pauses a requester may lift is the
// request's own rule.
func (r Rules) MayResume(p Person, req *reset.Request) error {
	return allow(p.trusted(), p.ID == req.Asked.By || r.decides(p, req), CodeNotTheirs, "Only an approver can resume %s.", req.ID)
}

// LiftsAny reports whether the person lifts a pause whatever its cause: an
// approver who is not the requester, by another account neither.
func (r Rules) LiftsAny(p, requester Person, req *reset.Request) bool {
	return r.IsApprover(p) && !p.asked(req) && !p.Same(requester)
}

// MayFreeze judges whether a person may stop everything: the approvers.
func (r Rules) MayFreeze(p Person) error {
	return allow(p.fit(), r.Approvers.names(p), CodeNotApprover, onlyFreeze)
}

// MayThaw judges whether a person may want a freeze lifted: the approvers.
func (r Rules) MayThaw(p Person) error {
	return allow(p.trusted(), r.IsApprover(p), CodeNotApprover, onlyFreeze)
}

const onlyFreeze = "Only approvers can freeze and thaw."

// OneApprover reports whether only one approver is configured, of all who are listed.
func (r Rules) OneApprover(listed []Person) bool {
	if g := r.Approvers; len(g.Usergroups)+len(g.OktaGroups) == 0 {
		return len(g.Users) == 1
	}
	return len(slices.DeleteFunc(slices.Clone(listed), func(p Person) bool { return !r.IsApprover(p) })) == 1
}

// MayRead judges whether a person may read what somebody asked for: the
// requester, the approvers, and who may ask in its channel. Where the policy
// names no requesters that is who is a member of the channel.
func (r Rules) MayRead(p Person, req *reset.Request, member bool) error {
	if p.ID != "" && p.ID == req.Asked.By && !p.Deleted || r.stops(p, req) {
		return nil
	}
	if err := r.IsRequester(p); err != nil {
		return err
	}
	return r.CheckMember(member)
}

// CheckMember refuses who is not a member of the channel, where that makes a requester.
func (r Rules) CheckMember(member bool) error {
	return allow(nil, member || !r.Requesters.Empty(), CodeNotMember, "Only members of the channel can do this. Join it first.")
}

// MayReport judges whether a person may say that the reset of a row was not
// wanted: only whose Okta user the row is. It stops something, so every match counts.
func (r Rules) MayReport(p Person, row int, t reset.Target) error {
	theirs := t.Row == row && t.User != "" && (p.Is(t) || p.Okta != nil && p.Okta.ID == t.User)
	return allow(p.fit(), theirs, CodeNotTheirs, "This button is for the person who was reset. If something looks odd, ask an approver to stop it.")
}
