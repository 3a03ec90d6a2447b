package announcer

import (
	"context"
	"fmt"
	"slices"

	"factorbot/bot/reset"
	"factorbot/bot/view"
)

// known gathers what the messages of a request show beside its head. The users
// of a plan are read once, while it waits for a decision.
func (p *poster) known(ctx context.Context, r *reset.Request, have map[reset.Slot]reset.Message) (view.Known, error) {
	k := view.Known{Helpers: p.helpers(r, have)}
	if r.State.Active() {
		pace, err := p.overview(ctx, r)
		if err != nil {
			return k, err
		}
		k.Pace = pace
	}
	if r.State != reset.Pending || r.Asked.Kind == reset.KindExport {
		p.listing = nil
		return k, nil
	}
	if p.listing == nil || p.listed != r.Plan.Digest {
		l := view.NewListing(r)
		for t, err := range p.Record.Targets(ctx, r.ID, r.Plan.Revision, 0) {
			if err != nil {
				return k, fmt.Errorf("read the plan of %s: %w", p.id, err)
			}
			l.Add(t)
		}
		p.listing, p.listed = l, r.Plan.Digest
	}
	k.Users = p.listing
	return k, nil
}

// helpers are the approvers who were asked about the plan; where they were too
// many, their user groups.
func (p *poster) helpers(r *reset.Request, have map[reset.Slot]reset.Message) (h view.Helpers) {
	for slot := range have {
		if kind, revision, who, ok := parsePersonal(slot); ok && kind == reset.SlotAsk && revision == r.Plan.Revision {
			h.People = append(h.People, who)
		}
	}
	slices.Sort(h.People)
	if len(h.People) == 0 && p.Usergroups != nil {
		h.Groups = p.Usergroups()
	}
	return h
}
