package policy

import (
	"slices"
	"strings"

	"factorbot/bot/reset"
)

// Case is what the terms of a request depend on, known when its plan is frozen.
type Case struct {
	Kind    reset.Kind
	Options reset.Options
	Resets  int               // targets to reset
	Recent  int               // of the requester's other requests within a day, see [AskedToday]
	Handles map[string]string // of Slack user groups by ID: "S0123456": "security"; what lacks is shown by its ID
	Able    int               // how many persons may approve, see [Rules.Able]; 0: not known
}

// TermsFor returns what a request is bound to when its plan is frozen. At a
// decision the same is asked again: the requester may have asked for more meanwhile.
func (r Rules) TermsFor(c Case) reset.Terms {
	t := reset.Terms{Approvals: max(1, r.Approvals), ExecuteWithin: r.ExecuteWithin, Able: c.Able}
	for _, groups := range r.ApprovalsFrom {
		t.From = append(t.From, reset.Quorum{Name: quorumName(groups, c.Handles), Members: groups})
	}
	t.StepUp = r.StepUp == StepUpAlways
	if c.Kind == reset.KindExport {
		return t
	}
	t.Recent = c.Recent
	if t.Large = c.Resets+c.Recent > r.LargeBatch.Over; t.Large || c.Options.BreakGlass {
		t.Approvals = max(t.Approvals, r.LargeBatch.Approvals)
	}
	t.StepUp = r.StepUp.asks(t.Large, c.Options.BreakGlass)
	if t.Large && r.LargeBatch.Confirm {
		t.Confirm = c.Resets
	}
	if c.Options.BreakGlass {
		glass := reset.Quorum{Name: "those who approve break-glass", Members: make([]string, len(r.Protect.Approvers))}
		for i, id := range r.Protect.Approvers {
			glass.Members[i] = string(id)
		}
		t.From = append(t.From, glass)
	}
	if !c.Options.DryRun {
		t.Waves = waves(r.Ramp, c.Resets)
	}
	return t
}

// waves are those of the ramp that leave something to come after them.
func waves(ramp []int, resets int) (list []int) {
	for _, n := range ramp {
		resets -= n
		if resets > 0 {
			list = append(list, n)
		}
	}
	return list
}

// quorumName names a quorum by the handles of its user groups: "@security or @helpdesk".
func quorumName(groups []string, handles map[string]string) string {
	names := slices.Clone(groups)
	for i, g := range groups {
		if h := handles[g]; h != "" {
			names[i] = "@" + h
		}
	}
	return strings.Join(names, " or ")
}
