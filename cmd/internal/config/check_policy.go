package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"factorbot/cmd/internal/cli"
)

// shapes of IDs. Slack documents no fixed length for its IDs, and those of the
// sandbox hold underscores.
const (
	channelID       = `^[CG][A-Z0-9_]{2,40}$`
	personID        = `^[UW][A-Z0-9_]{2,40}$`
	usergroupID     = `^S[A-Z0-9_]{2,40}$`
	oktaGroupID     = `^00g[A-Za-z0-9_]{1,40}$`
	oktaUserOrLogin = `^[^\s/\\?#%"'` + "`" + `<>\x00-\x1f\x7f]{3,100}$` // an ID or a login
)

func (p *Policy) checkPeople() error {
	if len(p.Channels) == 0 {
		return cli.BadSetting("channels", "is missing: name at least one channel where requests may be made")
	}
	if len(p.Approvers.Users)+len(p.Approvers.Usergroups)+len(p.Approvers.OktaGroups) == 0 {
		return cli.BadSetting("approvers", "is missing: name at least one approver, as in approvers: {users: [U0123456]}")
	}
	for _, list := range []struct {
		name    string
		entries []string
		pattern string
		words   string
	}{
		{"channels", p.Channels, channelID, "a channel ID such as C0123456"},
		{"requesters.users", p.Requesters.Users, personID, "a Slack user ID such as U0123456"},
		{"requesters.usergroups", p.Requesters.Usergroups, usergroupID, "a Slack user group ID such as S0123456"},
		{"requesters.okta_groups", p.Requesters.OktaGroups, oktaGroupID, "an Okta group ID such as 00g1a2b3c4d5e6f7g8h9"},
		{"approvers.users", p.Approvers.Users, personID, "a Slack user ID such as U0123456"},
		{"approvers.usergroups", p.Approvers.Usergroups, usergroupID, "a Slack user group ID such as S0123456"},
		{"approvers.okta_groups", p.Approvers.OktaGroups, oktaGroupID, "an Okta group ID such as 00g1a2b3c4d5e6f7g8h9"},
	} {
		if err := checkEntries(list.name, list.entries, list.pattern, list.words); err != nil {
			return err
		}
	}
	for i, groups := range p.ApprovalsFrom {
		name := fmt.Sprintf("approvals_from entry %d", i+1)
		if len(groups) == 0 {
			return cli.BadSetting(name, "names nobody: nothing could ever be approved")
		}
		if err := checkEntries(name, groups, usergroupID, "a Slack user group ID such as S0123456"); err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) checkProtect() error {
	if err := checkEntries("protect.users", p.Protect.Users, oktaUserOrLogin, "an Okta user ID or a login"); err != nil {
		return err
	}
	if err := checkEntries("protect.okta_groups", p.Protect.OktaGroups, oktaGroupID, "an Okta group ID such as 00g1a2b3c4d5e6f7g8h9"); err != nil {
		return err
	}
	return checkEntries("protect.approvers", p.Protect.Approvers, personID, "a Slack user ID such as U0123456")
}

// checkEntries names the first entry that is not what the list is made of, by its
// place: its text is not repeated.
func checkEntries(name string, entries []string, pattern, words string) error {
	re := regexp.MustCompile(pattern)
	seen := make(map[string]int, len(entries))
	for i, e := range entries {
		if !re.MatchString(e) {
			return cli.BadSetting(name, fmt.Sprintf("entry %d is not %s", i+1, words))
		}
		if first, twice := seen[e]; twice {
			return cli.BadSetting(name, fmt.Sprintf("entry %d is the same as entry %d", i+1, first))
		}
		seen[e] = i + 1
	}
	return nil
}

func (p *Policy) checkNumbers() error {
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
			return cli.BadSetting(n.name, fmt.Sprintf("must be at least %d", n.least))
		}
	}
	if a := p.Approvers; len(a.Usergroups)+len(a.OktaGroups) == 0 && p.Approvals > len(a.Users) {
		return cli.BadSetting("approvals", fmt.Sprintf("asks for more approvals than there are approvers (%d): nothing could ever be approved", len(a.Users)))
	}
	for i, n := range p.Ramp {
		if n < 1 {
			return cli.BadSetting("ramp", fmt.Sprintf("entry %d must be at least 1", i+1))
		}
	}
	return nil
}

func (p *Policy) checkTimes() error {
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
			return cli.BadSetting(d.name, "must be at least "+d.least.String())
		}
	}
	return nil
}

func (p *Policy) checkWords() error {
	for _, w := range []struct {
		name, value string
		known       []string
	}{
		{"protect.admins", p.Protect.Admins, []string{"list", "each", "off"}},
		{"verify", p.Verify, []string{"log", "each", "off"}},
		{"inspect", p.Inspect, []string{"few", "each"}},
	} {
		if !slices.Contains(w.known, w.value) {
			return cli.BadSetting(w.name, "must be one of "+strings.Join(w.known, ", "))
		}
	}
	if _, err := regexp.Compile(p.ReasonPattern); err != nil {
		return cli.BadSetting("reason_pattern", "is not a regular expression: "+regexpProblem(err))
	}
	return nil
}
