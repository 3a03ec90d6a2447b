package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"factorbot/bot/policy"
)

// Shapes of IDs, and what people call them. Slack documents no fixed length for its IDs, and those of the
// sandbox hold underscores.
const (
	channelID       = `^[CG][A-Z0-9_]{2,40}$`
	personID        = `^[UW][A-Z0-9_]{2,40}$`
	usergroupID     = `^S[A-Z0-9_]{2,40}$`
	oktaGroupID     = `^00g[A-Za-z0-9_]{1,40}$`
	oktaUserOrLogin = `^[^\s/\\?#%"'` + "`" + `<>\x00-\x1f\x7f]{3,100}$` // an ID or a login

	aPerson     = "a Slack user ID such as U0123456"
	aUsergroup  = "a Slack user group ID such as S0123456"
	anOktaGroup = "an Okta group ID such as 00g1a2b3c4d5e6f7g8h9"
)

func (p *Policy) checkPeople(bad *problems) {
	if len(p.Channels) == 0 {
		bad.add("channels", "is missing: name at least one channel where requests may be made")
	}
	if p.Approvers.Empty() {
		bad.add("approvers", "is missing: name at least one approver, as in approvers: {users: [U0123456]}")
	}
	checkEntries(bad, "channels", p.Channels, channelID, "a channel ID such as C0123456")
	checkGroup(bad, "requesters", p.Requesters)
	checkGroup(bad, "approvers", p.Approvers)
	for i, groups := range p.ApprovalsFrom {
		name := fmt.Sprintf("approvals_from entry %d", i+1)
		if len(groups) == 0 {
			bad.add(name, "names nobody: nothing could ever be approved")
		}
		checkEntries(bad, name, groups, usergroupID, aUsergroup)
	}
}

func checkGroup(bad *problems, name string, g policy.Group) {
	checkEntries(bad, name+".users", g.Users, personID, aPerson)
	checkEntries(bad, name+".usergroups", g.Usergroups, usergroupID, aUsergroup)
	checkEntries(bad, name+".okta_groups", g.OktaGroups, oktaGroupID, anOktaGroup)
}

func (p *Policy) checkProtect(bad *problems) {
	checkEntries(bad, "protect.users", p.Protect.Users, oktaUserOrLogin, "an Okta user ID or a login")
	checkEntries(bad, "protect.okta_groups", p.Protect.OktaGroups, oktaGroupID, anOktaGroup)
	checkEntries(bad, "protect.approvers", p.Protect.Approvers, personID, aPerson)
}

// checkEntries names the first entry that is not what the list is made of, by its
// place: its text is not repeated.
func checkEntries[T ~string](bad *problems, name string, entries []T, pattern, words string) {
	re := regexp.MustCompile(pattern)
	seen := make(map[T]int, len(entries))
	for i, e := range entries {
		at := fmt.Sprintf("%s entry %d", name, i+1)
		if !re.MatchString(string(e)) {
			bad.addAt(at, name, fmt.Sprintf("entry %d is not %s", i+1, words))
			return
		}
		if first, twice := seen[e]; twice {
			bad.addAt(at, name, fmt.Sprintf("entry %d is the same as entry %d", i+1, first))
			return
		}
		seen[e] = i + 1
	}
}

func (p *Policy) checkNumbers(bad *problems) {
	for _, n := range []struct {
		name         string
		value, least int
	}{
		{"approvals", p.Approvals, 1},
		{"large_batch.over", p.LargeBatch.Over, 0},
		{"large_batch.approvals", p.LargeBatch.Approvals, 1},
		{"max_targets", p.MaxTargets, 1},
		{"on_errors.pause_after", p.OnErrors.PauseAfter, 1},
		{"velocity.per_requester_per_day", p.Velocity.PerRequesterPerDay, 0},
		{"velocity.org_per_hour", p.Velocity.OrgPerHour, 0},
		{"notify.max", p.Notify.Max, 1},
		{"backup.keep", p.Backup.Keep, 1},
	} {
		if n.value < n.least {
			bad.add(n.name, fmt.Sprintf("must be at least %d", n.least))
		}
	}
	if a := p.Approvers; len(a.Usergroups)+len(a.OktaGroups) == 0 && p.Approvals > len(a.Users) {
		bad.add("approvals", fmt.Sprintf("asks for more approvals than there are approvers (%d): nothing could ever be approved", len(a.Users)))
	}
	for i, n := range p.Ramp {
		if n < 1 {
			bad.add("ramp", fmt.Sprintf("entry %d must be at least 1", i+1))
		}
	}
}

func (p *Policy) checkTimes(bad *problems) {
	for _, d := range []struct {
		name         string
		value, least time.Duration
	}{
		{"expires_after", p.ExpiresAfter, time.Second},
		{"execute_within", p.ExecuteWithin, time.Second},
		{"backup.every", p.Backup.Every, time.Minute},
		{"retain", p.Retain, 24 * time.Hour},
	} {
		if d.value < d.least {
			bad.add(d.name, "must be at least "+d.least.String())
		}
	}
}

func (p *Policy) checkWords(bad *problems) {
	for _, w := range []struct {
		name, value string
		known       []string
	}{
		{"protect.admins", p.Protect.Admins, []string{"list", "each", "off"}},
		{"verify", p.Verify, []string{"log", "each", "off"}},
		{"inspect", p.Inspect, []string{"few", "each"}},
		{"step_up", string(p.StepUp), []string{"off", "break_glass", "large", "always"}},
	} {
		if !slices.Contains(w.known, w.value) {
			bad.add(w.name, "must be one of "+strings.Join(w.known, ", "))
		}
	}
}
