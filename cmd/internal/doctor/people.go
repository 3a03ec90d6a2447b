package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"factorbot/bot/policy"
	"factorbot/cmd/internal/cli"
	"factorbot/cmd/internal/people"
)

// checkApprovers asks who may approve, in whatever way the policy names them. A
// bot that nobody can approve for does not start.
func checkApprovers(ctx context.Context, who *people.Directory) []Finding {
	const check = "who may approve"
	listed, err := who.Approvers(ctx)
	switch {
	case errors.Is(err, people.ErrManyApprovers):
		return []Finding{good(check, fmt.Sprintf("more than %d people are named", people.ListedAtMost))}
	case err != nil:
		return []Finding{unknown(check, "is not known: "+cli.WithoutURL(err), "see what Slack and Okta say; a person that they do not confirm does not approve")}
	}
	rules := who.Rules()
	able := slices.DeleteFunc(slices.Clone(listed), func(p policy.Person) bool { return !rules.IsApprover(p) })
	most := max(rules.Approvals, len(rules.ApprovalsFrom))
	found := []Finding{}
	switch {
	case len(able) == 0:
		found = append(found, fatal(check, fmt.Sprintf("nobody: %d people are named, none may", len(listed)), "name active, full members in approvers; where it has okta_groups, their Okta accounts must be ACTIVE and in one of these"))
	case len(able) < most:
		found = append(found, failed(check, fmt.Sprintf("%d, fewer than the %d that a request needs", len(able), most), "name more in approvers, or lower approvals"))
	case len(able) < rules.LargeBatch.Approvals:
		found = append(found, warn(check, fmt.Sprintf("%d, fewer than the %d that a large batch needs", len(able), rules.LargeBatch.Approvals), "name more in approvers, or lower large_batch.approvals"))
	default:
		found = append(found, good(check, fmt.Sprintf("%d people", len(able))))
	}
	return append(found, checkQuorums(rules, able)...)
}

// checkQuorums looks for an approver in each entry of approvals_from.
func checkQuorums(rules policy.Rules, able []policy.Person) (found []Finding) {
	for i, groups := range rules.ApprovalsFrom {
		check := fmt.Sprintf("approvals_from entry %d", i+1)
		n := 0
		for _, p := range able {
			if slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(p.Usergroups, g) }) {
				n++
			}
		}
		if n == 0 {
			found = append(found, failed(check, "no approver is in it, so no request can be approved", "add an approver to one of its user groups"))
			continue
		}
		found = append(found, good(check, fmt.Sprintf("%d approvers", n)))
	}
	return found
}
