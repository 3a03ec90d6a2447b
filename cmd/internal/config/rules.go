package config

import (
	"regexp"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

// Rules are the settings as the policy reads them. The settings must have been checked.
func (p *Policy) Rules() policy.Rules {
	var pattern *regexp.Regexp
	if p.ReasonPattern != "" {
		pattern = regexp.MustCompile(p.ReasonPattern)
	}
	return policy.Rules{
		Channels:      named[reset.Channel](p.Channels),
		Requesters:    p.Requesters.group(),
		Approvers:     p.Approvers.group(),
		Approvals:     p.Approvals,
		ApprovalsFrom: p.ApprovalsFrom,
		LargeBatch:    policy.LargeBatch(p.LargeBatch),
		ExpiresAfter:  p.ExpiresAfter,
		ExecuteWithin: p.ExecuteWithin,
		MaxTargets:    p.MaxTargets,
		Velocity:      policy.Velocity(p.Velocity),
		Ramp:          p.Ramp,
		RequireReason: p.RequireReason,
		ReasonPattern: pattern,
		Protect: policy.Protect{
			Admins: p.Protect.Admins, Users: p.Protect.Users,
			OktaGroups: p.Protect.OktaGroups, Approvers: named[reset.Person](p.Protect.Approvers),
		},
		Verify:         p.Verify,
		Inspect:        p.Inspect,
		PauseAfter:     p.OnErrors.PauseAfter,
		RevokeSessions: p.EndSessions,
		ForgetPhones:   p.ForgetPhones,
		DryRun:         p.DryRun,
		TellUsers:      p.Notify.Users,
		StepUp:         policy.StepUp(p.StepUp),
	}
}

func (p People) group() policy.Group {
	return policy.Group{Users: named[reset.Person](p.Users), Usergroups: p.Usergroups, OktaGroups: p.OktaGroups}
}

// named gives plain strings the type of what they name.
func named[T ~string](list []string) []T {
	out := make([]T, len(list))
	for i, s := range list {
		out[i] = T(s)
	}
	return out
}
