package policy_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"factorbot/bot/policy"
	"factorbot/bot/reset"
)

func TestRules_Words(t *testing.T) {
	plain := policy.Rules{
		Approvals: 1, LargeBatch: policy.LargeBatch{Over: 50, Approvals: 2}, ExpiresAfter: 24 * time.Hour,
		ExecuteWithin: 90 * time.Minute, MaxTargets: 10000, PauseAfter: 10, Protect: policy.Protect{Admins: policy.AdminsList},
	}
	full := plain
	full.ApprovalsFrom = [][]string{{"S1"}, {"S2"}}
	full.LargeBatch.Confirm, full.RequireReason, full.ReasonPattern = true, true, regexp.MustCompile("[A-Z]+-[0-9]+")
	full.Velocity, full.Ramp = policy.Velocity{PerRequesterPerDay: 100, OrgPerHour: 1000}, []int{1, 10}
	full.Protect.Users, full.Protect.Approvers = []string{"ceo@example.com"}, []reset.Person{"U_APPROVER1"}
	full.StepUp = policy.StepUpLarge
	full.RevokeSessions, full.DryRun, full.ExpiresAfter = true, true, 72*time.Hour
	for name, c := range map[string]struct {
		rules    policy.Rules
		has, not []string
	}{
		"plain": {plain, []string{"Each request needs the approval of one other person than the requester.", "More than 50 users of one requester within 24 hours need 2 approvals.", "waits 24 h", "within 90 min", "at most 10,000 users", "Okta administrators are skipped.", "10 failures"},
			[]string{"reason", "break-glass", "dry run", "waves", "sessions", "type the number", "phone numbers", "Okta Verify", "One approval must", "one requester at most", "everybody together"}},
		"full": {full, []string{"than the requester. One approval must come from each of 2 sets of user groups.", "need 2 approvals, and approvers type the number of users.", "waits 3 days", "A request can have at most 10,000 users, and one requester at most 100 a day, and everybody together at most 1000 an hour; a run starts with waves of 1, 10 users.", "in a set form", "Okta administrators, 1 named user are skipped, unless a break-glass", "A reset also ends the user's Okta sessions.", "dry run", "confirm large batches and break-glass requests in Okta Verify"},
			[]string{"phone numbers", "S1", "ceo@", "U_APPROVER1", "[A-Z]"}},
		"phone numbers":    {policy.Rules{ForgetPhones: true}, []string{"\nOkta forgets the phone numbers"}, []string{"sessions"}},
		"both":             {policy.Rules{ForgetPhones: true, RevokeSessions: true}, []string{"Okta sessions, and Okta forgets the phone numbers"}, nil},
		"exact periods":    {policy.Rules{ExpiresAfter: 48 * time.Hour, ExecuteWithin: time.Hour}, []string{"waits 2 days", "within 1 h"}, nil},
		"short periods":    {policy.Rules{ExpiresAfter: time.Minute, ExecuteWithin: 90 * time.Second}, []string{"waits 1 min ", "within 1m30s"}, nil},
		"nobody protected": {policy.Rules{Protect: policy.Protect{Admins: policy.AdminsOff}}, []string{"Nobody is protected"}, nil},
	} {
		got := strings.Join(c.rules.Words(), "\n")
		for _, w := range c.has {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q in:\n%s", name, w, got)
			}
		}
		for _, w := range c.not {
			if strings.Contains(got, w) {
				t.Errorf("%s: %q in:\n%s", name, w, got)
			}
		}
	}
}
