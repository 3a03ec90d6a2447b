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
	if !r.Requesters.Empty() && !r.Requesters.Has(p) {
		return refuse(CodeNotRequester, "You are not among those who may ask for resets. Ask somebody who is, or the person who runs this bot.")
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

// IsApprover reports whether the person may approve requests of others.
func (r Rules) IsApprover(p Person) bool {
	return p.fit() == nil && r.Approvers.Has(p)
}

// Names reports whether the policy names the Slack user as an approver.
func (r Rules) Names(id reset.Person) bool {
	return id != "" && slices.Contains(r.Approvers.Users, id)
}

// MayDecide judges whether a person may approve or deny a request.
func (r Rules) MayDecide(p Person, req *reset.Request) error {
	if err := p.fit(); err != nil {
		return err
	}
	if p.ID == req.Asked.By {
		return refuse(CodeOwnRequest, "You asked for this, so somebody else decides. You may cancel it.")
	}
	if !r.Approvers.Has(p) {
		return refuse(CodeNotApprover, "You are not an approver, so your click does not count. Ask one of the approvers.")
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
	if p.ID != req.Asked.By && !r.Approvers.Has(p) {
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
	if p.ID != req.Asked.By && !r.Approvers.Has(p) {
		return refuse(CodeNotTheirs, "Only an approver, or for some pauses the requester, may resume %s. Ask an approver.", req.ID)
	}
	return nil
}
