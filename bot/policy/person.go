package policy

import (
	"slices"
	"strings"
	"time"

	"factorbot/bot/reset"
)

// Person is what is known of a Slack user at one moment.
type Person struct {
	ID    reset.Person
	Name  string
	Team  string // workspace: "T0123456"; "" for a member of the Enterprise Grid organization, who may be in several
	Email string // "" where Slack shows none
	Zone  string // IANA name of the person's time zone: "Europe/Berlin"; "" where Slack shows none

	Deleted  bool // deactivated
	Bot      bool
	Guest    bool // of one channel or of several
	Stranger bool // of another workspace, by Slack Connect

	Usergroups []string       // Slack user groups that the person is in
	Okta       *OktaAccount   // the one Okta user with the person's verified e-mail, where that leads to this one Slack account too; else nil
	OktaIDs    []reset.UserID // every Okta user with this e-mail or login, so that nobody hides behind a second one
	At         time.Time      // when this was known

	Refused time.Time // until when the account decides nothing, because its owner refused a push; zero: it may
	Moved   bool      // the account led to another Okta user before, and nobody has allowed the change
}

// Is reports whether the target is this person and would be reset.
func (p Person) Is(t reset.Target) bool {
	if t.Action != reset.ActionReset {
		return false
	}
	return t.User != "" && slices.Contains(p.OktaIDs, t.User) || p.Email != "" && strings.EqualFold(p.Email, t.Login)
}

// Same reports whether two accounts are one person's: the same Slack account,
// the same e-mail, or an Okta user that both lead to.
func (p Person) Same(other Person) bool {
	if p.ID != "" && p.ID == other.ID || p.Email != "" && strings.EqualFold(p.Email, other.Email) {
		return true
	}
	return slices.ContainsFunc(p.OktaIDs, func(u reset.UserID) bool { return u != "" && slices.Contains(other.OktaIDs, u) })
}

// OktaAccount is a person's account in the org.
type OktaAccount struct {
	ID     reset.UserID
	Login  string
	Status string   // Okta's user status: "ACTIVE"
	Groups []string // IDs of the groups that the user is in
}

// Group names persons in any of three ways.
type Group struct {
	Users      []reset.Person `yaml:"users"`
	Usergroups []string       `yaml:"usergroups"`  // Slack user groups: "S0123456"
	OktaGroups []string       `yaml:"okta_groups"` // "00g..."
}

// Empty reports whether the group names nobody.
func (g Group) Empty() bool {
	return len(g.Users)+len(g.Usergroups)+len(g.OktaGroups) == 0
}

// Has reports whether the person is meant, in any of the three ways. Who is in
// an Okta group by an account that is not ACTIVE is not in it, and where Okta
// groups are used, being named in Slack does not help somebody whose Okta account is shut.
func (g Group) Has(p Person) bool {
	shut := len(g.OktaGroups) > 0 && p.Okta != nil && !p.Okta.active()
	return p.ID != "" && !shut && g.names(p)
}

// names reports whether one of the three lists has the person.
func (g Group) names(p Person) bool {
	return slices.Contains(g.Users, p.ID) || common(g.Usergroups, p.Usergroups) || p.inOkta(g.OktaGroups)
}

func (a *OktaAccount) active() bool { return a.Status == "ACTIVE" }

// inOkta reports whether the person is in one of the Okta groups by an ACTIVE account.
func (p Person) inOkta(groups []string) bool {
	return p.Okta != nil && p.Okta.active() && common(groups, p.Okta.Groups)
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return x != "" && slices.Contains(b, x) })
}

// fit refuses accounts that never act here: only an active, full member of this workspace does.
func (p Person) fit() error {
	switch {
	case p.ID == "":
		return refuse(CodeNobody, "Slack doesn't say who you are. Try again.")
	case p.Deleted:
		return refuse(CodeDeactivated, "This Slack account is deactivated. Ask a colleague.")
	case p.Bot:
		return refuse(CodeBot, "Apps can't do this.")
	case p.Stranger:
		return refuse(CodeStranger, "People from other companies can't do this. Ask your contact here.")
	case p.Guest:
		return refuse(CodeGuest, "Guests can't do this. Ask a full member.")
	}
	return nil
}
