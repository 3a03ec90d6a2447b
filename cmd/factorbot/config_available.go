package main

// checkAvailable refuses another value than the default where nothing acts on it:
// a policy that is written down and not kept is worse than none. What begins to
// act loses its line here.
func (p *Policy) checkAvailable() error {
	for _, s := range []struct {
		name      string
		isDefault bool
	}{
		{"requesters.users", len(p.Requesters.Users) == 0},
		{"requesters.usergroups", len(p.Requesters.Usergroups) == 0},
		{"requesters.okta_groups", len(p.Requesters.OktaGroups) == 0},
		{"approvers.usergroups", len(p.Approvers.Usergroups) == 0},
		{"approvers.okta_groups", len(p.Approvers.OktaGroups) == 0},
		{"approvals_from", len(p.ApprovalsFrom) == 0},
		{"protect.approvers", len(p.Protect.Approvers) == 0},
		{"notify.users", !p.Notify.Users},
		{"notify.max", p.Notify.Max == 200},
		{"alerts.channel", p.Alerts.Channel == ""},
		{"alerts.webhook", p.Alerts.Webhook == ""},
	} {
		if !s.isDefault {
			return &SettingError{s.name, "is not available in this version: leave it at its default"}
		}
	}
	return nil
}
