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
		return refuse(CodeChannel, "Resets are not asked for here. Ask in a channel that was set up for it.")
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
		return refuse(CodeNoReason, "A reason is required. Write it after `because`, or as the comment of the file.")
	case n > maxReason:
		return refuse(CodeReasonLong, "The reason has %d characters, %d are the most. Make it shorter.", n, maxReason)
	case r.ReasonPattern != nil && !r.ReasonPattern.MatchString(reason):
		return refuse(CodeReasonPattern, "The reason must contain what the policy asks for, such as a ticket number: it has to match %s.", r.ReasonPattern)
	}
	return nil
}

// IsRequester judges whether a person may ask for resets at all.
func (r Rules) IsRequester(p Person) error {
	if err := p.fit(); err != nil {
		return err
	}
	if !r.Requesters.Empty() && !r.Requesters.Has(p) {
		return refuse(CodeNotRequester, "You are not among those who may ask for resets. Ask somebody who is, or the person who runs this bot.")
	}
	return nil
}

// MayBreakGlass judges whether a request may include protected users: only
// where the policy names those who approve that.
func (r Rules) MayBreakGlass() error {
	if len(r.Protect.Approvers) == 0 {
		return refuse(CodeBreakGlass, "Protected users cannot be included here: nobody is set up to approve it. Ask the person who runs this bot to name `protect.approvers`.")
	}
	return nil
}

// MayCancel judges whether a person may cancel a request: its requester and the approvers.
func (r Rules) MayCancel(p Person, req *reset.Request) error {
	return r.mayStop(p, req, "cancel")
}

// MayPause judges whether a person may pause a request: its requester and the approvers.
func (r Rules) MayPause(p Person, req *reset.Request) error {
	return r.mayStop(p, req, "pause")
}

func (r Rules) mayStop(p Person, req *reset.Request, verb string) error {
	if err := p.fit(); err != nil {
		return err
	}
	if p.ID != req.Asked.By && !r.decides(p, req) {
		return refuse(CodeNotTheirs, "Only the requester and the approvers may %s %s. Ask one of them.", verb, req.ID)
	}
	return nil
}

// MayResume judges whether a person may lift a pause at all: an approver who is
// not the requester, or the requester. Which pauses a requester may lift is the
// request's own rule.
func (r Rules) MayResume(p Person, req *reset.Request) error {
	if err := p.fit(); err != nil {
		return err
	}
	if p.ID != req.Asked.By && !r.decides(p, req) {
		return refuse(CodeNotTheirs, "Only an approver, or for some pauses the requester, may resume %s. Ask an approver.", req.ID)
	}
	return nil
}

// LiftsAny reports whether the person lifts a pause whatever its cause: an
// approver who is not the requester, by another account neither.
func (r Rules) LiftsAny(p, requester Person, req *reset.Request) bool {
	return r.IsApprover(p) && !p.asked(req) && !p.Same(requester)
}

// MayFreeze judges whether a person may stop everything, and want it lifted: the approvers.
func (r Rules) MayFreeze(p Person) error {
	if err := p.fit(); err != nil {
		return err
	}
	if r.IsApprover(p) {
		return nil
	}
	return refuse(CodeNotApprover, "Only approvers may freeze and thaw. Ask one of them.")
}

// OneApprover reports whether only one approver is configured, of all who are listed.
func (r Rules) OneApprover(listed []Person) bool {
	g := r.Approvers
	if len(g.Usergroups)+len(g.OktaGroups) == 0 {
		return len(g.Users) == 1
	}
	n := 0
	for _, p := range listed {
		if r.IsApprover(p) {
			n++
		}
	}
	return n == 1
}

// MayRead judges whether a person may read what others asked for: requesters and approvers.
func (r Rules) MayRead(p Person) error {
	if r.IsApprover(p) {
		return nil
	}
	return r.IsRequester(p)
}

// MayReport judges whether a person may say that the reset of a row was not
// wanted: only whose Okta user the row is.
func (r Rules) MayReport(p Person, row int, t reset.Target) error {
	if err := p.fit(); err != nil {
		return err
	}
	if t.Row != row || t.User == "" || p.Okta == nil || p.Okta.ID != t.User {
		return refuse(CodeNotTheirs, "This button is for the person who was reset. If you have seen something odd, tell an approver.")
	}
	return nil
}
